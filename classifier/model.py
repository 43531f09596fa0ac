"""The shipped model: one linear head a task over shared features, with calibrated probabilities."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from classifier.features import dense_names, features
from classifier.ngrams import FEATURES
from domain.errors import ModelError
from domain.understanding import SENTIMENTS, THREATS, URGENCIES, Judgement, Task

FORMAT = 1
TASKS: tuple[Task, ...] = get_args(Task)
FIXED_LABELS: Mapping[str, tuple[str, ...]] = {"sentiment": SENTIMENTS, "urgency": URGENCIES, "threat": THREATS}
MANIFEST, WEIGHTS = "manifest.json", "weights.npz"

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Labels of one task, where its columns begin, and the temperature that makes its probabilities honest."""

    labels: tuple[str, ...]
    first: int
    temperature: float


class Model:
    """Judges posts. Same text, same judgement, whatever stands beside it in the batch (up to rounding)."""

    def __init__(
        self, *, version: str, heads: Mapping[Task, Head], idf: Floats, grams: Floats, dense: Floats, bias: Floats
    ) -> None:
        self.version = version
        self.heads = heads
        self._idf = idf
        self._grams = grams
        self._dense = dense
        self._bias = bias

    def judge(self, texts: Sequence[str]) -> list[dict[Task, Judgement]]:
        """One judgement for each task, for each text."""
        by_task = self.probabilities(texts)
        return [
            {task: _judgement(self.heads[task].labels, table[row]) for task, table in by_task.items()}
            for row in range(len(texts))
        ]

    def probabilities(self, texts: Sequence[str]) -> dict[Task, NDArray[np.float64]]:
        """Task -> (texts, labels), rows sum to 1."""
        scores = self.scores(texts)
        return {
            task: softmax(scores[:, head.first : head.first + len(head.labels)] / head.temperature)
            for task, head in self.heads.items()
        }

    def scores(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, all labels of all tasks) before calibration."""
        if not texts:
            return np.zeros((0, len(self._bias)))
        found = features(texts, self._idf)
        weights = self._grams[found.grams.ids] * found.grams.values[:, None]
        # summed by np.add.reduceat row by row, never across rows, so a batch gives what single posts give
        return (
            np.add.reduceat(weights, found.grams.starts[:-1], axis=0, dtype=np.float64)
            + _rows(found.dense, self._dense)
            + self._bias
        )


def _rows(dense: Floats, weights: Floats) -> NDArray[np.float64]:
    """`dense @ weights` summed in one fixed order: BLAS rounds differently for different batch sizes."""
    return np.einsum("ij,jk->ik", dense, weights, dtype=np.float64, optimize=False)


def softmax(scores: NDArray[np.float64]) -> NDArray[np.float64]:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def _judgement(labels: Sequence[str], probabilities: NDArray[np.float64]) -> Judgement:
    return Judgement(
        label=labels[int(probabilities.argmax())], probabilities=dict(zip(labels, probabilities.tolist(), strict=True))
    )


def load(folder: Path) -> Model:
    """The model in `folder`. Raises ModelError when a file is missing, corrupt, or of another format or label scheme."""
    manifest = _read_manifest(folder / MANIFEST)
    heads = _heads(folder / MANIFEST, manifest)
    columns = sum(len(head.labels) for head in heads.values())
    dense_count = len(dense_names())
    arrays = _read_arrays(
        folder / WEIGHTS,
        {"idf": (FEATURES,), "grams": (FEATURES, columns), "dense": (dense_count, columns), "bias": (columns,)},
    )
    return Model(version=str(manifest["version"]), heads=heads, **arrays)


def _read_manifest(path: Path) -> Mapping[str, object]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(
            f"{path} is missing: run `python -m classifier.train` or point `files.model` at a model folder."
        ) from None
    except (OSError, ValueError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}): restore the model folder from the repository."
        ) from None
    manifest = _fields(content)
    if manifest.get("format") != FORMAT or "version" not in manifest:
        raise ModelError(f"{path} is not of format {FORMAT}: retrain with `python -m classifier.train`.")
    if manifest.get("dense") != dense_names():
        raise ModelError(
            f"{path} was trained with another classifier/data/concepts.txt: retrain with `python -m classifier.train`."
        )
    return manifest


def _heads(path: Path, manifest: Mapping[str, object]) -> dict[Task, Head]:
    tasks = manifest.get("tasks")
    heads: dict[Task, Head] = {}
    first = 0
    for task in TASKS:
        heads[task] = _head(path, task, _fields(_fields(tasks).get(task)), first)
        first += len(heads[task].labels)
    return heads


def _fields(content: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", content) if isinstance(content, dict) else {}


def _head(path: Path, task: Task, fields: Mapping[str, object], first: int) -> Head:
    labels, temperature = fields.get("labels"), fields.get("temperature")
    names = tuple(str(label) for label in cast("list[object]", labels)) if isinstance(labels, list) else ()
    if len(names) < 2 or len(set(names)) != len(names) or names != FIXED_LABELS.get(task, names):
        raise ModelError(f"{path} has wrong labels for the task {task}: retrain with `python -m classifier.train`.")
    if not isinstance(temperature, float) or not 0.01 <= temperature <= 100:
        raise ModelError(f"{path} has no sound temperature for the task {task}: retrain with `python -m classifier.train`.")
    return Head(labels=names, first=first, temperature=temperature)


def _read_arrays(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Floats]:
    # a torn or foreign zip raises errors of zipfile, zlib, struct and numpy: all mean the same to the person who reads it
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as archive:
            arrays = {name: np.asarray(archive[name], dtype=np.float32) for name in shapes}
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: restore the model folder from the repository.") from None
    except Exception as error:  # noqa: BLE001
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}): restore the model folder from the repository."
        ) from None
    for name, shape in shapes.items():
        if arrays[name].shape != shape or not np.isfinite(arrays[name]).all():
            raise ModelError(f"{path} holds `{name}` of a wrong shape: retrain with `python -m classifier.train`.")
    return arrays
