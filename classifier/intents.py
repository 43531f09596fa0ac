"""A model for any set of labels: linear scores over the frozen encoder and hashed n-grams."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]

from classifier.encoder import NETWORK, WIDTH, Encoded, Encoder, load_encoder
from classifier.features import weighted
from classifier.linear import fixed_order_product, read_arrays
from classifier.model import MANIFEST, softmax, unit
from classifier.ngrams import FEATURES, extract
from classifier.text import plain
from domain.errors import ModelError

FORMAT = 1
KIND = "intents"
WEIGHTS = "weights.npz"
SHIPPED = Path(__file__).resolve().parent / "models" / "default"
"""Where the encoder comes from, unless the folder holds one of its own."""

PARTS = ("mean", "middle", "low", "words")
"""Parts of the encoder's output that are weighed, each of length 1."""
DENSE = len(PARTS) * WIDTH
OUT_OF_SCOPE = frozenset({"oos", "ood", "out_of_scope", "out_of_domain", "none"})
"""Names, in lower case and with underscores, of the label that means: none of the others."""
BATCH = 512
"""Texts judged at once, so that a long list takes no more memory than a short one."""

Floats = NDArray[np.float32]
Table = NDArray[np.float64]


class Encodes(Protocol):
    """What is needed of an encoder; `classifier.encoder.Encoder` is one."""

    @property
    def digest(self) -> str: ...
    def encode(self, texts: Sequence[str]) -> Encoded: ...


class Matrix(Protocol):
    """The little of scipy's sparse matrices that is used here."""

    indices: NDArray[np.int32]
    shape: tuple[int, int]

    def __getitem__(self, key: object) -> "Matrix": ...
    def __matmul__(self, other: Floats | Table) -> Table: ...
    def __mul__(self, factor: float) -> "Matrix": ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """When a text is out of scope: `weights` over `doubtful` (bias last) give its log-odds, and those above `cut` are."""

    column: int
    weights: tuple[float, ...]
    cut: float

    def probabilities(self, scores: Table) -> Table:
        """Rows sum to 1; the out-of-scope label is likeliest just where the doubt is above the cut."""
        inside = softmax(np.delete(scores, self.column, axis=1))
        excess = doubtful(scores, self.column) @ np.array(self.weights[:-1]) + self.weights[-1] - self.cut
        odds = np.exp(np.clip(excess, -30, 30)) * inside.max(axis=1)
        share = odds / (1 + odds)
        return np.insert(inside * (1 - share)[:, None], self.column, share, axis=1)


def doubtful(scores: Table, column: int) -> Table:
    """(texts, 3): how sure the likeliest label in scope is, how well it fits by itself, how well out of scope fits."""
    inside = np.delete(scores, column, axis=1)
    best = inside.max(axis=1)
    sure = np.clip(softmax(inside).max(axis=1), 1e-9, 1 - 1e-9)
    return np.stack([np.log(sure / (1 - sure)), best, scores[:, column]], axis=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """Linear scores of L labels. `grams` has a row for each n-gram that counts, `places` (FEATURES) names it, or -1."""

    dense: Floats
    grams: Floats
    bias: Floats
    idf: Floats
    places: NDArray[np.int32]


class IntentModel:
    """Judges texts by one set of labels. Safe to call from several threads."""

    def __init__(
        self, *, version: str, labels: tuple[str, ...], encoder: Encodes, weights: Weights, doubt: Doubt | None = None
    ) -> None:
        self.version = version
        self._labels = labels
        self._encoder = encoder
        self._weights = weights
        self._doubt = doubt

    @property
    def labels(self) -> tuple[str, ...]:
        return self._labels

    def probabilities(self, texts: Sequence[str]) -> Table:
        """(texts, labels); every row sums to 1."""
        tables = [self._judge(texts[first : first + BATCH]) for first in range(0, len(texts), BATCH)]
        return np.concatenate([np.zeros((0, len(self._labels))), *tables])

    def _judge(self, texts: Sequence[str]) -> Table:
        weights = self._weights
        grams = gram_rows(texts, weights.idf, weights.places, len(weights.grams)) @ weights.grams
        scores = fixed_order_product(dense_rows(self._encoder.encode(texts)), weights.dense) + grams + weights.bias
        return softmax(scores) if self._doubt is None else self._doubt.probabilities(scores)


def dense_rows(encoded: Encoded) -> Floats:
    """(texts, DENSE)."""
    return np.hstack([unit(getattr(encoded, part)) for part in PARTS])


def gram_rows(texts: Sequence[str], idf: Floats, places: NDArray[np.int32], width: int) -> Matrix:
    """(texts, width), sparse: n-grams weighted by rarity, rows of length 1, those without a place left out."""
    grams = weighted(extract([plain(text) for text in texts]), idf)
    kept = places[grams.ids] >= 0
    starts = np.concatenate([[0], np.cumsum(kept)])[grams.starts]
    return cast("Matrix", csr_matrix((grams.values[kept], places[grams.ids[kept]], starts), shape=(grams.rows, width)))


def out_of_scope(label: str) -> bool:
    return label.strip().lower().replace("-", "_").replace(" ", "_") in OUT_OF_SCOPE


def load_intents(folder: Path, encoder: Encodes | None = None) -> IntentModel:
    """The model in `folder`. Raises ModelError when a file is missing, corrupt, or bound to another encoder."""
    path = folder / MANIFEST
    manifest = _manifest(path)
    encoder = encoder or _encoder(folder)
    if encoder.digest != manifest.get("encoder"):
        raise ModelError(f"{path} was trained over another encoder: train it again with `fleetwatch train intents`.")
    labels = _labels(path, manifest)
    return IntentModel(
        version=str(manifest["version"]),
        labels=labels,
        encoder=encoder,
        weights=_weights(path, manifest, len(labels)),
        doubt=_doubt(path, manifest.get("doubt"), len(labels)),
    )


def _encoder(folder: Path) -> Encoder:
    return load_encoder(folder if (folder / NETWORK).exists() else SHIPPED)


def _manifest(path: Path) -> Mapping[str, object]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: name a folder that `fleetwatch train intents` wrote.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): train the model again.") from None
    manifest = cast("dict[str, object]", content) if isinstance(content, dict) else {}
    if manifest.get("format") != FORMAT or manifest.get("kind") != KIND or "version" not in manifest:
        raise ModelError(f"{path} is no model of intents of format {FORMAT}: name another folder, or train again.")
    return manifest


def _labels(path: Path, manifest: Mapping[str, object]) -> tuple[str, ...]:
    found = manifest.get("labels")
    labels = tuple(str(label) for label in cast("list[object]", found)) if isinstance(found, list) else ()
    if len(labels) < 2 or len(set(labels)) != len(labels):
        raise ModelError(f"{path} has wrong labels: train the model again.")
    return labels


def _weights(path: Path, manifest: Mapping[str, object], labels: int) -> Weights:
    count = manifest.get("grams")
    if not isinstance(count, int) or not 0 <= count <= FEATURES:
        raise ModelError(f"{path} does not say how many n-grams count: train the model again.")
    shapes = {"dense": (DENSE, labels), "grams": (count, labels), "scale": (labels,), "bias": (labels,)}
    arrays = read_arrays(path.parent / WEIGHTS, shapes | {"ids": (count,), "idf": (count,)})
    ids = arrays["ids"].astype(np.int64)
    if count and not 0 <= ids.min() <= ids.max() < FEATURES:
        raise ModelError(f"{path.parent / WEIGHTS} names n-grams that there are not: train the model again.")
    return Weights(
        dense=arrays["dense"].astype(np.float32),
        grams=arrays["grams"].astype(np.float32) * arrays["scale"].astype(np.float32),
        bias=arrays["bias"].astype(np.float32),
        idf=spread_idf(ids, arrays["idf"].astype(np.float32)),
        places=places_of(ids),
    )


def spread_idf(ids: NDArray[np.int64], idf: Floats) -> Floats:
    """(FEATURES): n-grams that training never saw weigh nothing."""
    spread = np.zeros(FEATURES, np.float32)
    spread[ids] = idf
    return spread


def places_of(ids: NDArray[np.int64]) -> NDArray[np.int32]:
    """(FEATURES): where each n-gram stands among `ids`, or -1."""
    places = np.full(FEATURES, -1, np.int32)
    places[ids] = np.arange(len(ids))
    return places


def _doubt(path: Path, found: object, labels: int) -> Doubt | None:
    if found is None:
        return None
    fields = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    column, weights, cut = fields.get("column"), fields.get("weights"), fields.get("cut")
    numbers = [*cast("list[object]", weights), cut] if isinstance(weights, list) else []
    sound = len(numbers) == 5 and all(isinstance(number, float) and np.isfinite(number) for number in numbers)
    if not sound or not isinstance(column, int) or not 0 <= column < labels:
        raise ModelError(f"{path} has no sound bound for what is out of scope: train the model again.")
    *flat, last = cast("list[float]", numbers)
    return Doubt(column=column, weights=tuple(flat), cut=last)
