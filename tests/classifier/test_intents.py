"""Models for any set of labels: what they learn, what they doubt, and what is refused."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier import intent_training
from classifier.encoder import WIDTH, Encoded
from classifier.intent_files import Source, train_intents
from classifier.intent_training import Trained, fit_intents
from classifier.intents import IntentModel, load_intents
from classifier.labelled import Labelled
from domain.errors import ConfigError, ModelError

SOURCE = Source(name="rows.csv", split="all")
SAYINGS = {
    "card_lost": ("I lost my {} card", "my {} card is gone", "cannot find the {} card anywhere", "somebody took my {} card"),
    "top_up": ("how do I top up {}", "add {} money to my account", "load {} funds please", "where can I top up {}"),
    "rates": ("what is the {} exchange rate", "rate for {} today", "is the {} rate good", "tell me the {} rates"),
}
WORDS = ("blue", "euro", "old", "business", "dollar", "second")
STRANGE = ("how tall is the tower", "play some jazz", "who won the match", "will it rain", "sing a song", "tell a joke")


class WordEncoder:
    """Likeness of texts is that of their words: enough of a meaning for a test, and made in no time."""

    digest = "words"

    def encode(self, texts: Sequence[str]) -> Encoded:
        table = np.stack([sum((_vector(word) for word in text.lower().split()), np.full(WIDTH, 1e-3)) for text in texts])
        found = table.astype(np.float32)
        return Encoded(first=found, mean=found, middle=found, low=found, words=found)


def _vector(word: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(zlib.crc32(word.encode())).normal(size=WIDTH)


def silent(stage: str, done: int, total: int) -> None:
    """Nobody watches."""


def examples(*, strange: bool = False) -> list[Labelled]:
    found = [(saying.format(word), label) for label, all_ in SAYINGS.items() for saying in all_ for word in WORDS]
    found += [(f"{text} {word}", "oos") for text in STRANGE for word in WORDS] if strange else []
    return [labelled(text, label, line) for line, (text, label) in enumerate(found, 2)]


def labelled(text: str, label: str, line: int = 2) -> Labelled:
    return Labelled(line=line, text=text, label=label, lang="", more={})


def fitted(rows: Sequence[Labelled]) -> Trained:
    return fit_intents(rows, WordEncoder(), "v", silent)


def said(model: IntentModel, *texts: str) -> list[str]:
    return [model.labels[place] for place in model.probabilities(texts).argmax(axis=1).tolist()]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("intents") / "model"
    train_intents(examples(strange=True), out, SOURCE, WordEncoder(), silent)
    return out


def test_new_sayings_are_understood() -> None:
    model = fitted(examples()).model
    assert said(model, "the green card is lost", "top up yen", "the yen rate today") == ["card_lost", "top_up", "rates"]


def test_many_rows_are_fitted_by_other_experts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent_training, "FEW", 10)
    trained = fitted(examples(strange=True))
    assert said(trained.model, "I lost my green card", "where can I top up yen", "who won the race") == [
        "card_lost",
        "top_up",
        "oos",
    ]
    assert len(trained.factors) == 2


def test_of_too_many_rows_every_label_keeps_a_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intent_training, "MOST_ROWS", 36)
    trained = fitted(examples())
    assert trained.rows == 36
    assert said(trained.model, "my old card", "top up euro") == ["card_lost", "top_up"]


def test_two_labels_are_enough() -> None:
    model = fitted([row for row in examples() if row.label != "rates"]).model
    assert said(model, "the green card is lost", "top up yen") == ["card_lost", "top_up"]


def test_probabilities_sum_to_one_whatever_the_text(folder: Path) -> None:
    table = load_intents(folder, WordEncoder()).probabilities(["", "🙂" * 5000, "top up euro", "\u200b"])
    assert table.shape == (4, 4)
    assert np.allclose(table.sum(axis=1), 1)


def test_no_texts_give_no_rows(folder: Path) -> None:
    assert load_intents(folder, WordEncoder()).probabilities([]).shape == (0, 4)


def test_a_text_is_judged_alike_in_any_company(folder: Path) -> None:
    model = load_intents(folder, WordEncoder())
    assert np.array_equal(model.probabilities(["top up euro", *STRANGE])[0], model.probabilities(["top up euro"])[0])


def test_what_fits_no_label_is_out_of_scope(folder: Path) -> None:
    model = load_intents(folder, WordEncoder())
    assert said(model, "who won the race", "top up euro") == ["oos", "top_up"]


def test_doubt_costs_few_rows_in_scope() -> None:
    trained = fitted(examples(strange=True))
    assert trained.accuracy > 0.9
    assert trained.recall is not None
    assert trained.recall > 0.5


@pytest.mark.parametrize("name", ["oos", "OOS", "out-of-scope", "Out of scope", "none"])
def test_out_of_scope_has_many_names(name: str) -> None:
    rows = [replace(row, label=name) if row.label == "oos" else row for row in examples(strange=True)]
    assert fitted(rows).doubt is not None


def test_a_label_of_another_name_is_an_ordinary_one() -> None:
    rows = [replace(row, label="chatter") if row.label == "oos" else row for row in examples(strange=True)]
    assert fitted(rows).doubt is None


def test_a_written_model_judges_as_the_trained_one(tmp_path: Path) -> None:
    trained = train_intents(examples(), tmp_path / "m", SOURCE, WordEncoder(), silent)
    texts = ["top up euro", "my card", "rate"]
    loaded = load_intents(tmp_path / "m", WordEncoder())
    assert loaded.version == trained.model.version
    assert np.allclose(loaded.probabilities(texts), trained.model.probabilities(texts), atol=0.02)


def test_the_same_rows_give_the_same_files(tmp_path: Path) -> None:
    for name in ("a", "b"):
        train_intents(examples(), tmp_path / name, SOURCE, WordEncoder(), silent)
    assert (tmp_path / "a" / "manifest.json").read_bytes() == (tmp_path / "b" / "manifest.json").read_bytes()


def test_the_model_card_names_the_rows(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "`rows.csv`" in card
    assert "108 different rows" in card


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([labelled("a b", "x"), labelled("c d", "x")], "only the label `x`"),
        ([labelled("", "x"), labelled("  ", "y")], "no label"),
        ([labelled("a b", "x"), labelled("c d", "oos"), labelled("e f", "oos")], "only the label `x`"),
        ([*examples(), labelled("lonely", "single", 99)], "line 99: `single` has no other row"),
        ([*examples(), labelled("same", "twin", 98), labelled("Same", "twin", 99)], "line 99: `twin` has no other row"),
        ([*examples(strange=True), labelled("a", "none"), labelled("b", "none")], "several labels mean out of scope"),
    ],
)
def test_rows_that_teach_nothing_are_refused(rows: Sequence[Labelled], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        fitted(rows)


def test_a_model_of_intents_is_overwritten(folder: Path, tmp_path: Path) -> None:
    for _ in range(2):
        train_intents(examples(), tmp_path / "m", SOURCE, WordEncoder(), silent)
    assert load_intents(tmp_path / "m", WordEncoder()).labels == tuple(sorted(SAYINGS))
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(ConfigError, match="something else than a model of intents"):
        train_intents(examples(), tmp_path, SOURCE, WordEncoder(), silent)
    assert [path.name for path in tmp_path.iterdir()] == ["letters.txt"]


def test_another_encoder_is_refused(folder: Path) -> None:
    other = WordEncoder()
    other.digest = "others"
    with pytest.raises(ModelError, match="another encoder"):
        load_intents(folder, other)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("manifest.json", b"{", "cannot be read"),
        ("manifest.json", b'{"format": 1, "kind": "fleet", "version": "x"}', "no model of intents"),
        ("weights.npz", b"PK\x03\x04torn", "cannot be read"),
    ],
)
def test_a_torn_folder_ends_in_one_sentence(folder: Path, tmp_path: Path, name: str, content: bytes, message: str) -> None:
    for file in folder.iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ModelError, match=message):
        load_intents(tmp_path, WordEncoder())
