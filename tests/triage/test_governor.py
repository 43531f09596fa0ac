from datetime import timedelta
from typing import Any

import pytest

from domain.deciding import PostReply, Standing
from domain.people import AccountKind
from tests.triage.builders import NOON, author, mention, policy
from triage.governor import Plea, govern
from triage.policy import PlatformBudget

MINUTE = timedelta(minutes=1)


def plea(*, purpose: Any = "faq", text: str = "See https://help.kestrel.example/a", post: Any = None, **facts: Any) -> Plea:
    reply = PostReply(purpose=purpose, language="en", text=text)
    return Plea(mention=post or mention(), reply=reply, standing=Standing(now=NOON, **facts), policy=policy())


def test_a_good_reply_passes() -> None:
    assert govern(plea()) is None


@pytest.mark.parametrize("purpose", ["faq", "acknowledge", "custom"])
@pytest.mark.parametrize(
    ("rule", "facts"),
    [
        ("kill_switch", {"killed": True}),
        ("only_people", {"post": mention(author=author(kind=AccountKind.BOT))}),
        ("only_people", {"post": mention(author=author(kind=AccountKind.WEBHOOK))}),
        ("only_people", {"post": mention(author=author(kind=AccountKind.OURSELVES))}),
        ("still_there", {"deleted": True}),
        ("opted_out", {"author_opted_out": True}),
        ("never_scammers", {"author_flagged": True}),
        ("one_reply", {"replies_to_mention": 1}),
        ("fits", {"text": "a" * 4097}),
        ("fits", {"text": "  "}),
        ("allowed_links", {"text": "go to https://help.kestrel.example.evil.example/a"}),
        ("allowed_links", {"text": "go to HTTP://EVIL.example"}),
        ("allowed_links", {"text": "go to t.me/helper"}),
        ("allowed_links", {"text": "见www.evil.example"}),
        ("allowed_links", {"text": "tg://resolve?domain=helper"}),
        ("allowed_links", {"text": "[help](https://help.kestrel.example/a) or (discord.gg/abc)"}),
        ("within_budget", {"replies_today": 100}),
        ("within_budget", {"spent_today_usd": 0.9}),
    ],
)
def test_no_reply_bypasses_it(rule: str, facts: dict[str, Any], purpose: str) -> None:
    refusal = govern(plea(purpose=purpose, **facts))
    assert refusal is not None
    assert refusal.reason.rule == f"governor.{rule}"


ONLY_AUTOMATIC: list[tuple[str, dict[str, Any]]] = [
    ("asked_us", {"post": mention(addressed=False)}),
    ("in_time", {"post": mention(posted_at=NOON - timedelta(hours=7))}),
    ("author_cooldown", {"last_reply_to_author_at": NOON - MINUTE}),
    ("thread_cooldown", {"last_reply_in_thread_at": NOON - MINUTE, "post": mention("q", "x", author=author("x"))}),
]


@pytest.mark.parametrize(("rule", "facts"), ONLY_AUTOMATIC)
def test_automatic_replies_obey_more(rule: str, facts: dict[str, Any]) -> None:
    refusal = govern(plea(**facts))
    assert refusal is not None
    assert refusal.reason.rule == f"governor.{rule}"


@pytest.mark.parametrize(("rule", "facts"), ONLY_AUTOMATIC)
def test_a_human_may_answer_there(rule: str, facts: dict[str, Any]) -> None:
    assert govern(plea(purpose="custom", **facts)) is None


@pytest.mark.parametrize(
    "text",
    [
        "See help.kestrel.example, please.",
        "help.kestrel.example에서",
        "It costs 0.5 USDT, i.e. 1.25%... @mina",
        "https://help.kestrel.example/a.html",
    ],
)
def test_what_is_no_strange_link_passes(text: str) -> None:
    assert govern(plea(text=text)) is None


def test_many_people_may_ask_at_once_in_one_room() -> None:
    assert govern(plea(last_reply_in_thread_at=NOON - MINUTE)) is None


def test_a_cleared_author_is_answered_in_spite_of_a_flag() -> None:
    assert govern(plea(author_flagged=True, author_cleared=True)) is None


def test_the_last_cent_may_be_spent_and_not_one_more() -> None:
    budget = PlatformBudget(replies_per_day=9, spend_per_day_usd=0.4, reply_cost_usd=0.0, reply_with_link_cost_usd=0.2)
    rich = policy(budgets={"telegram": budget})
    reply = PostReply(purpose="faq", language="en", text="https://help.kestrel.example/a")
    spent = [
        govern(Plea(mention=mention(), reply=reply, standing=Standing(now=NOON, spent_today_usd=cost), policy=rich))
        for cost in (0.2, 0.21)
    ]
    assert [refusal is None for refusal in spent] == [True, False]
