"""How well a model judges labelled rows, and how fast."""

import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from classifier.labelled import Labelled
from classifier.language import identify
from classifier.metrics import (
    Figures,
    LabelFigures,
    RiskPoint,
    by_group,
    coverage_at_risk,
    ece,
    figures,
    of_label,
    risk_coverage,
)
from classifier.scoring import Scorer
from domain.errors import ConfigError
from domain.understanding import LANGUAGES, FaqMatch

NO_ARTICLE = "none"
"""The label of a post that no FAQ article answers."""
BATCH = 256
"""Texts a call: enough for a model to sort them by length."""
_SHOWN_LABELS = 12

Done = Callable[[int], None]
"""Told after each batch how many texts were judged."""
_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdicts:
    """What was said of n rows, in their order."""

    truth: Sequence[str]
    said: Sequence[str]
    confidences: Sequence[float]
    right: Sequence[bool]
    """Whether that is right which the confidence speaks of."""
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFigures:
    """Of FAQ matches: share of rows answered, of answers that are right, of answerable rows whose best match is right."""

    coverage: float
    precision: float
    recall_at_1: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Figures beside those of always saying the commonest label of the file."""

    figures: Figures
    baseline_label: str
    baseline: Figures
    per_lang: Mapping[str, Figures]
    """Rows without a language are in none."""
    baseline_per_lang: Mapping[str, Figures]
    ece: float
    curve: Sequence[RiskPoint]
    risk: float
    coverage_at_risk: float
    texts_per_second: float
    positive: tuple[str, LabelFigures] | None = None
    answers: AnswerFigures | None = None
    left_out: tuple[str, ...] = ()
    """Labels of the model that occur in no row and so were not predicted."""


class LanguageScorer:
    """`classifier.language.identify` as a model; it needs no folder."""

    labels = LANGUAGES

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, languages); every row sums to 1."""
        judged = [identify(text).probabilities for text in texts]
        return np.array([[one[label] for label in LANGUAGES] for one in judged], np.float64).reshape(len(texts), len(LANGUAGES))


def check_labels(path: Path, rows: Sequence[Labelled], known: Sequence[str]) -> None:
    """Raises ConfigError when a row bears a label that the model cannot say."""
    unknown = sorted({row.label for row in rows} - set(known))
    if unknown:
        line = next(row.line for row in rows if row.label == unknown[0])
        raise ConfigError(
            f"{path}:{line}: the model does not know {_some(unknown)}; it knows {_some(known)}: "
            "relabel the rows, name another model or task, or score one label with --positive."
        )


def predictable(rows: Sequence[Labelled], known: Sequence[str]) -> list[int]:
    """Columns of the labels that occur: a three-way model is scored two-way on a two-way set.

    All of them when only one label occurs: leaving the others out would make every answer right.
    """
    occur = {row.label for row in rows}
    return [place for place, label in enumerate(known) if label in occur or len(occur) < 2]


def judge(rows: Sequence[Labelled], scorer: Scorer, done: Done) -> Verdicts:
    """The likeliest of the labels that occur in the rows. `check_labels` goes before."""
    kept = predictable(rows, scorer.labels)
    labels = [scorer.labels[place] for place in kept]
    table, seconds = _scored(rows, scorer, done)
    shares = table[:, kept] / np.maximum(table[:, kept].sum(axis=1, keepdims=True), 1e-12)
    said = [labels[int(place)] for place in shares.argmax(axis=1)]
    truth = [row.label for row in rows]
    return _plain(truth, said, shares.max(axis=1).tolist(), seconds)


def judge_positive(rows: Sequence[Labelled], scorer: Scorer, label: str, done: Done) -> Verdicts:
    """Two-way: `label` where its probability is at least a half, else `not <label>`, and the rows' labels likewise."""
    names = (f"not {label}", label)
    table, seconds = _scored(rows, scorer, done)
    sure = table[:, scorer.labels.index(label)]
    said = [names[int(claim)] for claim in sure >= 0.5]
    truth = [names[int(row.label == label)] for row in rows]
    return _plain(truth, said, np.maximum(sure, 1 - sure).tolist(), seconds)


def judge_answers(
    truth: Sequence[str], matches: Sequence[Sequence[FaqMatch]], thresholds: Sequence[float], seconds: float
) -> tuple[Verdicts, AnswerFigures]:
    """An article when its probability is at least the row's threshold, else none. The confidence speaks of the best match."""
    best = [found[0] if found else FaqMatch(article_id=NO_ARTICLE, probability=0.0) for found in matches]
    said = [
        match.article_id if match.probability >= least else NO_ARTICLE for match, least in zip(best, thresholds, strict=True)
    ]
    right = [label == match.article_id and label != NO_ARTICLE for label, match in zip(truth, best, strict=True)]
    sent = [ok for ok, claim in zip(right, said, strict=True) if claim != NO_ARTICLE]
    answerable = sum(label != NO_ARTICLE for label in truth)
    verdicts = Verdicts(truth=truth, said=said, confidences=[match.probability for match in best], right=right, seconds=seconds)
    answers = AnswerFigures(
        coverage=len(sent) / max(len(truth), 1),
        precision=sum(sent) / max(len(sent), 1),
        recall_at_1=sum(right) / max(answerable, 1),
    )
    return verdicts, answers


def report(verdicts: Verdicts, languages: Sequence[str], risk: float) -> Report:
    """`languages`: of each row, empty where unknown. `risk`: the share of errors that is allowed."""
    truth, said = verdicts.truth, verdicts.said
    commonest = min(Counter(truth).items(), key=lambda item: (-item[1], item[0]))[0]
    always = [commonest] * len(truth)
    curve = risk_coverage(verdicts.confidences, verdicts.right)
    return Report(
        figures=figures(truth, said),
        baseline_label=commonest,
        baseline=figures(truth, always),
        per_lang=_by_language(languages, truth, said),
        baseline_per_lang=_by_language(languages, truth, always),
        ece=ece(verdicts.confidences, verdicts.right),
        curve=curve,
        risk=risk,
        coverage_at_risk=coverage_at_risk(curve, risk),
        texts_per_second=len(truth) / max(verdicts.seconds, 1e-9),
    )


def positive_figures(verdicts: Verdicts, label: str) -> tuple[str, LabelFigures]:
    return label, of_label(verdicts.truth, verdicts.said, label)


def batches(items: Sequence[_Item], size: int = BATCH) -> Iterator[Sequence[_Item]]:
    return (items[first : first + size] for first in range(0, len(items), size))


def _scored(rows: Sequence[Labelled], scorer: Scorer, done: Done) -> tuple[NDArray[np.float64], float]:
    """(rows, labels), and the seconds it took after one text that warms up what is loaded late."""
    scorer.probabilities([rows[0].text])
    tables: list[NDArray[np.float64]] = []
    started = time.perf_counter()
    for batch in batches(rows):
        tables.append(scorer.probabilities([row.text for row in batch]))
        done(len(batch))
    return np.vstack(tables), time.perf_counter() - started


def _plain(truth: Sequence[str], said: Sequence[str], confidences: Sequence[float], seconds: float) -> Verdicts:
    right = [label == claim for label, claim in zip(truth, said, strict=True)]
    return Verdicts(truth=truth, said=said, confidences=confidences, right=right, seconds=seconds)


def _by_language(languages: Sequence[str], truth: Sequence[str], said: Sequence[str]) -> dict[str, Figures]:
    found = by_group(languages, truth, said)
    return {name: found[name] for name in found if name}


def _some(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SHOWN_LABELS} more" if len(labels) > _SHOWN_LABELS else ""
    return ", ".join(f"`{label[:40]}`" for label in labels[:_SHOWN_LABELS]) + more
