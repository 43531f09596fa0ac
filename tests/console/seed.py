"""A small busy day at the brand, in many scripts, put into the database the way the fleet does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.deciding import AskReview, Decision, Effect, FlagMention, OpenTicket, PostReply, Reason
from domain.hearing import Media, Mention
from domain.people import Account, AccountKind, Platform
from domain.records import MentionRecord, ReviewRecord
from domain.understanding import Article, Assessment, FaqMatch, Judgement, Signal
from storage import decisions, mentions, reviews
from storage.db import Database, Tx
from storage.mentions import NewMention

DUE = {
    "critical": timedelta(minutes=15),
    "high": timedelta(hours=1),
    "normal": timedelta(hours=8),
    "low": timedelta(days=1),
}

ARTICLE = Article(
    id="reset-2fa",
    intent="login_2fa",
    url="https://help.kestrel.example/reset-2fa",
    title={"en": "Reset two-factor authentication", "zh": "重置双重验证"},
    answer={"en": "Open Security, choose Reset and confirm by e-mail.", "zh": "打开安全中心,选择重置,然后通过邮箱确认。"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """What one person says, and what the fleet thinks of it."""

    name: str
    text: str
    language: str = "en"
    platform: Platform = "telegram"
    intent: str = "login_2fa"
    urgency: str = "normal"
    threat: str = "none"
    handle: str | None = "someone"
    author_id: str = ""
    thread: str = ""
    minutes_ago: int = 3
    bio: str | None = None
    addressed: bool = True


def judge(label: str, *others: str, confidence: float = 0.87) -> Judgement:
    shares = {other: (1 - confidence) / len(others) for other in others}
    return Judgement(label=label, probabilities={label: confidence if others else 1.0, **shares})


def assess(post: Post, signals: Sequence[Signal] = ()) -> Assessment:
    return Assessment(
        language=judge(post.language),
        sentiment=judge("negative", "neutral", "positive", confidence=0.81),
        urgency=judge(post.urgency, *(name for name in DUE if name != post.urgency), confidence=0.74),
        intent=judge(post.intent, *({"off_topic", "withdrawal", "fees"} - {post.intent}), confidence=0.68),
        threat=judge(post.threat, "none" if post.threat == "scam" else "scam", confidence=0.93),
        scam_type=judge("fake_support", "recovery"),
        faq=(FaqMatch(article_id=ARTICLE.id, probability=0.77),),
        signals=tuple(signals),
        model_version="test-1",
    )


async def post(db: Database, said: Post, now: datetime, *, decision: Decision | None = None) -> MentionRecord:
    """Stores one mention; with a decision it is also handled."""
    async with db.transaction() as tx:
        record = await _insert(tx, said, now)
        if decision is not None:
            evidence = [effect.signals for effect in decision.effects if isinstance(effect, FlagMention)]
            assessment = assess(said, evidence[0] if evidence else ())
            await decisions.record(tx, record.id, assessment, decision, decided_by="fleet", now=now)
            await decisions.apply(tx, record, decision, now=now, not_before=now, due=DUE)
            [claimed] = await mentions.claim(tx, [record.id], owner="seed", until=now + timedelta(minutes=1), now=now)
            await mentions.mark_handled(tx, claimed.id, owner="seed", now=now)
    return record


LEFT_ALONE = Decision(effects=(), reasons=(Reason(rule="rules.leave_chatter", text="nothing to solve"),))

DOUBT = Reason(rule="sampling.margin", text="intent is either login_2fa (0.45) or withdrawal (0.40)")


async def sample(
    db: Database, said: Post, now: datetime, *, decision: Decision = LEFT_ALONE, why: Reason = DOUBT, worth: float = 0.9
) -> ReviewRecord:
    """A post that the fleet handled by itself and that a reviewer is asked to label."""
    record = await post(db, said, now, decision=decision)
    async with db.transaction() as tx:
        review_id = await reviews.add(
            tx,
            mention_id=record.id,
            kind="label",
            risk=worth,
            proposed=(),
            reasons=(why,),
            due_at=now + timedelta(days=7),
            now=now,
        )
        item = await reviews.get(tx, review_id)
    assert item is not None
    return item


async def _insert(tx: Tx, said: Post, now: datetime) -> MentionRecord:
    number = len(await mentions.latest(tx, limit=10_000)) + 1
    author = Account(
        platform=said.platform,
        id=said.author_id or f"9{number:05}",
        kind=AccountKind.PERSON,
        username=said.handle,
        display_name=said.name,
        bio=said.bio,
        created_at=now - timedelta(days=40),
        followers=12,
    )
    mention = Mention(
        platform=said.platform,
        external_id=f"-1002:{number}" if said.platform == "telegram" else str(1000 + number),
        channel_id="" if said.platform == "x" else "1",
        channel_name="" if said.platform == "x" else "Kestrel Community",
        thread_id=said.thread or f"t{number}",
        reply_to_id=None,
        author=author,
        text=said.text,
        posted_at=now - timedelta(minutes=said.minutes_ago),
        addressed=said.addressed,
        media=(Media(kind="photo", external_id="p", url="https://tracker.invalid/a.png"),) if "photo" in said.text else (),
    )
    [mention_id] = await mentions.insert(tx, [NewMention(mention=mention, secrets=frozenset(), raw="{}")], now)
    record = await mentions.get(tx, mention_id)
    assert record is not None
    return record


def ask(kind: str = "reply", risk: float = 0.5, *proposed: Effect, why: str = "the article fits, but not surely") -> Decision:
    effect = AskReview(kind=kind, risk=risk, proposed=proposed)  # pyright: ignore[reportArgumentType]
    return Decision(effects=(effect,), reasons=(Reason(rule="rules.unsure", text=why),))


def reply(text: str, language: str = "en") -> PostReply:
    return PostReply(purpose="faq", language=language, text=text, article_id=ARTICLE.id)


def ticket(reference: str, intent: str = "withdrawal", urgency: str = "high", language: str = "en") -> OpenTicket:
    return OpenTicket(reference=reference, intent=intent, urgency=urgency, language=language)


FLAG = FlagMention(
    tier="likely",
    scam_type="fake_support",
    signals=(
        Signal(
            family="identity", name="look_alike_handle", log_odds=3.2, evidence="@KestreIHelp differs from @KestrelHelp by l/I"
        ),
        Signal(family="conduct", name="asks_for_private_chat", log_odds=1.4, evidence="“send me a DM to restore your funds”"),
        Signal(family="context", name="old_account", log_odds=-0.6, evidence="account is 40 days old"),
    ),
)

LONG_WORD = "verylongwordwithoutanyspace" * 9

HELP = "https://help.kestrel.example/reset-2fa"

ZALGO = "".join(f"{letter}\u0338\u0321\u032a\u0368\u034a\u0329\u036a\u0332" for letter in "HE COMES")

DAY: Sequence[tuple[Post, Decision]] = (
    (
        Post(
            name="Kestrel Support ✅",
            handle="KestreIHelp",
            text="Dear customer, send me a DM to restore your funds 🙏 https://kestrel-help.example.net/restore photo",
            platform="x",
            intent="off_topic",
            urgency="critical",
            threat="scam",
            bio="Official 24/7 support",
            minutes_ago=16,
        ),
        Decision(effects=(FLAG,), reasons=(Reason(rule="rules.scam", text="an unknown account speaks as support"),)),
    ),
    (
        Post(
            name="김민수",
            handle="minsu_k",
            text="출금이 6시간째 처리 중이에요. 고객센터 답변도 없고 너무 불안합니다 😢",
            language="ko",
            intent="withdrawal",
            urgency="high",
        ),
        ask(
            "ticket",
            0.62,
            ticket("KST-7Q2M4RTA", language="ko"),
            reply("김민수님, 확인해 드리겠습니다. 접수 번호는 KST-7Q2M4RTA입니다.", "ko"),
            why="money is stuck, and the intent is not sure",
        ),
    ),
    (
        Post(
            name="王小明",
            handle=None,
            text="请问手机丢了,怎么重置双重验证?我现在登录不了账户,急!",
            language="zh",
            urgency="high",
        ),
        ask("reply", 0.48, reply(f"您好!请打开安全中心,选择“重置双重验证”,再通过邮箱确认:{HELP}", "zh")),
    ),
    (
        Post(
            name="Ольга Иванова",
            handle="olga_iv",
            text="Подскажите, пожалуйста, почему комиссия за вывод USDT выросла вдвое? В приложении этого не видно.",
            language="ru",
            platform="discord",
            intent="fees",
        ),
        ask("reply", 0.31, reply(f"Здравствуйте! Комиссия зависит от сети: {HELP}", "ru")),
    ),
    (
        Post(
            name="أحمد العلي",
            handle="ahmad",
            text="مرحبا، لا أستطيع تسجيل الدخول إلى حسابي منذ الصباح. هل المنصة معطلة؟ (Kestrel app v2.3)",
            intent="outage",
            platform="x",
        ),
        ask("unsure", 0.41, why="the language is none of those we answer in"),
    ),
    (
        Post(
            name="さくら",
            handle="sakura_t",
            text="二段階認証のコードが届きません。スマホを変えたばかりです📱",
            language="ja",
            platform="discord",
        ),
        ask("reply", 0.44, reply(f"セキュリティ画面の「再設定」からメールで確認できます:{HELP}", "ja")),
    ),
    (
        Post(
            name="Nguyễn Văn An",
            handle="an_nguyen",
            text="Mình nạp tiền 2 tiếng rồi mà chưa thấy vào ví, ai giúp mình với",
            language="vi",
            intent="deposit",
        ),
        ask("ticket", 0.52, ticket("KST-V8NDWX33", "deposit", "normal", "vi"), why="an account must be looked into"),
    ),
    (
        Post(
            name="María José",
            handle="mjose",
            text=f"¿Kestrel cobra por retirar? {LONG_WORD}",
            language="es",
            intent="fees",
            platform="x",
        ),
        ask("reply", 0.22, reply(f"¡Hola! Depende de la red: {HELP}", "es")),
    ),
    (
        Post(
            name="Zoë \u202elive\u202c <b>x</b>",
            handle="zalgo",
            text=f"{ZALGO} <script>alert(1)</script>",
            intent="off_topic",
            urgency="low",
        ),
        ask("unsure", 0.12, why="no rule is sure about this"),
    ),
)


async def busy_day(db: Database, now: datetime) -> Mapping[str, MentionRecord]:
    """The whole day; keyed by the author's name."""
    return {said.name: await post(db, said, now, decision=decision) for said, decision in DAY}
