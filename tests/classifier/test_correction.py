"""Corrections of a head: right on new rows, unmoved where nothing is to be learned."""

import numpy as np
from numpy.typing import NDArray

from classifier.correction import Seen, fit_correction


def seen(*, wrong: bool) -> tuple[Seen, NDArray[np.int64]]:
    """60 known rows that the model has right, and 60 new ones, of 12 authors, that it has right or wrong."""
    dice = np.random.default_rng(1)
    truth = np.tile([0, 1, 2], 40)
    features = np.zeros((120, 8), np.float32)
    features[np.arange(120), truth + np.repeat([0, 4], 60)] = 1  # new rows look different from known ones
    features += dice.normal(scale=0.05, size=features.shape).astype(np.float32)
    believed = truth.copy()
    believed[60:] = (truth[60:] + wrong) % 3
    lots = np.concatenate([np.full(60, -1), np.arange(60) // 5])
    return Seen(features=features, scores=np.eye(3)[believed] * 4, shares=np.full(120, 0.8), truth=truth), lots


def corrected(rows: Seen, lots: NDArray[np.int64]) -> NDArray[np.int64]:
    weights, bias = fit_correction(rows, lots)
    return (rows.scores + (rows.features @ weights + bias) * rows.shares[:, None]).argmax(axis=1)


def test_new_rows_are_learned_and_known_ones_kept() -> None:
    rows, lots = seen(wrong=True)
    assert (corrected(rows, lots) == rows.truth).all()


def test_what_is_right_already_stays_right() -> None:
    rows, lots = seen(wrong=False)
    assert (corrected(rows, lots) == rows.truth).all()


def test_a_part_that_counts_for_nothing_is_left_alone() -> None:
    rows, lots = seen(wrong=True)
    mute = Seen(features=rows.features, scores=rows.scores, shares=np.zeros(120), truth=rows.truth)
    weights, bias = fit_correction(mute, lots)
    assert not weights.any()
    assert not bias.any()


def test_new_rows_of_one_author_are_enough_to_fit() -> None:
    rows, lots = seen(wrong=True)
    weights, _ = fit_correction(rows, np.minimum(lots, 0))
    assert np.isfinite(weights).all()
