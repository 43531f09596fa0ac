"""Fits the linear heads and what stands between them. Only training imports this module."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from scipy.sparse import csr_matrix, hstack, vstack  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from classifier.features import Features
from classifier.model import softmax
from classifier.ngrams import FEATURES

Floats = NDArray[np.floating]
Table = NDArray[np.float64]
_MOST_STEPS = 300
_NEVER = -30.0
"""Score of a label that cannot be."""
_MOST_WEIGHT = 100.0


class Matrix(Protocol):
    """The little of scipy's sparse matrices that is used here."""

    indices: NDArray[np.int32]
    shape: tuple[int, int]

    def __getitem__(self, key: object) -> "Matrix": ...
    def dot(self, other: Floats) -> Floats: ...


class _Regression(Protocol):
    classes_: NDArray[np.str_]
    coef_: Floats
    intercept_: Floats

    def fit(self, rows: object, labels: object, sample_weight: object = None) -> object: ...


class _Minimum(Protocol):
    x: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A head before it is packed: `weights` (features, labels), `bias` (labels)."""

    weights: Floats
    bias: Floats


def stack(found: Features) -> Matrix:
    """One sparse matrix: hashed n-grams, then the dense part."""
    grams = csr_matrix((found.grams.values, found.grams.ids, found.grams.starts), shape=(found.grams.rows, FEATURES))
    return cast("Matrix", hstack([grams, csr_matrix(found.dense)], format="csr"))


def stack_rows(parts: Sequence[Matrix]) -> Matrix:
    """The parts below each other."""
    return cast("Matrix", vstack(parts, format="csr"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What one row is labelled. `weight`: how much it counts. `unsaid`: a label that this row says nothing about."""

    place: int
    label: str
    weight: float = 1.0
    unsaid: str | None = None


def fit_sparse(rows: Matrix, given: Sequence[Given], labels: Sequence[str], strength: float) -> Fitted:
    """Logistic regressions, each label against the others. `labels`: the columns; `strength`: inverse of the penalty.

    One against the others, since over a million n-grams only liblinear comes to an end in reasonable time.
    """
    used = np.unique(rows[[one.place for one in given]].indices)
    narrow = rows[:, used]
    asked = labels[1:] if len(labels) == 2 else labels
    # liblinear lets go of the interpreter while it works, so each core has a label of its own
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        found = list(pool.map(partial(_against_others, narrow, given, strength), asked))
    weights, bias = np.stack([one for one, _ in found], axis=1), np.array([one for _, one in found])
    if len(labels) == 2:
        weights, bias = np.hstack([-weights, weights]), np.concatenate([-bias, bias])
    full = np.zeros((rows.shape[1], len(labels)))
    full[used] = weights
    return Fitted(weights=full, bias=bias)


def _against_others(rows: Matrix, given: Sequence[Given], strength: float, label: str) -> tuple[Floats, float]:
    heard = [one for one in given if one.unsaid != label]
    truth = np.array([one.label == label for one in heard])
    if not truth.any():
        return np.zeros(rows.shape[1]), _NEVER
    regression = cast(
        "_Regression",
        LogisticRegression(C=strength, solver="liblinear", dual=True, tol=1e-2, max_iter=_MOST_STEPS, random_state=0),
    )
    regression.fit(rows[[one.place for one in heard]], truth, np.array([one.weight for one in heard]))
    return regression.coef_[0], float(regression.intercept_[0])


def fit_dense(rows: Floats, given: Sequence[Given], labels: Sequence[str], strength: float) -> Fitted:
    """A multinomial regression on rows whose every column is used."""
    table = rows[[one.place for one in given]]
    right = np.zeros((len(given), len(labels)), np.float32)
    right[np.arange(len(given)), [labels.index(one.label) for one in given]] = 1
    open_to = silence([one.unsaid for one in given], labels).astype(np.float32)
    weights = np.array([one.weight for one in given], np.float32)[:, None]
    shape = (table.shape[1] + 1, len(labels))

    def loss(flat: Floats) -> tuple[float, Floats]:
        both = flat.reshape(shape)
        said = softmax(table @ both[:-1].astype(np.float32) + both[-1].astype(np.float32) + open_to)
        missed = (said - right) * weights
        slope = np.vstack([table.T @ missed + both[:-1] / strength, missed.sum(axis=0)])
        cost = -float((np.log((said * right).sum(axis=1) + 1e-12) * weights[:, 0]).sum())
        return cost + float((both[:-1] ** 2).sum()) / (2 * strength), slope.astype(np.float64).ravel()

    start = np.zeros(shape[0] * shape[1])
    found = cast("_Minimum", minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}))
    both = found.x.reshape(shape)
    return Fitted(weights=both[:-1], bias=both[-1])


def silence(unsaid: Sequence[str | None], labels: Sequence[str]) -> Table:
    """(rows, labels): very low where a row says nothing about a label, else 0."""
    return np.array([[_NEVER if label == one else 0.0 for label in labels] for one in unsaid])


def weigh(
    experts: Sequence[Floats], truth: NDArray[np.int64], weights: Floats, unsaid: Table | None = None
) -> tuple[float, ...]:
    """One factor for each expert's scores, none negative, under which the weighted sum's softmax finds the truth likeliest.

    `unsaid`: (rows, labels), very low where a row says nothing about a label, else 0.
    """

    never = np.zeros(1) if unsaid is None else unsaid

    def loss(factors: Floats) -> float:
        table = softmax(sum((scores * factor for scores, factor in zip(experts, factors, strict=True)), never))
        likelihood = np.log(table[np.arange(len(truth)), truth] + 1e-12)
        return float(-(likelihood * weights).sum() / weights.sum()) + 1e-4 * float((factors**2).sum())

    start = np.full(len(experts), 1.0 / len(experts))
    found = cast("_Minimum", minimize(loss, start, method="L-BFGS-B", bounds=[(0.0, _MOST_WEIGHT)] * len(experts)))
    return tuple(float(factor) for factor in found.x)


def fit_two(features: Floats, truth: NDArray[np.bool_], strength: float = 1.0) -> tuple[float, ...]:
    """A two-way regression on few features: weights, the bias last."""
    regression = cast("_Regression", LogisticRegression(C=strength, max_iter=500))
    regression.fit(features, truth)
    return (*(float(value) for value in regression.coef_[0]), float(regression.intercept_[0]))
