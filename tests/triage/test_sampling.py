"""Which posts are worth a reviewer's label."""

from dataclasses import replace
from datetime import timedelta
from math import log2
from typing import Any

import pytest

from domain.sampling import RANDOM_RULE, Candidate, History
from domain.understanding import Assessment, Judgement
from tests.triage.builders import NOON, assessment
from triage.sampling import Scene, allowance, bits, choose, doubts, entropy, margin, value, worth

DAY = timedelta(days=1)


def judge(**probabilities: float) -> Judgement:
    return Judgement(label=max(probabilities, key=lambda name: probabilities[name]), probabilities=probabilities)


def certain(label: str) -> Judgement:
    return Judgement(label=label, probabilities={label: 1.0})


def judged(
    intent: str = "fees", language: str = "en", urgency: str = "normal", need: str = "open_ticket", **changes: Any
) -> Assessment:
    """Nothing in doubt, but what a test changes."""
    sure = assessment(intent=certain(intent), language=certain(language), urgency=urgency, need=certain(need))
    return replace(sure, **{"urgency": certain(urgency), "threat": certain("none"), **changes})


def scene(**changes: Any) -> Scene:
    values: dict[str, Any] = {"now": NOON, "alike": {}, "history": {}, "silent": {"praise", "off_stratum"}}
    return Scene(**(values | changes))


def candidate(number: int, said: Assessment, text: str = "") -> Candidate:
    return Candidate(mention_id=number, text=text or f"post {number}", assessment=said)


TOSS_UP = judge(fees=0.5, api=0.5)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [({"a": 1.0}, 0.0), ({"a": 0.5, "b": 0.5}, 1.0), ({"a": 0.25, "b": 0.25, "c": 0.25, "d": 0.25}, 2.0), ({}, 0.0)],
)
def test_entropy_is_in_bits(probabilities: dict[str, float], expected: float) -> None:
    assert entropy(Judgement(label="", probabilities=probabilities)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("probabilities", "expected"),
    [({"a": 0.5, "b": 0.4, "c": 0.1}, 0.1), ({"a": 0.9}, 1.0), ({}, 1.0), ({"a": 1, "b": 0}, 1.0)],
)
def test_margin_is_to_the_second_label(probabilities: dict[str, float], expected: float) -> None:
    assert margin(Judgement(label="", probabilities=probabilities)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("said", "rules"),
    [
        (judged(), []),
        (judged(threat=judge(none=0.6, scam=0.4)), ["sampling.margin"]),
        (replace(judged(), intent=TOSS_UP, need=judge(none=0.4, open_ticket=0.6)), ["sampling.margin", "sampling.margin"]),
        (judged(urgency="critical", need="none"), ["sampling.contradiction"]),
        (judged(urgency="high", need="none"), ["sampling.contradiction"]),
        (judged(urgency="low", need="none"), []),
        (judged("praise", urgency="critical"), ["sampling.contradiction"]),
        (judged("praise", need="open_ticket"), ["sampling.contradiction"]),
        (judged("praise", need="none"), []),
    ],
)
def test_why_a_post_is_worth_a_look(said: Assessment, rules: list[str]) -> None:
    assert [reason.rule for reason in doubts(said, scene())] == rules


@pytest.mark.parametrize(
    ("history", "asked"),
    [(History(), False), (History(decided=4, corrected=4), False), (History(decided=6, corrected=2), True)],
)
def test_a_stratum_that_people_corrected_is_looked_at_again(history: History, asked: bool) -> None:
    seen = scene(history={("fees", "en"): history})
    assert bool(list(doubts(judged(), seen))) is asked
    assert not list(doubts(judged(language="ko"), seen))


def test_the_doubt_is_the_sum_over_the_judgements() -> None:
    said = replace(judged(), intent=TOSS_UP, urgency=judge(high=0.5, low=0.5))
    assert bits(said, scene()) == pytest.approx(2.0)


def test_a_contradiction_is_one_bit_more() -> None:
    assert bits(judged(urgency="critical", need="none"), scene()) == pytest.approx(1.0)


def test_a_model_that_is_often_corrected_knows_less_than_it_says() -> None:
    half = scene(history={("fees", "en"): History(decided=98, corrected=50)})
    assert bits(judged(), half) == pytest.approx(1.0)
    tenth = scene(history={("fees", "en"): History(decided=98, corrected=10)})
    assert bits(judged(), tenth) == pytest.approx(-0.1 * log2(0.1) - 0.9 * log2(0.9))


def test_the_value_grows_with_posts_alike_and_falls_with_labels() -> None:
    said = replace(judged(), intent=TOSS_UP)
    stratum = (said.intent.label, "en")
    seen = scene(alike={stratum: 30}, history={stratum: History(labelled=2)})
    assert value(said, seen) == pytest.approx(10.0)
    assert value(said, seen, given=3) == pytest.approx(5.0)


def test_worth_keeps_the_order_of_values() -> None:
    assert [worth(bits_settled) for bits_settled in (0.0, 1.0, 3.0)] == [0.0, 0.5, 0.75]


def test_common_strata_share_the_budget_with_rare_ones() -> None:
    common = replace(judged(), intent=TOSS_UP)
    rare = replace(judged(language="vi"), intent=judge(api=0.5, fees=0.5))
    found = [candidate(number, common) for number in range(10)] + [candidate(20 + number, rare) for number in range(10)]
    seen = scene(alike={(common.intent.label, "en"): 30, (rare.intent.label, "vi"): 10})
    samples = choose(found, seen, taken=1, count=4)
    assert [sample.mention_id >= 20 for sample in samples].count(True) == 1


def test_every_fifth_is_drawn_at_random() -> None:
    found = [candidate(number, replace(judged(), intent=TOSS_UP)) for number in range(20)]
    samples = choose(found, scene(), taken=3, count=7)
    assert [sample.reasons[0].rule == RANDOM_RULE for sample in samples] == [False, False, True, False, False, False, False]


def test_where_nothing_is_in_doubt_posts_are_drawn_at_random() -> None:
    samples = choose([candidate(number, judged()) for number in range(9)], scene(), taken=1, count=3)
    assert [sample.reasons[0].rule for sample in samples] == [RANDOM_RULE] * 3
    assert len({sample.mention_id for sample in samples}) == 3


def test_the_lot_depends_on_the_day_and_on_nothing_else() -> None:
    found = [candidate(number, judged()) for number in range(50)]
    drawn = {
        tuple(one.mention_id for one in choose(given, scene(now=now), taken=0, count=3))
        for given in (found, found[::-1])
        for now in (NOON, NOON + timedelta(hours=1))
    }
    assert len(drawn) == 1
    assert drawn != {tuple(one.mention_id for one in choose(found, scene(now=NOON + DAY), taken=0, count=3))}


def test_one_text_is_sampled_once() -> None:
    found = [
        candidate(number, replace(judged(), intent=TOSS_UP), "Buy  NOW" if number % 2 else "buy now") for number in range(6)
    ]
    assert len(choose(found, scene(), taken=0, count=6)) == 1


def test_the_last_reason_tells_the_value() -> None:
    said = replace(judged(), intent=TOSS_UP)
    seen = scene(alike={(said.intent.label, "en"): 12})
    [sample] = choose([candidate(1, said)], seen, taken=1, count=1)
    assert sample.value == pytest.approx(12.0)
    assert sample.reasons[-1].text == "worth 12.0 bits: 1.0 in doubt, 12 posts alike today, 0 labelled"


@pytest.mark.parametrize(
    ("hour", "taken", "waiting", "expected"),
    [(0, 0, 0, 0), (12, 0, 0, 20), (12, 20, 20, 0), (12, 5, 35, 5), (23, 0, 40, 0), (6, 30, 0, 0)],
)
def test_the_budget_is_spread_over_the_day(hour: int, taken: int, waiting: int, expected: int) -> None:
    assert allowance(40, taken=taken, waiting=waiting, now=NOON.replace(hour=hour)) == expected


def test_a_budget_of_nothing_allows_nothing() -> None:
    assert allowance(0, taken=0, waiting=0, now=NOON) == 0
