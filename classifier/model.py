"""The shipped model: a cheap linear expert for every post, and the encoder for the posts it is not sure of."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast, get_args

import numpy as np
from numpy.typing import NDArray

from classifier.encoder import WIDTH, Encoded, Encoder, load_encoder
from classifier.features import dense_names
from classifier.linear import LinearExpert, fixed_order_product, load_linear, read_arrays
from classifier.text import SCRIPTS, script, without_links
from domain.errors import ModelError
from domain.understanding import NEEDS, SENTIMENTS, THREATS, URGENCIES, Judgement, Task

FORMAT = 2
KIND = "fleet"
TASKS: tuple[Task, ...] = get_args(Task)
FIXED_LABELS: Mapping[str, tuple[str, ...]] = {
    "sentiment": SENTIMENTS,
    "urgency": URGENCIES,
    "threat": THREATS,
    "action": NEEDS,
}
EXTRA_HEADS = ("spam", "action", "article")
"""What the model says besides the tasks: unwanted bulk, what a support lead would do, which FAQ article is meant."""
NEEDS_HEADS = ("urgency", "intent", "action", "article")
"""Heads about what the author needs."""
MANIFEST, HEADS = "manifest.json", "heads.npz"
HEAD_PARTS = ("first", "mean", "middle")
"""Parts of the encoder's output that the heads weigh, each of length 1."""

_LINK_SIGN = "://"

Floats = NDArray[np.float32]
Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """Labels of one task, where its columns begin, and how its experts' scores become honest probabilities."""

    labels: tuple[str, ...]
    first: int
    alone: float
    """Weight of the linear expert's scores where it judges alone."""
    stacked: Mapping[str, tuple[float, float]]
    """Script -> weights of the linear expert's and the encoder's scores where both judge."""
    sure: float
    """Probability from which the linear expert may judge this task alone; above 1: never, 0: this head is not asked."""

    @property
    def columns(self) -> slice:
        return slice(self.first, self.first + len(self.labels))


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the model says of n texts. `probabilities`: head -> (n, labels), rows sum to 1."""

    probabilities: Mapping[str, Table]
    encoded: NDArray[np.bool_]
    """Which texts the encoder has read."""
    means: Floats
    """(n, WIDTH) of length 1; zeros where the encoder has not read."""

    def rows(self, places: Sequence[int]) -> "Reading":
        return Reading(
            probabilities={name: table[places] for name, table in self.probabilities.items()},
            encoded=self.encoded[places],
            means=self.means[places],
        )


class Model:
    """Judges posts. Safe to call from several threads."""

    def __init__(
        self, *, version: str, heads: Mapping[str, Head], linear: LinearExpert, encoder: Encoder, weights: Floats, bias: Floats
    ) -> None:
        self.version = version
        self.heads = heads
        self.linear = linear
        self.encoder = encoder
        self._weights = weights
        self._bias = bias

    def judge(self, texts: Sequence[str]) -> list[dict[Task, Judgement]]:
        """One judgement for each task, for each text."""
        return judgements(self.read(texts), self.heads)

    def probabilities(self, texts: Sequence[str]) -> Mapping[str, Table]:
        """Head -> (texts, labels), by both experts: the cascade spares the encoder only where nothing else hangs on a text."""
        return self.read(texts, all_encoded=True).probabilities

    def read(self, texts: Sequence[str], *, all_encoded: bool = False) -> Reading:
        """`all_encoded`: every text goes through the encoder, whatever the linear expert thinks of it.

        What somebody needs is read without the links of the post: a link tells who is behind it.
        """
        reading = self._read(texts, all_encoded=all_encoded)
        places = [place for place, text in enumerate(texts) if _LINK_SIGN in text]
        if places:
            bare = self._read([without_links(texts[place]) for place in places], all_encoded=all_encoded)
            for name in NEEDS_HEADS:
                reading.probabilities[name][places] = bare.probabilities[name]
            reading.encoded[places] |= bare.encoded
            reading.means[places] = bare.means
        return reading

    def _read(self, texts: Sequence[str], *, all_encoded: bool) -> Reading:
        cheap = self.linear.scores(texts)
        alone = {name: softmax(cheap[:, head.columns] * head.alone) for name, head in self.heads.items()}
        doubtful = np.ones(len(texts), np.bool_) if all_encoded else ~self._sure(alone, len(texts))
        places = np.flatnonzero(doubtful)
        means = np.zeros((len(texts), WIDTH), np.float32)
        if len(places):
            encoded = self.encoder.encode([texts[place] for place in places.tolist()])
            means[places] = unit(encoded.mean)
            deep = self.encoder_scores(encoded)
            scripts = [script(texts[place]) for place in places.tolist()]
            for name, head in self.heads.items():
                weights = np.array([head.stacked[one] for one in scripts])
                both = cheap[places, head.columns] * weights[:, :1] + deep[:, head.columns] * weights[:, 1:]
                alone[name][places] = softmax(both)
        return Reading(probabilities=alone, encoded=doubtful, means=means)

    def encoder_scores(self, encoded: Encoded) -> Table:
        """(texts, columns) of the heads over the encoder."""
        return fixed_order_product(head_features(encoded), self._weights) + self._bias

    def _sure(self, alone: Mapping[str, Table], count: int) -> NDArray[np.bool_]:
        """Surely a scam, or surely nothing to answer: whoever may need help is read by the encoder."""
        sure = np.ones(count, np.bool_)
        for name, head in self.heads.items():
            sure &= alone[name].max(axis=1, initial=0.0) >= head.sure
        threat, action = self.heads["threat"], self.heads["action"]
        scam = alone["threat"][:, threat.labels.index("scam")] >= max(threat.sure, 0.5)
        idle = alone["action"].argmax(axis=1) == action.labels.index("none")
        return sure & (scam | idle)


def head_features(encoded: Encoded) -> Floats:
    """(texts, len(HEAD_PARTS) * WIDTH)."""
    return np.hstack([unit(getattr(encoded, part)) for part in HEAD_PARTS])


def unit(rows: Floats) -> Floats:
    """Rows of length 1."""
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-6))


def softmax(scores: Table) -> Table:
    raised = np.exp(scores - scores.max(axis=1, keepdims=True, initial=-1e9))
    return raised / raised.sum(axis=1, keepdims=True)


def judgements(reading: Reading, heads: Mapping[str, Head]) -> list[dict[Task, Judgement]]:
    return [
        {task: judgement(heads[task].labels, reading.probabilities[task][row]) for task in TASKS}
        for row in range(len(reading.encoded))
    ]


def judgement(labels: Sequence[str], probabilities: Table) -> Judgement:
    return Judgement(
        label=labels[int(probabilities.argmax())], probabilities=dict(zip(labels, probabilities.tolist(), strict=True))
    )


def load(folder: Path, threads: int = 0) -> Model:
    """The model in `folder`. Raises ModelError when a file is missing, corrupt, or of another format or label scheme."""
    path = folder / MANIFEST
    manifest = read_manifest(path)
    heads = _heads(path, _fields(manifest.get("heads")))
    columns = sum(len(head.labels) for head in heads.values())
    encoder = load_encoder(folder, threads)
    if encoder.digest != manifest.get("encoder"):
        raise ModelError(f"{path} belongs to another encoder than the one beside it: restore the model folder.")
    arrays = read_arrays(folder / HEADS, {"weights": (len(HEAD_PARTS) * WIDTH, columns), "bias": (columns,)})
    return Model(
        version=str(manifest["version"]),
        heads=heads,
        linear=load_linear(folder, columns),
        encoder=encoder,
        weights=arrays["weights"].astype(np.float32),
        bias=arrays["bias"].astype(np.float32),
    )


def read_manifest(path: Path) -> Mapping[str, object]:
    """The manifest of a fleet model. Raises ModelError when it is missing, torn, or not one that this program reads."""
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: point `files.model` at a model folder.") from None
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): restore the model folder.") from None
    manifest = _fields(content)
    if manifest.get("format") != FORMAT or manifest.get("kind") != KIND or "version" not in manifest:
        raise ModelError(f"{path} is not a fleet model of format {FORMAT}: use another folder, or retrain.")
    if manifest.get("dense") != dense_names():
        raise ModelError(f"{path} was trained with another classifier/data/concepts.txt: retrain the model.")
    return manifest


def _heads(path: Path, fields: Mapping[str, object]) -> dict[str, Head]:
    heads: dict[str, Head] = {}
    first = 0
    for name in (*TASKS, *EXTRA_HEADS):
        heads[name] = _head(path, name, _fields(fields.get(name)), first)
        first += len(heads[name].labels)
    return heads


def _fields(content: object) -> Mapping[str, object]:
    return cast("Mapping[str, object]", content) if isinstance(content, dict) else {}


def _head(path: Path, name: str, fields: Mapping[str, object], first: int) -> Head:
    found = fields.get("labels")
    labels = tuple(str(label) for label in cast("list[object]", found)) if isinstance(found, list) else ()
    if len(labels) < 2 or len(set(labels)) != len(labels) or labels != FIXED_LABELS.get(name, labels):
        raise ModelError(f"{path} has wrong labels for the head `{name}`: retrain, or restore the model folder.")
    stacked = _fields(fields.get("stacked"))
    pairs = [pair for one in SCRIPTS for pair in (cast("list[object]", stacked.get(one)) or [None])]
    numbers = [fields.get("alone"), fields.get("sure"), *pairs]
    if len(pairs) != 2 * len(SCRIPTS) or not all(isinstance(number, float) and 0 <= number <= 1000 for number in numbers):
        raise ModelError(f"{path} has no sound weights for the head `{name}`: retrain, or restore the model folder.")
    alone, sure, *flat = cast("list[float]", numbers)
    weights = {one: (flat[2 * place], flat[2 * place + 1]) for place, one in enumerate(SCRIPTS)}
    return Head(labels=labels, first=first, alone=alone, stacked=weights, sure=sure)
