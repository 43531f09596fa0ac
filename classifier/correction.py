"""Fits what must be added to a head's weights so that it is right on new rows, and stays right on known ones."""

from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from threadpoolctl import threadpool_limits

from classifier.model import softmax

STRENGTHS = (0.1, 1.0, 10.0)
"""Inverse penalties that are tried: the smaller, the closer the head stays to what it was."""
NEW_WEIGHT = 3.0
"""A new row counts as so many known ones."""
_FOLDS = 3
_MOST_STEPS = 100

Floats = NDArray[np.float32]
Table = NDArray[np.float64]


class _Found(Protocol):
    x: Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """n rows as the model sees them. `scores` (n, labels) are its own; `shares` (n): how much the corrected part counts."""

    features: Floats
    scores: Table
    shares: Table
    truth: NDArray[np.int64]

    def rows(self, chosen: NDArray[np.bool_]) -> "Seen":
        return Seen(
            features=self.features[chosen], scores=self.scores[chosen], shares=self.shares[chosen], truth=self.truth[chosen]
        )


def fit_correction(seen: Seen, lots: NDArray[np.int64]) -> tuple[Table, Table]:
    """(features, labels) and (labels) to add. `lots`: a number for each author of a new row, -1 for known rows.

    How far the head may move is what folds of the new rows' authors find best.
    """
    new = lots >= 0
    # these products are too small to share: threads that wait for each other take many times as long on a busy machine
    with threadpool_limits(1):
        losses = [_unseen_losses(seen, lots, strength) for strength in STRENGTHS]
        return _fit(seen, new, STRENGTHS[int(np.argmin(losses))])


def _unseen_losses(seen: Seen, lots: NDArray[np.int64], strength: float) -> float:
    new = lots >= 0
    return sum(_unseen_loss(seen, new, new & (lots % _FOLDS == fold), strength) for fold in range(_FOLDS))


def _unseen_loss(seen: Seen, new: NDArray[np.bool_], held_out: NDArray[np.bool_], strength: float) -> float:
    if not held_out.any():
        return 0.0
    weights, bias = _fit(seen.rows(~held_out), new[~held_out], strength)
    judged = seen.rows(held_out)
    table = softmax(judged.scores + (judged.features @ weights + bias) * judged.shares[:, None])
    return -float(np.log(table[np.arange(len(table)), judged.truth] + 1e-12).sum())


def _fit(seen: Seen, new: NDArray[np.bool_], strength: float) -> tuple[Table, Table]:
    shape = (seen.features.shape[1] + 1, seen.scores.shape[1])
    rows, features = np.where(new, NEW_WEIGHT, 1.0), seen.features.astype(np.float64)
    right = np.eye(shape[1])[seen.truth]

    def loss(flat: Table) -> tuple[float, Table]:
        both = flat.reshape(shape)
        table = softmax(seen.scores + (features @ both[:-1] + both[-1]) * seen.shares[:, None])
        missed = (table - right) * (rows * seen.shares)[:, None]
        slope = np.vstack([features.T @ missed + both[:-1] / strength, missed.sum(axis=0)])
        cost = -(np.log((table * right).sum(axis=1) + 1e-12) * rows).sum() + (both[:-1] ** 2).sum() / (2 * strength)
        return float(cost), slope.ravel()

    start = np.zeros(shape[0] * shape[1])
    found = cast("_Found", minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": _MOST_STEPS}))
    both = found.x.reshape(shape)
    return both[:-1], both[-1]
