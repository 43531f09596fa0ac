"""How sure is sure enough: thresholds under which an automatic action errs no more often than a configured bound.

Each action was tried on the written posts of voices that trained nothing. Going down from the surest, thresholds are allowed
while (errors + 1) / (actions + 1) above them stays under the bound: the error to expect of one more post, as in conformal risk
control (Angelopoulos and others, 2022). A language or platform that a binomial test (level 0.1) shows to do worse than all
together gets a stricter threshold of its own.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import lgamma, log, log1p
from pathlib import Path
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from domain.errors import ModelError

RISK = "risk.json"
LEVEL = 0.1
NEVER = 1.01
"""A threshold that no probability reaches: the action is not taken without a human."""
_STEPS = 60

Act = Literal["answer", "flag", "ticket", "chatter"]
ACTS: tuple[Act, ...] = get_args(Act)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trials:
    """What one action would have done: n probabilities, whether acting was right, and where the posts came from."""

    probability: NDArray[np.float64]
    right: NDArray[np.bool_]
    language: NDArray[np.str_]
    platform: NDArray[np.str_]

    def where(self, chosen: NDArray[np.bool_]) -> "Trials":
        return Trials(
            probability=self.probability[chosen],
            right=self.right[chosen],
            language=self.language[chosen],
            platform=self.platform[chosen],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One place on the risk-coverage curve."""

    threshold: float
    coverage: float
    """Share of all posts on which the action would be taken."""
    error: float
    """Share of those on which it would be wrong."""


class RiskTable:
    """Finds thresholds for any bound, a language and a platform at a time."""

    def __init__(self, trials: Mapping[Act, Trials]) -> None:
        self._trials = trials

    def threshold(self, act: Act, bound: float, language: str | None = None, platform: str | None = None) -> float:
        """The least probability from which `act` errs at most `bound` of the times it is taken; NEVER when there is none."""
        trials = self._trials[act]
        found = least_allowed(trials, bound)
        for values, value in ((trials.language, language), (trials.platform, platform)):
            if value is not None and value in values:
                found = max(found, _own(trials.where(values == value), bound, found))
        return found

    def curve(self, act: Act, points: int = 20) -> list[Point]:
        """Risk against coverage, from the surest posts to all."""
        probability, wrong = _surest_first(self._trials[act])
        places = np.unique(np.linspace(1, len(probability), points).astype(int)) - 1
        errors = np.cumsum(wrong)
        return [
            Point(
                threshold=float(probability[place]),
                coverage=float((place + 1) / len(probability)),
                error=float(errors[place] / (place + 1)),
            )
            for place in places.tolist()
        ]


def least_allowed(trials: Trials, bound: float) -> float:
    probability, wrong = _surest_first(trials)
    errors, found = np.cumsum(wrong), NEVER
    for place in _places(probability):
        if (errors[place] + 1) / (place + 2) <= bound:
            found = float(probability[place])
        elif found < NEVER:
            break
    return found


def _own(trials: Trials, bound: float, shared: float) -> float:
    """The shared threshold, unless these posts alone show it to be too low: then the first at which they keep the bound."""
    probability, wrong = _surest_first(trials)
    taken = int((probability >= shared).sum())
    errors = int(wrong[:taken].sum())
    if taken == 0 or 1.0 - _at_most(errors - 1, taken, bound) > LEVEL:
        return shared
    kept = np.cumsum(wrong[:taken]) / np.arange(1, taken + 1) <= bound
    last = np.flatnonzero(kept)
    return float(probability[last[-1]]) if len(last) else NEVER


def _at_most(errors: int, taken: int, chance: float) -> float:
    """Probability of no more than `errors` in `taken` independent tries that fail with `chance`."""
    counts = np.arange(errors + 1)
    choices = np.array([lgamma(taken + 1) - lgamma(count + 1) - lgamma(taken - count + 1) for count in counts.tolist()])
    return float(np.exp(choices + counts * log(chance) + (taken - counts) * log1p(-chance)).sum())


def _surest_first(trials: Trials) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    order = np.argsort(-trials.probability, kind="stable")
    return trials.probability[order], ~trials.right[order]


def _places(probability: NDArray[np.float64]) -> list[int]:
    """Where to test: the last post of each distinct probability, thinned to a few hundred tests."""
    last = np.flatnonzero(np.append(probability[1:] != probability[:-1], True))
    return last[np.unique(np.linspace(0, len(last) - 1, _STEPS).astype(int))].tolist()


def write_trials(folder: Path, trials: Mapping[Act, Trials]) -> None:
    content = {
        act: {
            "probability": [round(value, 5) for value in one.probability.tolist()],
            "right": [int(value) for value in one.right.tolist()],
            "language": one.language.tolist(),
            "platform": one.platform.tolist(),
        }
        for act, one in trials.items()
    }
    (folder / RISK).write_text(json.dumps(content) + "\n", encoding="utf-8")


def load_risk(folder: Path) -> RiskTable:
    """Raises ModelError when the file is missing or wrong."""
    path = folder / RISK
    try:
        content = cast("dict[str, dict[str, list[object]]]", json.loads(path.read_text(encoding="utf-8")))
        return RiskTable({act: _trials(content[act]) for act in ACTS})
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: restore the model folder.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): restore the model folder.") from None


def _trials(fields: Mapping[str, Sequence[object]]) -> Trials:
    trials = Trials(
        probability=np.asarray(fields["probability"], np.float64),
        right=np.asarray(fields["right"], np.bool_),
        language=np.asarray(fields["language"], np.str_),
        platform=np.asarray(fields["platform"], np.str_),
    )
    if len({len(trials.probability), len(trials.right), len(trials.language), len(trials.platform)}) != 1:
        raise ValueError("columns of different lengths")
    return trials
