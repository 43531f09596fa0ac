"""Trains `classifier.intents` for any set of labels, without torch.

A few linear experts see the same texts, through one layer of the encoder or four, beside n-grams or alone. Folds of the
training rows say how much each is to be trusted, and when a text is out of scope.
"""

import os
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, hstack  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from sklearn.linear_model import LogisticRegression  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from sklearn.svm import LinearSVC  # pyright: ignore[reportMissingTypeStubs, reportUnknownVariableType]
from threadpoolctl import threadpool_limits

from classifier.encoder import WIDTH
from classifier.fitting import fit_two, weigh
from classifier.folders import Progress
from classifier.intents import (
    BATCH,
    DENSE,
    Doubt,
    Encodes,
    IntentModel,
    Matrix,
    Weights,
    dense_rows,
    doubtful,
    gram_rows,
    out_of_scope,
    places_of,
    spread_idf,
)
from classifier.labelled import Labelled
from classifier.ngrams import FEATURES, extract
from classifier.text import plain
from domain.errors import ConfigError

FEW = 3000
"""Up to so many rows, copies with words left out join them: measured on BANKING77 with ten rows a label."""
COPIES, COPY_WEIGHT, LEFT_OUT = 4, 0.25, 0.15
MOST_ROWS = 40_000
"""More rows are drawn from evenly: the fit's memory grows with them, and its quality no longer does."""
MOST_LOST = 0.01
"""Share of the rows in scope whose right label may be lost to `out of scope`."""
_MOST_STEPS = 2000

Floats = NDArray[np.float32]
Table = NDArray[np.float64]
Codes = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expert:
    """A linear classifier: over the first `dense` columns of the encoder's parts, n-grams weighed by `grams`."""

    name: str
    dense: int
    grams: float
    strength: float
    logistic: bool = False
    """Fits all labels at once, which pays only where rows are few; else one label against the others."""
    copies: bool = True


MANY_EXPERTS = (
    Expert(name="last layer", dense=WIDTH, grams=0.6, strength=6.0),
    Expert(name="four layers", dense=DENSE, grams=0.5, strength=2.0),
)
FEW_EXPERTS = (
    Expert(name="last layer alone", dense=WIDTH, grams=0.0, strength=20.0, logistic=True),
    Expert(name="last layer", dense=WIDTH, grams=0.3, strength=1.0),
    Expert(name="four layers", dense=DENSE, grams=0.4, strength=0.5, copies=False),
)
"""Measured on BANKING77: few rows want other experts than many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A model and what the folds said of it. Accuracy is that of rows in scope, recall that of the others, if there are any."""

    model: IntentModel
    weights: Weights
    gram_ids: Codes
    doubt: Doubt | None
    rows: int
    accuracy: float
    recall: float | None
    factors: Mapping[str, float]


class _Machine(Protocol):
    coef_: Table
    intercept_: Table

    def fit(self, rows: object, labels: object, sample_weight: object = None) -> object: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """What is fitted. `origin`: the example each row was made from, -1 for the labels' own names."""

    dense: Floats
    grams: Matrix
    codes: Codes
    weights: Table
    origin: Codes
    gram_ids: Codes
    idf: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fit:
    """`dense` and `grams`: (columns, labels)."""

    dense: Table
    grams: Table
    bias: Table

    def scores(self, rows: _Rows, places: Codes) -> Table:
        return rows.dense[places, : len(self.dense)] @ self.dense + rows.grams[places] @ self.grams + self.bias


def fit_intents(examples: Sequence[Labelled], encoder: Encodes, version: str, progress: Progress) -> Trained:
    """Raises ConfigError when the examples cannot be learned from."""
    examples = _sample(_sound(examples))
    labels = tuple(sorted({example.label for example in examples}))
    rows = _rows(examples, labels, encoder, progress)
    experts = FEW_EXPERTS if len(examples) <= FEW else MANY_EXPERTS
    scores, fits = _fit_all(rows, experts, len(examples), len(labels), progress)
    column = next((place for place, label in enumerate(labels) if out_of_scope(label)), None)
    truth = rows.codes[: len(examples)]
    factors = _factors(scores, truth, column)
    summed = sum((table * factor for table, factor in zip(scores, factors, strict=True)), np.zeros(1))
    weights = _weights(fits, factors, rows)
    doubt = None if column is None else _doubt(summed, truth, column)
    inside = truth != column
    said = (summed if doubt is None else doubt.probabilities(summed)).argmax(axis=1)
    return Trained(
        model=IntentModel(version=version, labels=labels, encoder=encoder, weights=weights, doubt=doubt),
        weights=weights,
        gram_ids=rows.gram_ids,
        doubt=doubt,
        rows=len(examples),
        accuracy=float((said == truth)[inside].mean()),
        recall=None if doubt is None else float((said == truth)[~inside].mean()),
        factors={expert.name: factor for expert, factor in zip(experts, factors, strict=True)},
    )


def _sound(examples: Sequence[Labelled]) -> list[Labelled]:
    """Each text once a label, empty ones left out. Raises ConfigError when too little is left."""
    kept = list({(plain(example.text), example.label): example for example in examples if plain(example.text)}.values())
    counts = Counter(example.label for example in kept)
    inside = sorted(label for label in counts if not out_of_scope(label))
    if len(inside) < 2:
        named = f"only the label `{inside[0]}`" if inside else "no label"
        raise ConfigError(f"the rows with a text bear {named}; intents need two labels at least, so add rows of another.")
    if len(counts) - len(inside) > 1:
        names = ", ".join(sorted(set(counts) - set(inside)))
        raise ConfigError(f"several labels mean out of scope ({names}); give their rows one name.")
    single = next((example for example in kept if counts[example.label] == 1), None)
    if single is not None:
        raise ConfigError(
            f"line {single.line}: `{single.label}` has no other row with another text; add rows of that label, or remove it."
        )
    return kept


def _sample(examples: Sequence[Labelled]) -> list[Labelled]:
    """Of too many rows the same share of every label, two at least."""
    if len(examples) <= MOST_ROWS:
        return list(examples)
    order = random.Random(0).sample(examples, len(examples))
    share = MOST_ROWS / len(examples)
    counts = Counter(example.label for example in examples)
    left = {label: max(2, int(count * share)) for label, count in counts.items()}
    kept: list[Labelled] = []
    for example in order:
        if left[example.label]:
            left[example.label] -= 1
            kept.append(example)
    return kept


def _rows(examples: Sequence[Labelled], labels: Sequence[str], encoder: Encodes, progress: Progress) -> _Rows:
    """The examples, then each label's name as a row of its own, then copies of few examples."""
    names = [(label, label.replace("_", " ").replace("-", " ")) for label in labels if not out_of_scope(label)]
    copies = _copies(examples) if len(examples) <= FEW else []
    texts = [*(example.text for example in examples), *(name for _, name in names), *(text for _, text in copies)]
    given = [*(example.label for example in examples), *(label for label, _ in names)]
    given += [examples[place].label for place, _ in copies]
    origin = np.array([*range(len(examples)), *(-1 for _ in names), *(place for place, _ in copies)])
    found = np.bincount(extract([plain(text) for text in texts]).ids, minlength=FEATURES)
    ids = np.flatnonzero(found)
    idf = (np.log((1 + len(texts)) / (1 + found[ids])) + 1).astype(np.float32)
    numbers = {label: place for place, label in enumerate(labels)}
    return _Rows(
        dense=_encoded(texts, encoder, progress),
        grams=gram_rows(texts, spread_idf(ids, idf), places_of(ids), len(ids)),
        codes=np.array([numbers[label] for label in given]),
        weights=np.where(np.arange(len(texts)) < len(examples) + len(names), 1.0, COPY_WEIGHT),
        origin=origin,
        gram_ids=ids,
        idf=idf,
    )


def _copies(examples: Sequence[Labelled]) -> list[tuple[int, str]]:
    dice = random.Random(0)
    return [
        (place, " ".join(word for word in words if dice.random() > LEFT_OUT) or example.text)
        for place, example in enumerate(examples)
        for words in [example.text.split()] * COPIES
    ]


def _encoded(texts: Sequence[str], encoder: Encodes, progress: Progress) -> Floats:
    parts: list[Floats] = []
    for first in range(0, len(texts), BATCH):
        parts.append(dense_rows(encoder.encode(texts[first : first + BATCH])))
        progress("encoding", min(first + BATCH, len(texts)), len(texts))
    return np.concatenate(parts)


def _fit_all(
    rows: _Rows, experts: Sequence[Expert], count: int, labels: int, progress: Progress
) -> tuple[list[Table], list[_Fit]]:
    """For each expert: the scores that folds gave to the examples they had not seen, and its fit to all rows."""
    folds = _folds(rows.codes[:count])
    held_out = [*range(folds.max() + 1), -2]  # the last job holds nothing out
    jobs = [(expert, fold) for expert in experts for fold in held_out]
    done = 0

    def fit(job: tuple[Expert, int]) -> _Fit:
        nonlocal done
        expert, fold = job
        seen = np.flatnonzero((rows.origin < 0) | (folds[np.maximum(rows.origin, 0)] != fold))
        fitted = _fit(rows, seen, expert, labels)
        done += 1
        progress("fitting", done, len(jobs))
        return fitted

    # liblinear lets go of the interpreter while it works, so each core has a job of its own
    with threadpool_limits(1), ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        fits = dict(zip(jobs, pool.map(fit, jobs), strict=True))
    return [_unseen(rows, folds, expert, fits, labels) for expert in experts], [fits[expert, -2] for expert in experts]


def _unseen(rows: _Rows, folds: Codes, expert: Expert, fits: Mapping[tuple[Expert, int], _Fit], labels: int) -> Table:
    scores = np.zeros((len(folds), labels))
    for fold in range(folds.max() + 1):
        places = np.flatnonzero(folds == fold)
        scores[places] = fits[expert, fold].scores(rows, places)
    return scores


def _folds(codes: Codes) -> Codes:
    """A fold for each example; every label's rows are dealt over all folds, so no fold lacks a label of two rows."""
    count = 5 if len(codes) <= FEW else 3
    folds = np.zeros(len(codes), np.int64)
    dice = np.random.default_rng(0)
    for code in range(codes.max() + 1):
        places = np.flatnonzero(codes == code)
        folds[dice.permutation(places)] = (np.arange(len(places)) + code) % count
    return folds


def _fit(rows: _Rows, seen: Codes, expert: Expert, labels: int) -> _Fit:
    if not expert.copies:
        seen = seen[rows.weights[seen] == 1]
    dense = rows.dense[seen, : expert.dense]
    if expert.logistic:
        machine = LogisticRegression(C=expert.strength, tol=1e-4, max_iter=_MOST_STEPS)
        table = cast("object", dense)
    else:
        machine = LinearSVC(C=expert.strength, tol=0.1, max_iter=_MOST_STEPS, random_state=0)
        table = cast("object", hstack([csr_matrix(dense), rows.grams[seen] * expert.grams], format="csr"))
    fitted = cast("_Machine", machine)
    fitted.fit(table, rows.codes[seen], sample_weight=rows.weights[seen])
    columns, bias = fitted.coef_.T, fitted.intercept_
    if labels == 2:
        columns, bias = np.hstack([-columns, columns]), np.concatenate([-bias, bias])
    grams = np.zeros((rows.grams.shape[1], labels)) if expert.logistic else columns[expert.dense :] * expert.grams
    return _Fit(dense=columns[: expert.dense], grams=grams, bias=bias)


def _factors(scores: Sequence[Table], truth: Codes, column: int | None) -> tuple[float, ...]:
    """How much each expert's scores count, so that the softmax of the sum is honest on rows in scope."""
    if column is not None:
        scores = [np.delete(table, column, axis=1)[truth != column] for table in scores]
        truth = truth[truth != column]
        truth = truth - (truth > column)
    return weigh(scores, truth, np.ones(len(truth)))


def _weights(fits: Sequence[_Fit], factors: Sequence[float], rows: _Rows) -> Weights:
    """One linear model that gives the weighted sum of the experts' scores."""
    dense = np.zeros((DENSE, len(fits[0].bias)))
    for fit, factor in zip(fits, factors, strict=True):
        dense[: len(fit.dense)] += fit.dense * factor
    weighed = list(zip(fits, factors, strict=True))
    return Weights(
        dense=dense.astype(np.float32),
        grams=sum((fit.grams * factor for fit, factor in weighed), np.zeros(1)).astype(np.float32),
        bias=sum((fit.bias * factor for fit, factor in weighed), np.zeros(1)).astype(np.float32),
        idf=spread_idf(rows.gram_ids, rows.idf),
        places=places_of(rows.gram_ids),
    )


def _doubt(scores: Table, truth: Codes, column: int) -> Doubt:
    """The cut is as low as the loss in scope allows, and never so high that what is likelier out of scope stays in."""
    features, outside = doubtful(scores, column), truth == column
    *flat, bias = fit_two(features, outside)
    log_odds = features @ np.array(flat) + bias
    right = ~outside & (np.insert(np.delete(scores, column, axis=1), column, -np.inf, axis=1).argmax(axis=1) == truth)
    allowed = int(MOST_LOST * (~outside).sum())
    lowest = np.sort(log_odds[right])[::-1][allowed] if right.sum() > allowed else 0.0
    return Doubt(column=column, weights=(*flat, bias), cut=min(float(lowest), 0.0))
