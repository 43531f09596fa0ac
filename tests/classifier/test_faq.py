"""The catalogue's mistakes are named; questions find their article."""

import json
from pathlib import Path

import pytest

from classifier.faq import FaqIndex, load_articles, load_calibration
from domain.errors import ConfigError, ModelError

GOOD = {
    "id": "a",
    "intent": "deposit",
    "url": "https://help.kestrel.example/a",
    "title": {"en": "T"},
    "answer": {"en": "A"},
    "questions": {"en": ["Q?"]},
}


def _file(folder: Path, *lines: str) -> Path:
    path = folder / "faq.jsonl"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_good_file_is_read(tmp_path: Path) -> None:
    article = load_articles(_file(tmp_path, json.dumps(GOOD), ""))[0]
    assert (article.id, article.questions["en"]) == ("a", ("Q?",))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"url": "http://help.kestrel.example/a"}, "field `url`"),
        ({"url": "https://"}, "field `url`"),
        ({"url": "https://[help"}, "field `url`"),
        ({"id": "a"}, "`a` stands twice"),
        ({"id": ""}, "field `id`"),
        ({"title": {}}, "field `title`"),
        ({"title": {"xx": "T"}}, "language `xx`"),
        ({"answer": {"en": " "}}, "field `answer`.en"),
        ({"questions": {"en": []}}, "field `questions`.en"),
        ({"questions": {"en": "Q?"}}, "field `questions`.en"),
        ({"extra": 1}, "field `extra` is unknown"),
    ],
)
def test_a_mistake_is_named_with_file_line_and_field(tmp_path: Path, change: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError) as error:
        load_articles(_file(tmp_path, json.dumps(GOOD), json.dumps(GOOD | {"id": "b"} | change)))
    assert says in str(error.value)
    assert "faq.jsonl:2" in str(error.value)


@pytest.mark.parametrize("lines", [("{",), ("[" * 100_000,), ("[]",), ("",), (json.dumps({"id": "a"}),)])
def test_a_wrong_file_is_refused(tmp_path: Path, lines: tuple[str, ...]) -> None:
    with pytest.raises(ConfigError, match=r"faq\.jsonl"):
        load_articles(_file(tmp_path, *lines))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="is missing"):
        load_articles(tmp_path / "none.jsonl")


@pytest.mark.parametrize(
    ("text", "language", "article"),
    [
        ("how can I reset my password, I forgot it", "en", "reset-password"),
        ("充值忘记填memo标签了怎么办", "zh", "deposit-missing-memo"),
        ("출금 한도가 하루에 얼마인가요?", "ko", "withdrawal-limits"),
        ("ロスカットの価格はどう計算されますか", "ja", "liquidation"),
        ("как включить двухфакторную аутентификацию", "ru", "enable-2fa"),
        ("¿qué comisiones cobran por operar?", "es", "trading-fees"),
        ("comment créer une clé API ?", "fr", "api-key-create"),
        ("mã xác minh SMS không gửi về", "vi", "no-verification-code"),
    ],
)
def test_a_question_finds_its_article(faq: FaqIndex, text: str, language: str, article: str) -> None:
    matches = faq.match([text], [language])[0]
    assert matches[0].article_id == article
    assert matches[0].probability > 2 * matches[1].probability


@pytest.mark.parametrize("text", ["gm everyone", "BTC to the moon", "happy birthday to our moderator"])
def test_chatter_finds_none(faq: FaqIndex, text: str) -> None:
    assert faq.match([text], ["en"])[0][0].probability < 0.3


def test_at_most_three_and_best_first(faq: FaqIndex) -> None:
    matches = faq.match(["my deposit is missing", "hello"], ["en", "en"])
    for found in matches:
        assert len(found) == 3
        assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)


def test_a_batch_gives_what_single_posts_give(faq: FaqIndex) -> None:
    texts, languages = ["where is my deposit", "提现多久", "¿cuál es la comisión?"], ["en", "zh", "es"]
    together = faq.match(texts, languages)
    for row in range(len(texts)):
        alone = faq.match([texts[row]], [languages[row]])[0]
        assert [one.article_id for one in alone] == [one.article_id for one in together[row]]
        assert [one.probability for one in alone] == pytest.approx([one.probability for one in together[row]])


def test_an_unknown_language_is_still_answered(faq: FaqIndex) -> None:
    assert faq.match(["hello"], ["xx"])[0]
    assert faq.match([], []) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"pair": [1], "final": [1], "neutral": [1]}', '{"pair": "x"}'])
def test_a_wrong_calibration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "faq.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"faq\.json"):
        load_calibration(tmp_path)
