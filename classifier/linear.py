"""The cheap expert: hashed n-grams and ideas named, weighed by one matrix for all heads."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.features import dense_names, features
from classifier.ngrams import FEATURES
from domain.errors import ModelError

WEIGHTS = "linear.npz"
_SMALLEST = 1

Floats = NDArray[np.float32]


class LinearExpert:
    """Scores of every head. `grams` (n-grams, columns) is int8, `scale` (columns) turns it back into weights."""

    def __init__(self, *, idf: Floats, grams: NDArray[np.int8], scale: Floats, dense: Floats, bias: Floats) -> None:
        self._idf = idf
        self._grams = grams
        self._scale = scale
        self._dense = dense
        self._bias = bias

    @property
    def columns(self) -> int:
        return len(self._bias)

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, columns). Same text, same scores, whatever stands beside it in the batch."""
        if not texts:
            return np.zeros((0, self.columns))
        found = features(texts, self._idf)
        weights = self._grams[found.grams.ids] * found.grams.values[:, None]
        # summed by np.add.reduceat row by row, never across rows, so a batch gives what single posts give
        summed = np.add.reduceat(weights, found.grams.starts[:-1], axis=0, dtype=np.float64)
        return summed * self._scale + fixed_order_product(found.dense, self._dense) + self._bias


def fixed_order_product(rows: Floats, weights: Floats) -> NDArray[np.float64]:
    """`rows @ weights` summed in one fixed order: BLAS rounds differently for different batch sizes."""
    return np.einsum("ij,jk->ik", rows, weights, dtype=np.float64, optimize=False)


def pack(weights: NDArray[np.floating]) -> tuple[NDArray[np.int8], Floats]:
    """(n-grams, columns) -> the same as int8, and each column's scale. The smallest become 0, for the file's sake."""
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-9) / 127.0
    whole = np.rint(weights / scale).astype(np.int8)
    return np.where(np.abs(whole) <= _SMALLEST, 0, whole).astype(np.int8), scale.astype(np.float32)


def load_linear(folder: Path, columns: int) -> LinearExpert:
    """Raises ModelError when the file is missing, corrupt or of other shapes."""
    shapes = {
        "idf": (FEATURES,),
        "grams": (FEATURES, columns),
        "scale": (columns,),
        "dense": (len(dense_names()), columns),
        "bias": (columns,),
    }
    arrays = read_arrays(folder / WEIGHTS, shapes)
    floats = {name: array.astype(np.float32) for name, array in arrays.items() if name != "grams"}
    return LinearExpert(grams=arrays["grams"].astype(np.int8), **floats)


def read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, NDArray[np.generic]]:
    """The named arrays of an .npz file. Raises ModelError when it is missing or corrupt, or a shape is not the one given."""
    # a torn or foreign zip raises errors of zipfile, zlib, struct and numpy: all mean the same to the person who reads it
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays: dict[str, NDArray[np.generic]] = {name: np.asarray(archive[name]) for name in shapes}
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: restore the model folder from the repository.") from None
    except Exception as error:  # noqa: BLE001
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}): restore the model folder from the repository."
        ) from None
    for name, shape in shapes.items():
        if arrays[name].shape != shape or arrays[name].dtype.kind not in "fi" or not np.isfinite(arrays[name]).all():
            raise ModelError(f"{path} holds `{name}` of a wrong shape or kind: retrain, or restore the model folder.")
    return arrays
