"""Figures against hand-made tables and against scikit-learn's."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as theirs  # pyright: ignore[reportMissingTypeStubs]

from classifier.metrics import (
    LabelFigures,
    by_group,
    coverage_at_risk,
    ece,
    error_at_coverage,
    figures,
    of_label,
    risk_coverage,
)

TRUTH = ["a", "a", "a", "b", "b", "c"]
SAID = ["a", "a", "b", "b", "d", "a"]

untimed = settings(deadline=None, max_examples=40)
pairs = st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from("abcde")), min_size=1, max_size=60)
judged = st.lists(st.tuples(st.sampled_from([0.2, 0.4, 0.5, 0.9, 1.0]), st.booleans()), min_size=1, max_size=60)


def test_a_hand_made_table() -> None:
    found = figures(TRUTH, SAID)
    assert found.n == 6
    assert found.accuracy == pytest.approx(3 / 6)
    assert found.macro_recall == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert found.macro_f1 == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)
    assert found.per_class == {
        "a": LabelFigures(precision=2 / 3, recall=2 / 3, f1=2 / 3, support=3),
        "b": LabelFigures(precision=0.5, recall=0.5, f1=0.5, support=2),
        "c": LabelFigures(precision=0.0, recall=0.0, f1=0.0, support=1),
    }


@untimed
@given(pairs)
def test_macro_figures_are_scikit_learns_over_the_labels_of_the_truth(rows: list[tuple[str, str]]) -> None:
    truth, said = [a for a, _ in rows], [b for _, b in rows]
    sklearn: Any = theirs
    wanted: dict[str, Any] = {"labels": sorted(set(truth)), "average": "macro", "zero_division": 0}
    found = figures(truth, said)
    assert found.macro_f1 == pytest.approx(sklearn.f1_score(truth, said, **wanted))
    assert found.macro_recall == pytest.approx(sklearn.recall_score(truth, said, **wanted))
    assert found.accuracy == pytest.approx(sklearn.accuracy_score(truth, said))


@untimed
@given(pairs)
def test_every_label_is_as_scikit_learn_counts_it(rows: list[tuple[str, str]]) -> None:
    truth, said = [a for a, _ in rows], [b for _, b in rows]
    labels = sorted(set(truth))
    sklearn: Any = theirs
    columns = sklearn.precision_recall_fscore_support(truth, said, labels=labels, zero_division=0)
    found = figures(truth, said).per_class
    assert list(found) == labels
    for row, wanted in zip(found.values(), np.transpose(columns).tolist(), strict=True):
        assert [row.precision, row.recall, row.f1, row.support] == pytest.approx(wanted)


def test_no_rows_give_zeros() -> None:
    found = figures([], [])
    assert (found.n, found.accuracy, found.macro_f1, found.macro_recall, found.per_class) == (0, 0.0, 0.0, 0.0, {})


def test_sides_of_unlike_length_are_a_programming_error() -> None:
    with pytest.raises(ValueError, match="2 true labels and 1 predicted"):
        figures(["a", "b"], ["a"])


def test_one_label_may_be_in_neither_side() -> None:
    assert of_label(TRUTH, SAID, "z") == LabelFigures(precision=0.0, recall=0.0, f1=0.0, support=0)
    assert of_label(TRUTH, SAID, "b").f1 == 0.5


def test_groups_are_measured_alone() -> None:
    found = by_group(["en", "ko", "en", "ko", "ko", ""], TRUTH, SAID)
    assert {code: (row.n, row.accuracy) for code, row in found.items()} == {
        "": (1, 0.0),
        "en": (2, 0.5),
        "ko": (3, pytest.approx(2 / 3)),
    }


@pytest.mark.parametrize(
    ("confidences", "right", "error"),
    [
        ([], [], 0.0),
        ([1.0, 1.0], [True, True], 0.0),
        ([1.0, 1.0], [True, False], 0.5),
        ([0.75] * 4, [False, True, True, True], 0.0),
        ([0.9, 0.6], [True, False], (0.1 + 0.6) / 2),
    ],
)
def test_the_calibration_error_of_hand_made_rows(confidences: list[float], right: list[bool], error: float) -> None:
    assert ece(confidences, right) == pytest.approx(error)


def test_bins_hold_equally_many_rows() -> None:
    confidences = [1 - place / 100 for place in range(30)]
    right = [place % 2 == 0 for place in range(30)]
    pair_gaps = [abs((confidences[place] + confidences[place + 1]) - 1) for place in range(0, 30, 2)]
    assert ece(confidences, right) == pytest.approx(sum(pair_gaps) / 30)


@untimed
@given(judged, st.randoms())
def test_the_order_of_rows_does_not_matter(rows: list[tuple[float, bool]], chance: Any) -> None:
    mixed = list(rows)
    chance.shuffle(mixed)
    assert ece(*columns(rows)) == pytest.approx(ece(*columns(mixed)))
    assert risk_coverage(*columns(rows)) == risk_coverage(*columns(mixed))


@untimed
@given(judged)
def test_the_curve_says_what_counting_says(rows: list[tuple[float, bool]]) -> None:
    curve = risk_coverage(*columns(rows))
    assert [point.threshold for point in curve] == sorted({sure for sure, _ in rows}, reverse=True)
    for point in curve:
        kept = [right for sure, right in rows if sure >= point.threshold]
        assert point.coverage == pytest.approx(len(kept) / len(rows))
        assert point.error == pytest.approx(kept.count(False) / len(kept))


@untimed
@given(judged, st.sampled_from([0.0, 0.1, 0.5]))
def test_coverage_keeps_the_bound_and_is_the_largest(rows: list[tuple[float, bool]], risk: float) -> None:
    curve = risk_coverage(*columns(rows))
    found = coverage_at_risk(curve, risk)
    assert found == max((point.coverage for point in curve if point.error <= risk), default=0.0)
    assert found > 0 or all(point.error > risk for point in curve)


def test_coverage_of_a_hand_made_curve() -> None:
    curve = risk_coverage([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    assert [(point.coverage, point.error) for point in curve] == [(0.25, 0), (0.5, 0), (0.75, pytest.approx(1 / 3)), (1, 0.25)]
    assert [coverage_at_risk(curve, risk) for risk in (0.0, 0.02, 0.25, 1.0)] == [0.5, 0.5, 1.0, 1.0]
    assert error_at_coverage(curve, 0.6).coverage == 0.75


def columns(rows: list[tuple[float, bool]]) -> tuple[list[float], list[bool]]:
    return [sure for sure, _ in rows], [right for _, right in rows]
