"""The catalogue's mistakes are named; questions find their article."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.faq import FaqIndex, load_articles, load_calibration
from classifier.model import Model
from domain.errors import ConfigError, ModelError
from domain.understanding import Article, FaqMatch
from tests.classifier.conftest import FOLDER

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


def _match(faq: FaqIndex, model: Model, texts: list[str], languages: list[str]) -> list[list[FaqMatch]]:
    return faq.match(texts, languages, model.read(texts, all_encoded=True), model.heads)


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
def test_a_question_finds_its_article(faq: FaqIndex, model: Model, text: str, language: str, article: str) -> None:
    matches = _match(faq, model, [text], [language])[0]
    assert matches[0].article_id == article
    assert matches[0].probability > 2 * matches[1].probability


@pytest.mark.parametrize("text", ["gm everyone", "BTC to the moon", "happy birthday to our moderator"])
def test_chatter_finds_none(faq: FaqIndex, model: Model, text: str) -> None:
    assert _match(faq, model, [text], ["en"])[0][0].probability < 0.3


def test_at_most_three_and_best_first(faq: FaqIndex, model: Model) -> None:
    for found in _match(faq, model, ["my deposit is missing", "hello"], ["en", "en"]):
        assert len(found) == 3
        assert [one.probability for one in found] == sorted((one.probability for one in found), reverse=True)


def test_a_post_the_encoder_need_not_read_matches_nothing(faq: FaqIndex, model: Model) -> None:
    texts = ["where is my deposit", "gm"]
    reading = replace(model.read(texts, all_encoded=True), encoded=np.array([True, False]))
    first, second = faq.match(texts, ["en", "en"], reading, model.heads)
    assert first[0].article_id == "deposit-not-credited"
    assert second == []


def test_articles_the_model_never_saw_are_found_by_their_wording_and_meaning(model: Model) -> None:
    articles = [
        Article(
            id=name,
            intent="product_info",
            url=f"https://help.kestrel.example/{name}",
            title={"en": title},
            answer={"en": title},
            questions={"en": [question]},
        )
        for name, title, question in [
            ("gift-cards", "Gift cards", "How do I redeem a gift card?"),
            ("dark-mode", "Dark mode", "Can I switch the app to dark mode?"),
            ("price-alerts", "Price alerts", "How do I set a price alert?"),
        ]
    ]
    index = FaqIndex(articles, load_calibration(FOLDER), model.encoder)
    asked = ["is there a night theme in the app?", "my gift voucher, where do i enter it", "notify me when btc hits 50k?"]
    found = _match(index, model, asked, ["en"] * 3)
    assert [one[0].article_id for one in found] == ["dark-mode", "gift-cards", "price-alerts"]


def test_an_unknown_language_is_still_answered(faq: FaqIndex, model: Model) -> None:
    assert _match(faq, model, ["hello"], ["xx"])[0]
    assert _match(faq, model, [], []) == []


@pytest.mark.parametrize("content", ["{", "[]", '{"pair": [1], "unseen": [1], "final": [1]}', '{"pair": "x"}'])
def test_a_wrong_calibration_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / "faq.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"faq\.json"):
        load_calibration(tmp_path)
