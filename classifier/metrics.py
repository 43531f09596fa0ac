"""Figures over judged rows. Pure: labels and confidences in, numbers out.

Macro figures are means over the labels that occur in the truth, as the published benchmarks take them.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ECE_BINS = 15

_Counts = NDArray[np.int64]
_Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelFigures:
    """Of one label: `support` rows bear it in truth."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Of n rows; all but `n` lie between 0 and 1."""

    n: int
    accuracy: float
    macro_f1: float
    macro_recall: float
    per_class: Mapping[str, LabelFigures]
    """Labels that occur in the truth, in alphabetical order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskPoint:
    """Judging only what is at least as sure as `threshold` covers `coverage` of the rows, and `error` of those are wrong."""

    threshold: float
    coverage: float
    error: float


def figures(truth: Sequence[str], said: Sequence[str]) -> Figures:
    """Of equally many true and predicted labels; without rows everything is 0."""
    hits, true, claimed, labels = _counted(truth, said)
    precision, recall, f1 = _ratio(hits, claimed), _ratio(hits, true), _ratio(2 * hits, true + claimed)
    occurs = true > 0
    return Figures(
        n=len(truth),
        accuracy=float(hits.sum()) / max(len(truth), 1),
        macro_f1=_mean(f1[occurs]),
        macro_recall=_mean(recall[occurs]),
        per_class={
            labels[place]: LabelFigures(
                precision=float(precision[place]), recall=float(recall[place]), f1=float(f1[place]), support=int(true[place])
            )
            for place in np.flatnonzero(occurs).tolist()
        },
    )


def of_label(truth: Sequence[str], said: Sequence[str], label: str) -> LabelFigures:
    """Precision, recall and F1 of one label, 0 where nothing was there to find or to be wrong about."""
    no_rows = LabelFigures(precision=0.0, recall=0.0, f1=0.0, support=0)
    return figures(truth, said).per_class.get(label, no_rows)


def by_group(groups: Sequence[str], truth: Sequence[str], said: Sequence[str]) -> dict[str, Figures]:
    """Group, such as a row's language, -> figures of its rows alone; in alphabetical order."""
    return {name: figures(*rows) for name, rows in _split(groups, truth, said).items()}


def ece(confidences: Sequence[float], right: Sequence[bool], bins: int = ECE_BINS) -> float:
    """Expected calibration error: how far confidence lies from accuracy, over bins of equally many rows.

    Equal confidences stay in one bin, so the order of the rows does not matter.
    """
    sure, hits, last = _ranked(confidences, right)
    if not len(sure):
        return 0.0
    wanted = np.rint(np.arange(1, bins + 1) * len(sure) / bins).astype(np.int64)
    ends = np.unique(last[np.searchsorted(last, np.maximum(wanted, 1))])
    gaps = np.abs(np.diff(np.concatenate([[0.0], np.cumsum(sure - hits)[ends - 1]])))
    return float(gaps.sum()) / len(sure)


def risk_coverage(confidences: Sequence[float], right: Sequence[bool]) -> list[RiskPoint]:
    """The curve from the surest rows to all of them: one point for each confidence that occurs."""
    sure, hits, last = _ranked(confidences, right)
    errors = np.cumsum(1 - hits)[last - 1] / last
    return [
        RiskPoint(threshold=float(sure[end - 1]), coverage=end / len(sure), error=error)
        for end, error in zip(last.tolist(), errors.tolist(), strict=True)
    ]


def coverage_at_risk(curve: Sequence[RiskPoint], risk: float) -> float:
    """The largest share of rows that some threshold judges with at most this error; 0 when none does.

    Chosen on the very rows it is measured on: a little too rosy for new ones.
    """
    return max((point.coverage for point in curve if point.error <= risk), default=0.0)


def error_at_coverage(curve: Sequence[RiskPoint], coverage: float) -> RiskPoint:
    """The first point of a curve that covers at least this share of the rows."""
    place = bisect_left(curve, coverage, key=lambda point: point.coverage)
    return curve[min(place, len(curve) - 1)]


def _counted(truth: Sequence[str], said: Sequence[str]) -> tuple[_Counts, _Counts, _Counts, list[str]]:
    """For every label that occurs on either side: right rows, true rows, predicted rows."""
    labels = sorted({*truth, *said})
    numbers = {label: number for number, label in enumerate(labels)}
    true, claimed = (np.array([numbers[label] for label in side], dtype=np.int64) for side in (truth, said))
    if true.shape != claimed.shape:
        raise ValueError(f"{len(truth)} true labels and {len(said)} predicted ones")
    size = len(labels)
    right = np.bincount(true[true == claimed], minlength=size)
    return right, np.bincount(true, minlength=size), np.bincount(claimed, minlength=size), labels


def _ranked(confidences: Sequence[float], right: Sequence[bool]) -> tuple[_Floats, _Floats, _Counts]:
    """Confidences and hits, the surest first, and how many rows there are up to the end of each run of equals."""
    sure, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    order = np.argsort(-sure, kind="stable")
    sure, hits = sure[order], hits[order]
    last = np.flatnonzero(np.append(np.diff(sure) != 0, True)) + 1 if len(sure) else np.zeros(0, np.int64)
    return sure, hits, last


def _split(groups: Sequence[str], truth: Sequence[str], said: Sequence[str]) -> dict[str, tuple[list[str], list[str]]]:
    rows: dict[str, tuple[list[str], list[str]]] = {name: ([], []) for name in sorted(set(groups))}
    for group, label, claim in zip(groups, truth, said, strict=True):
        rows[group][0].append(label)
        rows[group][1].append(claim)
    return rows


def _ratio(part: _Counts, whole: _Counts) -> _Floats:
    return part / np.maximum(whole, 1)


def _mean(values: _Floats) -> float:
    return float(values.mean()) if len(values) else 0.0
