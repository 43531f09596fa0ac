"""Heads are fitted to what rows say, and to nothing that they do not say."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import pytest
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from classifier.fitting import Fitted, Floats, Given, Matrix, fit_dense, fit_sparse, silence, weigh
from classifier.model import softmax

LABELS = ("negative", "neutral", "positive")


def _rows(*angles: float) -> Floats:
    """Points on a circle, given by their angle in degrees."""
    turns = np.radians(np.array(angles))
    return np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)


def _fit(kind: str, rows: Floats, given: Sequence[Given]) -> Fitted:
    if kind == "dense":
        return fit_dense(rows, given, LABELS, 3.0)
    return fit_sparse(cast("Matrix", csr_matrix(rows)), given, LABELS, 3.0)


def _said(fitted: Fitted, rows: Floats) -> list[str]:
    return [LABELS[place] for place in (rows @ fitted.weights + fitted.bias).argmax(axis=1)]


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_each_label_is_found_where_its_rows_are(kind: str) -> None:
    rows = _rows(0, 10, 120, 130, 240, 250)
    given = [Given(place=place, label=LABELS[place // 2]) for place in range(6)]
    assert _said(_fit(kind, rows, given), _rows(5, 125, 245)) == list(LABELS)


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_label_without_rows_is_never_said(kind: str) -> None:
    rows = _rows(0, 10, 120, 130)
    given = [Given(place=place, label="negative" if place < 2 else "positive") for place in range(4)]
    assert "neutral" not in _said(_fit(kind, rows, given), _rows(0, 60, 90, 120, 200, 300))


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_rows_of_a_file_without_neutral_say_nothing_against_neutral(kind: str) -> None:
    rows = _rows(60, 60, *[62] * 40, 240, 0)
    neutral = [Given(place=place, label="neutral") for place in (0, 1)]
    others = [Given(place=42, label="negative"), Given(place=43, label="positive")]

    def crowd(unsaid: str | None) -> list[Given]:
        return [Given(place=place, label="positive", unsaid=unsaid) for place in range(2, 42)]

    quiet, loud = (_fit(kind, rows, [*neutral, *crowd(unsaid), *others]) for unsaid in ("neutral", None))
    score = [float((_rows(61) @ one.weights + one.bias)[0, 1]) for one in (quiet, loud)]
    assert score[0] > score[1]


@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_a_heavier_row_wins(kind: str) -> None:
    rows = _rows(90, 90, 0, 200)
    given = [
        Given(place=0, label="negative", weight=5.0),
        Given(place=1, label="positive"),
        Given(place=2, label="positive"),
        Given(place=3, label="neutral"),
    ]
    assert _said(_fit(kind, rows, given), _rows(90)) == ["negative"]


def test_the_expert_that_knows_gets_the_weight() -> None:
    truth = np.array([0, 1, 2] * 20)
    knows, guesses = np.eye(3)[truth] * 2.0, np.tile([1.0, 0.0, 0.5], (60, 1))
    wise, blind = weigh([knows, guesses], truth, np.ones(60))
    assert wise > 1.0 > blind


def test_silenced_labels_do_not_count_against_an_expert() -> None:
    truth = np.array([0, 2] * 20)
    expert = np.zeros((40, 3))
    expert[:, 1] = 3.0
    expert[np.arange(40), truth] = 2.0
    plain = weigh([expert], truth, np.ones(40))[0]
    heard = weigh([expert], truth, np.ones(40), silence(["neutral"] * 40, LABELS))[0]
    table = softmax(expert * heard + silence(["neutral"] * 40, LABELS))
    assert heard > plain
    assert table[np.arange(40), truth].min() > 0.9
