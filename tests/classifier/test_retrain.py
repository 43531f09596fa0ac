"""Heads corrected on new rows: promoted when better, left alone when not, and refused when the rows cannot teach."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from classifier.model import Model, load
from classifier.opening import DEFAULT
from classifier.posts import Post, load_posts
from classifier.retrain import NewRows, Row, draft_of, keep, retrain
from domain.errors import ConfigError, ModelError
from tests.classifier.test_intents import silent

PHRASES = ("when does the {} karaoke night begin", "who won the {} karaoke", "sign me up for {} karaoke", "{} karaoke was loud")
PLACES = (
    "London",
    "Paris",
    "office",
    "summer",
    "spring",
    "Friday",
    "January",
    "team",
    "big",
    "small",
    "old",
    "new",
    "next",
    "best",
)


def karaoke(label: str) -> list[Row]:
    """Rows of 14 authors, unlike anything that the model knows."""
    return [Row(text=phrase.format(place), label=label, author=place) for place in PLACES for phrase in PHRASES]


def new_rows(rows: Sequence[Row]) -> NewRows:
    return NewRows(rows=rows, source="`rows.csv`")


@pytest.fixture(scope="module")
def posts() -> list[Post]:
    return load_posts()[::12]


@pytest.fixture
def draft() -> Iterator[Path]:
    with draft_of(DEFAULT) as folder:
        yield folder


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def retrained(posts: Sequence[Post], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped model, with an intent more."""
    out = tmp_path_factory.mktemp("retrained") / "model"
    with draft_of(DEFAULT) as draft:
        compared = retrain(draft, "intent", new_rows(karaoke("karaoke")), silent, posts)
        assert compared.better, compared.sentence
        keep(draft, out)
    return out


def test_a_new_intent_is_learned(model: Model, retrained: Path) -> None:
    after = load(retrained)
    assert after.heads["intent"].labels == (*model.heads["intent"].labels, "karaoke")
    assert after.version != model.version
    said = after.read(["when is the Berlin karaoke night"], all_encoded=True).probabilities["intent"][0]
    assert after.heads["intent"].labels[int(said.argmax())] == "karaoke"


def test_the_model_card_says_what_was_gained(retrained: Path) -> None:
    assert "## Retrained: `intent`" in (retrained / "MODEL_CARD.md").read_text(encoding="utf-8")


def test_other_heads_say_what_they_said(model: Model, retrained: Path) -> None:
    texts = ["my withdrawal is stuck, help", "great exchange!", "DM me to recover your wallet"]
    before = model.read(texts, all_encoded=True).probabilities
    after = load(retrained).read(texts, all_encoded=True).probabilities
    for head in ("urgency", "threat", "article", "spam"):
        assert after[head] == pytest.approx(before[head], abs=1e-6)


def test_a_head_that_is_no_better_leaves_the_files_alone(draft: Path, posts: Sequence[Post]) -> None:
    before, model = contents(draft), load(draft)
    said = model.probabilities([row.text for row in karaoke("")])["sentiment"].argmax(axis=1)
    labels = model.heads["sentiment"].labels
    known = [replace(row, label=labels[place]) for row, place in zip(karaoke(""), said.tolist(), strict=True)]
    compared = retrain(draft, "sentiment", new_rows(known), silent, posts)
    assert not compared.better
    assert contents(draft) == before


@pytest.mark.parametrize(
    ("head", "rows", "message"),
    [
        ("intent", karaoke("karaoke")[:20], "are too few"),
        ("intent", [Row(text=f"{n}", label="fees", author="one") for n in range(99)], "are too few"),
        ("urgency", karaoke("asap"), "`asap` is none of its labels"),
        ("intent", [*karaoke("fees"), Row(text="hm", label="feees", author="Berlin")], "`feees` has"),
    ],
)
def test_rows_that_cannot_teach_are_refused(draft: Path, head: str, rows: Sequence[Row], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        retrain(draft, head, new_rows(rows), silent, [])


def test_rows_of_one_author_stay_on_one_side() -> None:
    assert len({row.held_out for row in karaoke("x") if row.author == "London"}) == 1
    assert {row.held_out for row in karaoke("x")} == {False, True}


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be copied"), draft_of(tmp_path / "nowhere"):
        pass
