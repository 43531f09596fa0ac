"""Drift: are the posts of the last day still those that the model knows, and is it still as sure of them?

The population stability index compares two distributions: PSI = sum of (p - q) * ln(p / q) over the categories. By the usual
thresholds 0.1 is a shift and 0.25 a strong one. With n and m posts, chance alone gives about (1/n + 1/m) times a chi-square
variable with one degree of freedom less than there are categories (Yurdakul 2018): a shift counts only above what chance
reaches once in a thousand times.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log, sqrt
from typing import Literal

from domain.trends import JudgedGroup

LEAST = 30
"""With fewer posts, or labels, nobody can tell."""
SHIFT, STRONG = 0.1, 0.25
SURENESS_SHIFT, SURENESS_STRONG = 0.05, 0.1
"""Of the mean confidence."""

_RARE = 3.09
"""Standard deviations that chance exceeds once in a thousand times."""
_HALF = 0.5
"""Added to every count: a category that was never seen must not make the index infinite."""

Level = Literal["too few to tell", "steady", "shifted", "strong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """A category's share, before and now."""

    category: str
    before: float
    now: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """How far a distribution moved. `moved`: what contributed most, first."""

    level: Level
    psi: float
    moved: tuple[Moved, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sureness:
    """Mean probability of the intents, share of doubtful posts, and their change."""

    level: Level
    mean: float
    change: float
    doubtful: float
    doubtful_change: float


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageDrift:
    """One language. `posts` now, `before` in the preceding window."""

    language: str
    posts: int
    before: int
    intents: Shift
    sureness: Sureness


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    languages: Shift
    """The share of each language."""
    per_language: tuple[LanguageDrift, ...]
    """The busiest first."""

    @property
    def strong(self) -> list[str]:
        """What drifts strongly: `languages`, or codes of languages."""
        each = [one.language for one in self.per_language if "strong" in (one.intents.level, one.sureness.level)]
        return ["languages", *each] if self.languages.level == "strong" else each


def compare(now: Sequence[JudgedGroup], before: Sequence[JudgedGroup]) -> Drift:
    """The newest day against the window before it."""
    volumes, earlier = _volumes(now), _volumes(before)
    codes = sorted(volumes | earlier, key=lambda code: (-volumes[code], code))
    return Drift(
        languages=shift(volumes, earlier),
        per_language=tuple(
            _language(code, [one for one in now if one.language == code], [one for one in before if one.language == code])
            for code in codes
        ),
    )


def shift(now: Mapping[str, int], before: Mapping[str, int]) -> Shift:
    """Counts by category against earlier counts."""
    categories = sorted(set(now) | set(before))
    n, m, kinds = sum(now.values()), sum(before.values()), len(categories)
    parts = {one: _contribution(_share(now.get(one, 0), n, kinds), _share(before.get(one, 0), m, kinds)) for one in categories}
    psi = sum(parts.values())
    moved = [
        Moved(category=one, before=before.get(one, 0) / max(m, 1), now=now.get(one, 0) / max(n, 1))
        for one in sorted(categories, key=lambda one: -parts[one])
    ]
    return Shift(level=_level(psi, n, m, _by_chance(n, m, kinds), SHIFT, STRONG), psi=psi, moved=tuple(moved))


def sureness(now: Sequence[JudgedGroup], before: Sequence[JudgedGroup]) -> Sureness:
    """Of posts of one language."""
    n, mean, spread, doubtful = _moments(now)
    m, earlier, earlier_spread, earlier_doubtful = _moments(before)
    by_chance = _RARE * sqrt(spread / max(n, 1) + earlier_spread / max(m, 1))
    return Sureness(
        level=_level(abs(mean - earlier), n, m, by_chance, SURENESS_SHIFT, SURENESS_STRONG),
        mean=mean,
        change=mean - earlier,
        doubtful=doubtful,
        doubtful_change=doubtful - earlier_doubtful,
    )


def _language(code: str, now: Sequence[JudgedGroup], before: Sequence[JudgedGroup]) -> LanguageDrift:
    counts, earlier = ({one.intent: one.count for one in groups} for groups in (now, before))
    return LanguageDrift(
        language=code,
        posts=sum(counts.values()),
        before=sum(earlier.values()),
        intents=shift(counts, earlier),
        sureness=sureness(now, before),
    )


def _level(size: float, n: int, m: int, by_chance: float, shifted: float, strong: float) -> Level:
    if min(n, m) < LEAST:
        return "too few to tell"
    if size < shifted or size <= by_chance:
        return "steady"
    return "strong" if size >= strong else "shifted"


def _by_chance(n: int, m: int, categories: int) -> float:
    """Wilson and Hilferty's approximation of the chi-square quantile, scaled to the index."""
    freedom = max(1, categories - 1)
    quantile = freedom * (1 - 2 / (9 * freedom) + _RARE * sqrt(2 / (9 * freedom))) ** 3
    return (1 / max(n, 1) + 1 / max(m, 1)) * quantile


def _share(count: int, of: int, categories: int) -> float:
    return (count + _HALF) / (of + _HALF * categories)


def _contribution(now: float, before: float) -> float:
    return (now - before) * log(now / before)


def _volumes(groups: Sequence[JudgedGroup]) -> Counter[str]:
    volumes: Counter[str] = Counter()
    for one in groups:
        volumes[one.language] += one.count
    return volumes


def _moments(groups: Sequence[JudgedGroup]) -> tuple[int, float, float, float]:
    """Number of posts, mean confidence, its variance, share of the doubtful; zeros where there is no post."""
    n = sum(one.count for one in groups)
    if not n:
        return 0, 0.0, 0.0, 0.0
    mean = sum(one.confidence for one in groups) / n
    spread = max(0.0, sum(one.squares for one in groups) / n - mean**2)
    return n, mean, spread, sum(one.doubtful for one in groups) / n
