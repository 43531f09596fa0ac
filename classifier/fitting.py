"""Fits the linear heads and what stands between them. Only training imports this module."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from scipy.sparse import csr_matrix, hstack, vstack  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from classifier.features import Features
from classifier.model import softmax
from classifier.ngrams import FEATURES

Floats = NDArray[np.float64]
_MOST_STEPS = 100
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


def fit_sparse(rows: Matrix, given: Sequence[str], labels: Sequence[str], weights: Floats, strength: float) -> Fitted:
    """A multinomial regression. `given`: each row's label; `labels`: the columns; `strength`: inverse of the penalty."""
    used = np.unique(rows.indices)
    fitted = fit_dense(rows[:, used], given, labels, weights, strength)
    full = np.zeros((rows.shape[1], len(labels)))
    full[used] = fitted.weights
    return Fitted(weights=full, bias=fitted.bias)


def fit_dense(rows: object, given: Sequence[str], labels: Sequence[str], weights: Floats, strength: float) -> Fitted:
    """As `fit_sparse`, on rows whose every column is used."""
    regression = cast("_Regression", LogisticRegression(C=strength, max_iter=_MOST_STEPS, tol=2e-3))
    regression.fit(rows, np.array(given), sample_weight=weights)
    coefficients, intercept = regression.coef_, regression.intercept_
    if len(coefficients) == 1:
        coefficients, intercept = np.vstack([-coefficients, coefficients]) / 2, np.concatenate([-intercept, intercept]) / 2
    full = np.zeros((coefficients.shape[1], len(labels)))
    bias = np.full(len(labels), -30.0)
    for row, label in enumerate(regression.classes_):
        full[:, labels.index(str(label))] = coefficients[row]
        bias[labels.index(str(label))] = intercept[row]
    return Fitted(weights=full, bias=bias)


def weigh(experts: Sequence[Floats], truth: NDArray[np.int64], weights: Floats) -> tuple[float, ...]:
    """One factor for each expert's scores, none negative, under which the weighted sum's softmax finds the truth likeliest."""

    def loss(factors: Floats) -> float:
        table = softmax(sum((scores * factor for scores, factor in zip(experts, factors, strict=True)), np.zeros(1)))
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
