"""A model of the brand's own in the place of one task: mapped wholly, or refused in words."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from classifier.replacing import load_replacements
from classifier.scoring import Scorer
from domain.errors import ConfigError, ModelError
from domain.understanding import SENTIMENTS, Task
from tests.tiny_model import tiny_model

WHOLE = {"NEG": "negative", "NEU": "neutral", "POS": "positive"}


@dataclass(frozen=True)
class Named:
    folder: Path = Path("own")
    labels: Mapping[str, str] = field(default_factory=lambda: WHOLE)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("project")
    tiny_model(root / "own")
    return root


def load(root: Path, labels: Mapping[str, str]) -> Scorer:
    known: dict[Task, tuple[str, ...]] = {"sentiment": SENTIMENTS}
    return load_replacements({"sentiment": Named(labels=labels)}, root, known)["sentiment"]


def test_it_speaks_the_tasks_labels_in_the_tasks_order(root: Path) -> None:
    scorer = load(root, {"NEG": "positive", "NEU": "neutral", "POS": "negative"})
    assert scorer.labels == SENTIMENTS
    assert scorer.probabilities(["awful", "lovely"]).argmax(axis=1).tolist() == [2, 0]


def test_labels_that_mean_the_same_are_added_up(root: Path) -> None:
    table = load(root, WHOLE | {"NEU": "negative"}).probabilities(["", "plain"])
    assert np.allclose(table[0], [2 / 3, 0, 1 / 3])
    assert np.allclose(table.sum(axis=1), 1)


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (
            WHOLE | {"NEG": "angry"},
            "models.sentiment.labels: `angry` is no label of sentiment; use negative, neutral, positive.",
        ),
        (WHOLE | {"BAD": "negative"}, "models.sentiment.labels: the model has no label `BAD`; it has NEG, NEU, POS."),
        ({"NEG": "negative", "POS": "positive"}, "models.sentiment.labels: the model's `NEU` is not mapped"),
        ({}, "models.sentiment.labels: the model's `NEG` is not mapped"),
    ],
)
def test_a_mapping_with_a_hole_or_a_stranger_is_refused(root: Path, labels: Mapping[str, str], words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(root, labels)
    assert words in str(caught.value)


def test_a_folder_that_is_gone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="own is not there"):
        load(tmp_path, WHOLE)
