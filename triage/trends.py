"""Bursts of one topic: a negative-binomial upper bound on what is normal."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from statistics import median

from domain.trends import Spike, TopicBin
from triage.policy import TrendPolicy


def spikes(bins: Sequence[TopicBin], *, now: datetime, policy: TrendPolicy, silent: Collection[str]) -> list[Spike]:
    """Topics whose newest bin (begun within the last bin width) stands above the band. `silent` topics never alert.

    Expected: the topic's own mean over earlier bins, shrunk toward `prior_per_bin`, but never below the median of the other
    topics in the same bin, so that a general rush (a campaign, a market move) is not taken for trouble with one topic.
    """
    newest = now - policy.bin
    current: dict[str, int] = defaultdict(int)
    past: dict[str, int] = defaultdict(int)
    for one in bins:
        (current if one.start >= newest else past)[one.intent] += one.count
    earlier = max(1, int(policy.history / policy.bin))
    found: list[Spike] = []
    for topic, count in current.items():
        if topic in silent or count < policy.least_count:
            continue
        own = (past[topic] + policy.prior_per_bin) / (earlier + 1)
        others = [number for other, number in current.items() if other != topic and other not in silent]
        expected = max(policy.prior_per_bin, own, median(others) if others else 0.0)
        bound = upper_bound(expected, policy.dispersion, policy.tail)
        if count > bound:
            found.append(_spike(topic, newest, count, expected, bound, bins))
    return sorted(found, key=lambda spike: spike.count / spike.expected, reverse=True)


def upper_bound(mean: float, dispersion: float, tail: float) -> int:
    """Smallest k with P(X > k) <= `tail` for X negative-binomial with this mean and variance mean + dispersion * mean^2."""
    size = 1 / dispersion
    success = size / (size + mean)
    mass = success**size
    below, k = mass, 0
    while 1 - below > tail:
        k += 1
        mass *= (k + size - 1) / k * (1 - success)
        below += mass
    return k


def _spike(topic: str, start: datetime, count: int, expected: float, bound: int, bins: Sequence[TopicBin]) -> Spike:
    here = [one for one in bins if one.intent == topic and one.start >= start]
    return Spike(
        topic=topic,
        start=start,
        count=count,
        expected=expected,
        bound=bound,
        platforms=tuple(sorted({one.platform for one in here})),
        languages=tuple(sorted({one.language for one in here})),
    )
