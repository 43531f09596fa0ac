"""From posts to the numbers the model weighs.

Hashed n-grams, and a small dense part: concepts named, shape of the post, scammers' habits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from classifier.concepts import shipped
from classifier.conduct import HABIT_NAMES, habits
from classifier.ngrams import Sparse, extract
from classifier.text import MAX_CHARACTERS, normalise

DENSE_WEIGHT = 1.5
"""Scale of the dense part beside n-grams of length 1: measured on the training voices."""
SHAPE = ("exclamation", "question", "shouting", "short", "long")


@dataclass(frozen=True, slots=True, kw_only=True)
class Features:
    """`grams`: one row a post. `dense`: (posts, concepts + shape + habits)."""

    grams: Sparse
    dense: NDArray[np.float32]


def dense_names() -> list[str]:
    """What the columns of the dense part mean; a model is bound to them."""
    return [*shipped().names, *SHAPE, *HABIT_NAMES]


def features(texts: Sequence[str], idf: NDArray[np.float32]) -> Features:
    """`idf`: one weight for each hashed n-gram."""
    clean = [normalise(text) for text in texts]
    columns = len(SHAPE) + len(HABIT_NAMES)
    shape = np.array([_shape(text[:MAX_CHARACTERS]) + _habits(text) for text in texts], np.float32).reshape(len(texts), columns)
    dense = np.hstack([shipped().matrix(clean), shape]) * np.float32(DENSE_WEIGHT)
    return Features(grams=weighted(extract(clean), idf), dense=dense)


def weighted(grams: Sparse, idf: NDArray[np.float32]) -> Sparse:
    """Values by rarity, rows of length 1 again."""
    values = grams.values * idf[grams.ids]
    rows = np.repeat(np.arange(grams.rows), np.diff(grams.starts))
    lengths = np.sqrt(np.bincount(rows, weights=values * values, minlength=grams.rows))
    return Sparse(ids=grams.ids, values=(values / np.maximum(lengths, 1e-6)[rows]).astype(np.float32), starts=grams.starts)


def _habits(text: str) -> list[float]:
    found = {signal.name for signal in habits(text)}
    return [float(name in found) for name in HABIT_NAMES]


def _shape(text: str) -> list[float]:
    letters = sum(character.isalpha() for character in text)
    capitals = sum(character.isupper() for character in text)
    marks = text.count("!") + text.count("！")
    return [
        min(marks, 3) / 3,
        float("?" in text or "？" in text),
        float(letters > 15 and capitals > 0.6 * letters),
        float(len(text) < 25),
        float(len(text) > 160),
    ]
