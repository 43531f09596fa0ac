from collections.abc import Iterable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.trends import TopicBin
from tests.triage.builders import NOON, policy
from triage.trends import spikes, upper_bound

TRENDS = policy().trends


def bins(topic: str, counts: Iterable[int]) -> list[TopicBin]:
    """Newest first: the first count is the bin that holds NOON."""
    return [
        TopicBin(intent=topic, platform="x", language="en", start=NOON - number * TRENDS.bin, count=count)
        for number, count in enumerate(counts)
        if count
    ]


def topics(series: list[TopicBin]) -> list[str]:
    return [spike.topic for spike in spikes(series, now=NOON + timedelta(minutes=3), policy=TRENDS, silent={"praise"})]


@pytest.mark.parametrize(
    ("name", "series", "expected"),
    [
        ("a new burst", bins("outage", [30]), ["outage"]),
        ("a burst over a steady topic", bins("withdrawal", [40, *[3] * 143]), ["withdrawal"]),
        ("a busy topic as busy as ever", bins("withdrawal", [22, *[20] * 143]), []),
        ("too few to wake anybody", bins("api", [9]), []),
        ("chatter never alerts", bins("praise", [200]), []),
        ("the burst is over", bins("outage", [0, 60, 40]), []),
        ("an outage on a busy day", [*bins("outage", [38]), *(b for t in "abcdefgh" for b in bins(t, [9]))], ["outage"]),
        ("everything rushes at once", [one for t in "abcdefgh" for one in bins(t, [25])], []),
    ],
)
def test_spikes(name: str, series: list[TopicBin], expected: list[str]) -> None:
    assert topics(series) == expected


def test_a_spike_says_where_and_how_far_above_the_band() -> None:
    series = [
        TopicBin(intent="outage", platform="discord", language="ko", start=NOON, count=20),
        TopicBin(intent="outage", platform="x", language="en", start=NOON, count=15),
    ]
    (spike,) = spikes(series, now=NOON, policy=TRENDS, silent=())
    assert (spike.count, spike.platforms, spike.languages) == (35, ("discord", "x"), ("en", "ko"))
    assert spike.expected < spike.bound < spike.count


@given(st.floats(0.1, 200), st.floats(0.05, 2))
def test_the_bound_lies_above_the_mean_and_grows_with_caution(mean: float, dispersion: float) -> None:
    assert mean <= upper_bound(mean, dispersion, 0.01) <= upper_bound(mean, dispersion, 0.001)


def test_the_bound_approaches_poisson_for_small_dispersion() -> None:
    assert upper_bound(4.0, 1e-6, 0.001) == 11  # Poisson(4): P(X > 11) = 0.0009, P(X > 10) = 0.0028
