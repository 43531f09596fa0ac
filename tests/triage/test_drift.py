"""Drift: told from chance, and from too few posts."""

from collections.abc import Mapping
from math import log

import pytest

from domain.trends import JudgedGroup
from triage.drift import Level, compare, shift, sureness


def group(language: str = "en", intent: str = "fees", count: int = 100, sure: float = 0.8, doubtful: int = 0) -> JudgedGroup:
    """Every second post is a tenth surer than `sure`, every second a tenth less."""
    squares = count * (sure**2 + 0.01)
    return JudgedGroup(
        language=language, intent=intent, count=count, confidence=count * sure, squares=squares, doubtful=doubtful
    )


@pytest.mark.parametrize(
    ("now", "before", "level"),
    [
        ({}, {}, "too few to tell"),
        ({"a": 29}, {"b": 1000}, "too few to tell"),
        ({"a": 1000}, {"b": 29}, "too few to tell"),
        ({"a": 500, "b": 500}, {"a": 5000, "b": 5000}, "steady"),
        ({"a": 520, "b": 480}, {"a": 5000, "b": 5000}, "steady"),
        ({"a": 690, "b": 310}, {"a": 5000, "b": 5000}, "shifted"),
        ({"a": 900, "b": 100}, {"a": 5000, "b": 5000}, "strong"),
        ({"a": 700, "new": 300}, {"a": 5000}, "strong"),
        ({"a": 21, "b": 9}, {"a": 15, "b": 15}, "steady"),
    ],
)
def test_the_level_of_a_shift(now: Mapping[str, int], before: Mapping[str, int], level: Level) -> None:
    assert shift(now, before).level == level


def test_the_index_is_the_symmetric_divergence() -> None:
    found = shift({"a": 3000, "b": 1000}, {"a": 2000, "b": 2000})
    assert found.psi == pytest.approx(0.25 * log(1.5) - 0.25 * log(0.5), abs=0.001)


def test_what_moved_most_comes_first() -> None:
    found = shift({"a": 50, "b": 50, "c": 100}, {"a": 400, "b": 100, "c": 500})
    assert [one.category for one in found.moved] == ["b", "a", "c"]
    assert found.moved[0].before == pytest.approx(0.1, abs=0.01)
    assert found.moved[0].now == pytest.approx(0.25, abs=0.01)


def test_sixteen_intents_of_few_posts_do_not_drift_by_chance() -> None:
    """The index of 40 such posts is about 0.4 by chance alone."""
    now = {f"intent {number}": 5 if number < 8 else 0 for number in range(16)}
    before = {f"intent {number}": 25 for number in range(16)}
    wide = {name: count * 100 for name, count in now.items()}
    assert shift(wide, before).level == "strong"
    assert shift({f"intent {number}": 1 + number % 4 for number in range(16)}, before).level == "steady"


@pytest.mark.parametrize(
    ("now", "before", "level"),
    [
        (group(sure=0.8), group(sure=0.8), "steady"),
        (group(sure=0.77), group(sure=0.8), "steady"),
        (group(sure=0.73), group(sure=0.8), "shifted"),
        (group(sure=0.87), group(sure=0.8), "shifted"),
        (group(sure=0.6), group(sure=0.8), "strong"),
        (group(sure=0.2, count=29), group(sure=0.8), "too few to tell"),
        (group(sure=0.74, count=40), group(sure=0.8, count=40), "steady"),
    ],
)
def test_the_level_of_a_change_in_confidence(now: JudgedGroup, before: JudgedGroup, level: Level) -> None:
    assert sureness([now], [before]).level == level


def test_confidence_and_doubt_are_told_with_their_change() -> None:
    found = sureness([group(sure=0.6, doubtful=30)], [group(sure=0.8, count=200, doubtful=20)])
    assert (found.mean, found.change) == (pytest.approx(0.6), pytest.approx(-0.2))
    assert (found.doubtful, found.doubtful_change) == (pytest.approx(0.3), pytest.approx(0.2))


def test_languages_are_compared_each_for_itself() -> None:
    before = [group("en", "fees", 500), group("en", "api", 500), group("ko", "fees", 500), group("ko", "api", 500)]
    now = [group("en", "fees", 500), group("en", "api", 500), group("ko", "fees", 100), group("ko", "api", 900)]
    found = compare(now, before)
    assert [(one.language, one.intents.level) for one in found.per_language] == [("en", "steady"), ("ko", "strong")]
    assert found.languages.level == "steady"
    assert found.strong == ["ko"]


def test_a_language_that_comes_up_is_a_drift_of_the_languages() -> None:
    found = compare([group("en", count=100), group("ru", count=100)], [group("en", count=1000)])
    assert [(one.language, one.before) for one in found.per_language] == [("en", 1000), ("ru", 0)]
    assert found.per_language[1].intents.level == "too few to tell"
    assert found.strong == ["languages"]


def test_a_language_that_falls_silent_is_still_shown() -> None:
    found = compare([group("en")], [group("en", count=500), group("ko", count=5)])
    assert [(one.language, one.posts, one.sureness.level) for one in found.per_language] == [
        ("en", 100, "steady"),
        ("ko", 0, "too few to tell"),
    ]
