"""The last word on every public reply. No rule bypasses it: it is asked when deciding, and again just before sending."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from domain.deciding import PostReply, Reason, Standing
from domain.hearing import Mention
from domain.limits import MAX_LENGTH, text_length
from domain.people import AccountKind
from triage.policy import Policy

_LINK = re.compile(r"\b[a-z][a-z0-9+.-]*://([^\s/?#]+)[a-z0-9/?#%=&.+~:_-]*", re.IGNORECASE)
_BARE_LINK = re.compile(
    r"(?<![a-z0-9_@.-])((?:[a-z0-9а-яё-]{1,63}\.){1,8}(?:[a-z]{2,24}|рф|xn--[a-z0-9-]{2,59}))(?![a-z0-9_-]|\.[a-z0-9])",
    re.IGNORECASE,
)
"""Platforms make a link of a host alone as well."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plea:
    """A reply that asks to be sent."""

    mention: Mention
    reply: PostReply
    standing: Standing
    policy: Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why a reply must not go out. `silence`: leave it; `human`: a reviewer may still send it."""

    reason: Reason
    then: Literal["silence", "human", "wait"]


def _refuse(rule: str, text: str, then: Literal["silence", "human", "wait"] = "silence") -> Refusal:
    return Refusal(reason=Reason(rule=f"governor.{rule}", text=text), then=then)


def kill_switch(plea: Plea) -> Refusal | None:
    return _refuse("kill_switch", "the kill switch of this platform is on", "wait") if plea.standing.killed else None


def only_people(plea: Plea) -> Refusal | None:
    kind = plea.mention.author.kind
    return None if kind == AccountKind.PERSON else _refuse("only_people", f"the author is not a person but {kind}")


def still_there(plea: Plea) -> Refusal | None:
    return _refuse("still_there", "the post was deleted") if plea.standing.deleted else None


def opted_out(plea: Plea) -> Refusal | None:
    return _refuse("opted_out", "the author asked us to stop") if plea.standing.author_opted_out else None


def never_scammers(plea: Plea) -> Refusal | None:
    standing = plea.standing
    flagged = standing.author_flagged and not standing.author_cleared
    return _refuse("never_scammers", "the author is flagged as a possible scammer") if flagged else None


def one_reply(plea: Plea) -> Refusal | None:
    return _refuse("one_reply", "this mention already has a reply") if plea.standing.replies_to_mention else None


def fits(plea: Plea) -> Refusal | None:
    platform = plea.mention.platform
    length, limit = text_length(platform, plea.reply.text), MAX_LENGTH[platform]
    if not plea.reply.text.strip():
        return _refuse("fits", "the reply is empty", "human")
    return None if length <= limit else _refuse("fits", f"the reply is {length} long and {platform} allows {limit}", "human")


def allowed_links(plea: Plea) -> Refusal | None:
    strange = sorted(_hosts(plea.reply.text) - plea.policy.allowed_hosts)
    return _refuse("allowed_links", f"the link to {strange[0]} is not on the allow-list", "human") if strange else None


def within_budget(plea: Plea) -> Refusal | None:
    budget, standing = plea.policy.budgets[plea.mention.platform], plea.standing
    if standing.replies_today >= budget.replies_per_day:
        return _refuse("within_budget", f"{budget.replies_per_day} replies were sent today, the daily cap", "human")
    if standing.spent_today_usd + reply_cost(plea.mention, plea.reply.text, plea.policy) > budget.spend_per_day_usd:
        return _refuse("within_budget", f"today's spend cap of ${budget.spend_per_day_usd:.2f} is reached", "human")
    return None


def asked_us(plea: Plea) -> Refusal | None:
    return None if plea.mention.addressed else _refuse("asked_us", "the author did not ask us")


def in_time(plea: Plea) -> Refusal | None:
    limit = plea.policy.reply_within
    late = plea.standing.now - plea.mention.posted_at > limit
    return _refuse("in_time", f"the post is older than {limit}", "human") if late else None


def author_cooldown(plea: Plea) -> Refusal | None:
    last, pause = plea.standing.last_reply_to_author_at, plea.policy.author_cooldown
    too_soon = last is not None and plea.standing.now - last < pause
    return _refuse("author_cooldown", f"this author had a reply less than {pause} ago", "human") if too_soon else None


def thread_cooldown(plea: Plea) -> Refusal | None:
    """Only on X is a thread one conversation; elsewhere it is a room where many people ask at once."""
    last, pause = plea.standing.last_reply_in_thread_at, plea.policy.thread_cooldown
    too_soon = plea.mention.platform == "x" and last is not None and plea.standing.now - last < pause
    return _refuse("thread_cooldown", f"this thread had a reply less than {pause} ago", "human") if too_soon else None


Check = Callable[[Plea], Refusal | None]

ALWAYS: tuple[Check, ...] = (
    kill_switch,
    only_people,
    still_there,
    opted_out,
    never_scammers,
    one_reply,
    fits,
    allowed_links,
    within_budget,
)
"""Bind every reply, a human's too."""

AUTOMATIC: tuple[Check, ...] = (asked_us, in_time, author_cooldown, thread_cooldown)
"""Bind replies that no human has approved."""


def govern(plea: Plea) -> Refusal | None:
    """The first reason against sending, or None: send."""
    checks: Iterable[Check] = ALWAYS if plea.reply.purpose == "custom" else ALWAYS + AUTOMATIC
    return next((refusal for check in checks if (refusal := check(plea))), None)


def reply_cost(mention: Mention, text: str, policy: Policy) -> float:
    """What the platform charges for this reply, in US dollars."""
    budget = policy.budgets[mention.platform]
    return budget.reply_with_link_cost_usd if _hosts(text) else budget.reply_cost_usd


def _hosts(text: str) -> set[str]:
    """What a text links to, in lower case."""
    bare = _BARE_LINK.findall(_LINK.sub(" ", text))
    return {host.lower() for host in (*_LINK.findall(text), *bare)}
