"""Any model seen through one task: texts in, a probability for each label out."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError


class Scorer(Protocol):
    """Judges one task, whatever kind of model stands behind it."""

    @property
    def labels(self) -> tuple[str, ...]: ...

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """(texts, labels); every row sums to 1."""
        ...


class _Labelled(Protocol):
    @property
    def labels(self) -> tuple[str, ...]: ...


class ManyHeaded(Protocol):
    """What is asked of a model that judges several tasks at once; `classifier.model.Model` is one."""

    @property
    def heads(self) -> Mapping[str, _Labelled]: ...

    def probabilities(self, texts: Sequence[str]) -> Mapping[str, NDArray[np.float64]]:
        """Head -> (texts, labels of the head)."""
        ...


class FleetScorer:
    """One head of a fleet model. Raises ModelError when the model has no such head."""

    def __init__(self, model: ManyHeaded, head: str) -> None:
        if head not in model.heads:
            raise ModelError(f"the model has no head `{head}`: use one of {', '.join(sorted(model.heads))}.")
        self._model = model
        self._head = head

    @property
    def labels(self) -> tuple[str, ...]:
        return self._model.heads[self._head].labels

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return self._model.probabilities(texts)[self._head]
