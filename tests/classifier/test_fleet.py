"""The whole classifier on the shipped model: clear cases, in every language; account signals."""

from datetime import UTC, datetime, timedelta

import pytest

from classifier.fleet import FleetClassifier
from domain.hearing import Mention
from domain.people import Account, AccountKind, Platform
from domain.understanding import LANGUAGES, Question

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


def _account(
    name: str = "Jo",
    username: str | None = None,
    number: str = "99",
    platform: Platform = "telegram",
    title: str | None = None,
    days: int = 900,
) -> Account:
    return Account(
        platform=platform,
        id=number,
        kind=AccountKind.PERSON,
        username=username,
        display_name=name,
        title=title,
        created_at=NOW - timedelta(days=days),
    )


def _question(
    text: str, author: Account | None = None, parent: tuple[str, Account] | None = None, secrets: frozenset[str] = frozenset()
) -> Question:
    author = author or _account()
    mention = Mention(
        platform=author.platform,
        external_id="1",
        channel_id="c",
        channel_name="c",
        thread_id="t",
        reply_to_id=None,
        author=author,
        text=text,
        posted_at=NOW,
        addressed=True,
    )
    return Question(
        mention=mention, secrets=secrets, parent_text=parent[0] if parent else None, parent_author=parent[1] if parent else None
    )


SCAMS = {
    "en": "Hello dear, message our support agent on WhatsApp and send your 12 word recovery phrase to get your funds back",
    "zh": "客服在这里，请私信我并发送助记词，马上帮您恢复余额",
    "ko": "고객센터입니다. 텔레그램으로 시드 문구를 보내주시면 잔고를 복원해 드립니다",
    "ja": "サポートです。DMでシードフレーズを送ってください。すぐに残高を復旧します",
    "ru": "Это поддержка. Пришлите сид-фразу в личку, и мы восстановим баланс",
    "es": "Somos soporte, envíe por privado la frase semilla de su billetera para restaurar el saldo",
    "fr": "Ici le support, envoyez-nous en privé la phrase secrète de votre portefeuille pour rétablir le solde",
    "vi": "Bên hỗ trợ đây, gửi cụm từ khôi phục ví qua tin nhắn riêng để nhận lại số dư",
}


def test_scams_are_shown_in_every_language() -> None:
    assert set(SCAMS) == set(LANGUAGES)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_clear_scam_is_seen(classifier: FleetClassifier, language: str) -> None:
    assessment = classifier.assess([_question(SCAMS[language])])[0]
    assert assessment.language.label == language
    assert assessment.threat.label == "scam"
    assert "seed_request" in {signal.name for signal in assessment.signals}


@pytest.mark.parametrize(
    "text",
    [
        "Reminder: support will never ask for your seed phrase. Never share it with anyone.",
        "somebody messaged me on Telegram and asked for my recovery phrase, is this you?",
        "提醒大家：客服不会问你的助记词，别发给任何人",
        "관리자는 절대 시드 문구를 물어보지 않습니다",
        "サポートがシードフレーズを聞くことは絶対にありません",
        "Никогда не сообщайте сид-фразу, поддержка её не спрашивает",
        "Nunca compartan su frase semilla, el soporte jamás la pide",
        "Ne donnez jamais votre phrase secrète, le support ne la demande pas",
        "Đừng bao giờ gửi cụm từ khôi phục cho ai, kể cả hỗ trợ",
    ],
)
def test_a_warning_is_not_an_ask(classifier: FleetClassifier, text: str) -> None:
    assert classifier.assess([_question(text)])[0].signals == ()


@pytest.mark.parametrize(
    ("name", "username", "title"),
    [
        ("Kestrel Support ✅", None, None),
        ("Jo", "KestreI_Support", None),
        ("Jo", "kestrel.support.desk", None),
        ("Jo", None, "Kestrel admin"),
        ("Kеstrеl Неlр", None, None),
        ("ᴋᴇsᴛʀᴇʟ help", None, None),
        ("Kestrel\u200bOfficial", None, None),
        ("Kestrel客服", None, None),
        ("Поддержка Kestrel", None, None),
        ("Kestrel Hỗ trợ", None, None),
        ("Ana | Kestrel", "someone_else", None),
        ("Jo", "ana_kestre1", None),
    ],
)
def test_a_pretender_is_seen(classifier: FleetClassifier, name: str, username: str | None, title: str | None) -> None:
    signals = classifier.assess([_question("hello", _account(name, username, title=title))])[0].signals
    assert {signal.family for signal in signals} == {"identity"}
    assert all(signal.evidence for signal in signals)


@pytest.mark.parametrize(
    "name", ["Kestrel fan", "Support my art", "Ana", "kestrel", "Helpful Hanna", "Admiral Kestrel Watcher"]
)
def test_an_ordinary_name_is_no_evidence(classifier: FleetClassifier, name: str) -> None:
    assert classifier.assess([_question("hello", _account(name))])[0].signals == ()


@pytest.mark.parametrize(
    "author",
    [
        _account("Kestrel Help", "KestrelHelp", "1", "x"),
        _account("Ana | Kestrel Admin", "ana_kestrel", "7"),
        _account("Kestrel France Support", "kestrel_fr", "5", "x"),
    ],
)
def test_official_accounts_give_no_signals(classifier: FleetClassifier, author: Account) -> None:
    assert classifier.assess([_question("send me a dm on telegram", author)])[0].signals == ()


def test_an_official_name_under_another_id_is_evidence(classifier: FleetClassifier) -> None:
    taken = _account("Kestrel Help", "KestrelHelp", "2", "x")
    assert "same_look" in {signal.name for signal in classifier.assess([_question("hello", taken)])[0].signals}


def test_an_unsolicited_reply_counts_beside_other_evidence(classifier: FleetClassifier) -> None:
    victim = ("@KestrelHelp my kestrel withdrawal is stuck", _account("Vic", number="5"))
    pretender = _account("Kestrel Support", days=3)
    names = {signal.name for signal in classifier.assess([_question("how may I assist", pretender, victim)])[0].signals}
    assert names == {"brand_and_role", "unsolicited_reply", "young_account"}


def test_a_neighbour_who_answers_is_no_evidence(classifier: FleetClassifier) -> None:
    victim = ("my kestrel withdrawal is stuck", _account("Vic", number="5"))
    assert classifier.assess([_question("mine took an hour, be patient", None, victim)])[0].signals == ()


def test_an_author_who_answers_himself_is_not_unsolicited(classifier: FleetClassifier) -> None:
    author = _account("Kestrel Support")
    names = {s.name for s in classifier.assess([_question("hm", author, ("kestrel hello", author))])[0].signals}
    assert names == {"brand_and_role"}


@pytest.mark.parametrize(
    ("text", "language", "intent"),
    [
        ("I forgot my password, how do I reset it?", "en", "login_2fa"),
        ("提现一直在审核，什么时候到账", "zh", "withdrawal"),
        ("본인인증 서류가 계속 반려돼요", "ko", "verification"),
        ("取引手数料はいくらですか", "ja", "fees"),
        ("какой лимит запросов к API?", "ru", "api"),
        ("¿cómo cancelo mi orden límite?", "es", "trading"),
        ("mon dépôt USDT n'est pas arrivé", "fr", "deposit"),
        ("cảm ơn sàn, hỗ trợ rất nhanh", "vi", "praise"),
    ],
)
def test_a_clear_post_is_understood(classifier: FleetClassifier, text: str, language: str, intent: str) -> None:
    assessment = classifier.assess([_question(text)])[0]
    assert (assessment.language.label, assessment.intent.label, assessment.threat.label) == (language, intent, "none")


def test_theft_under_way_is_urgent(classifier: FleetClassifier) -> None:
    assessment = classifier.assess([_question("HELP someone is withdrawing my coins right now, freeze my account!!")])[0]
    assert assessment.urgency.label in {"critical", "high"}
    assert assessment.intent.label == "account_compromised"


def test_what_redaction_found_is_passed_on(classifier: FleetClassifier) -> None:
    assessment = classifier.assess([_question("here: [seed_phrase]", secrets=frozenset({"seed_phrase"}))])[0]
    assert assessment.secrets == {"seed_phrase"}
    assert assessment.model_version == classifier.version


def test_a_batch_gives_what_single_posts_give(classifier: FleetClassifier) -> None:
    questions = [_question(text) for text in (*SCAMS.values(), "", "hello", "x" * 10_000)]
    for alone, together in zip((classifier.assess([one])[0] for one in questions), classifier.assess(questions), strict=True):
        assert alone.intent.label == together.intent.label
        assert alone.threat.probabilities == pytest.approx(together.threat.probabilities)
        assert alone.signals == together.signals
    assert classifier.assess([]) == []
