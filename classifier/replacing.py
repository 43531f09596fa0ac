"""A brand's own model in the place of one task of the shipped one: its labels mapped to the task's."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from classifier.opening import open_scorer
from classifier.scoring import Scorer
from domain.errors import ConfigError, ModelError
from domain.understanding import Task

log = structlog.get_logger(__name__)


class Chosen(Protocol):
    """`labels`: label of the model -> label of the task. A label that is left out must be the task's own."""

    @property
    def folder(self) -> Path: ...
    @property
    def labels(self) -> Mapping[str, str]: ...


class Mapped:
    """Speaks the task's labels, in the task's order; several labels of the model may mean one of them."""

    def __init__(self, scorer: Scorer, labels: Mapping[str, str], known: Sequence[str]) -> None:
        self.labels = tuple(known)
        self._scorer = scorer
        self._columns = [self.labels.index(labels[label]) for label in scorer.labels]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, labels); every row sums to 1. Raises ModelError when the model answers with numbers that are not finite."""
        table = np.zeros((len(texts), len(self.labels)))
        for place, said in zip(self._columns, self._scorer.probabilities(texts).T, strict=True):
            table[:, place] += said
        if not np.isfinite(table).all():
            raise ModelError("a replacing model answers with numbers that are not finite: take it out of the settings.")
        return table


def load_replacements(chosen: Mapping[Task, Chosen], root: Path, known: Mapping[Task, Sequence[str]]) -> dict[Task, Scorer]:
    """Task -> the model in its place. `root` is where relative folders begin; `known`: task -> labels of the label scheme.

    Raises ConfigError for a mistake in the mapping, ModelError for a folder that cannot be used.
    """
    return {task: _replacement(task, one, root / one.folder, tuple(known[task])) for task, one in chosen.items()}


def _replacement(task: Task, chosen: Chosen, folder: Path, known: tuple[str, ...]) -> Mapped:
    place = f"models.{task}.labels"
    for target in sorted(set(chosen.labels.values()) - set(known)):
        raise ConfigError(f"{place}: `{target}` is no label of {task}; use {', '.join(known)}.")
    scorer = open_scorer(folder, task)
    for label in sorted(chosen.labels.keys() - set(scorer.labels)):
        raise ConfigError(f"{place}: the model has no label `{label}`; it has {', '.join(scorer.labels)}.")
    labels = {label: chosen.labels.get(label, label) for label in scorer.labels}
    for label in sorted(label for label, target in labels.items() if target not in known):
        raise ConfigError(f"{place}: the model's `{label}` is not mapped; say which of {', '.join(known)} it means.")
    never = sorted(set(known) - set(labels.values()))
    log.info("task_replaced", task=task, folder=str(folder), labels_never_said=never)
    return Mapped(scorer, labels, known)
