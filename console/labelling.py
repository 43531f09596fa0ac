"""A reviewer's labels of a sampled post: checked and kept. Nothing is decided by them and nothing is sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from console.context import Console
from console.verdicts import Matter, Refused, load, who_was_first
from domain.errors import AlreadyDecided
from domain.records import HEADS, CaseFile, Head, UserRecord
from domain.sampling import RANDOM_RULE
from domain.understanding import SENTIMENTS, THREATS, URGENCIES, Assessment
from storage import audit, labels, reviews
from storage.db import Tx

ACTIONS = ("reply_faq", "open_ticket", "flag", "none")

_OF_A_SCAM: tuple[Head, ...] = ("threat", "action")
"""Scam posts carry no intent, urgency or sentiment of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One head to confirm or correct. `was`: what the model said, or was done; `options`: the likeliest first."""

    head: Head
    was: str
    options: Sequence[str]


def asks(case: CaseFile) -> list[Ask]:
    """Empty when the post was never judged."""
    return [_ask(head, case, case.assessment) for head in HEADS] if case.assessment else []


async def label(tx: Tx, console: Console, user: UserRecord, review_id: int, given: Mapping[Head, str]) -> Matter:
    """Keeps the labels of every head, or skips the post when none is given.

    Raises AlreadyDecided, Refused, NotFound; the caller's transaction is then rolled back.
    """
    now = console.clock()
    matter = await load(tx, review_id)
    item = matter.item
    if item.kind != "label":
        raise Refused("This item asks for a decision, not for labels.")
    said = _said(matter.case, given)
    outcome = _outcome(said)
    if not await reviews.decide(tx, review_id, user=user.username, outcome=outcome, now=now):
        raise AlreadyDecided(who_was_first(item, now))
    drawn = any(reason.rule == RANDOM_RULE for reason in item.reasons)
    await labels.add(tx, mention_id=item.mention_id, review_id=item.id, said=said, drawn=drawn, by=user.username, now=now)
    subject, detail = f"review {item.id}", f"{_difference(said) or outcome} (mention {item.mention_id})"
    await audit.add(tx, actor=user.username, verb=f"label.{outcome}", subject=subject, detail=detail, now=now)
    return matter


def done(case: CaseFile) -> str:
    """What the fleet did about a post, in one word."""
    if any(flag.tier != "watch" for flag in case.flags):
        return "flag"
    if case.tickets:
        return "open_ticket"
    return "reply_faq" if any(action.purpose == "faq" for action in case.actions) else "none"


def _ask(head: Head, case: CaseFile, assessment: Assessment) -> Ask:
    match head:
        case "action":
            said, known = assessment.need, ACTIONS
        case "intent":
            said, known = assessment.intent, ()
        case "urgency":
            said, known = assessment.urgency, URGENCIES
        case "sentiment":
            said, known = assessment.sentiment, SENTIMENTS
        case "threat":
            said, known = assessment.threat, THREATS
    was = done(case) if head == "action" else said.label
    options = {name for name in (was, *known, *said.probabilities) if name}
    return Ask(head=head, was=was, options=sorted(options, key=lambda name: (-said.probabilities.get(name, 0.0), name)))


def _said(case: CaseFile, given: Mapping[Head, str]) -> dict[Head, tuple[str, str]]:
    """Head -> (label, what it was). Raises Refused for a label that the head does not have."""
    if not given:
        return {}
    asked = {ask.head: ask for ask in asks(case)}
    for head, name in given.items():
        if head not in asked or name not in asked[head].options:
            raise Refused(f"{name} is no label of {head}: choose one of the list.")
    heads = _OF_A_SCAM if given.get("threat") == "scam" else HEADS
    return {head: (given[head], asked[head].was) for head in heads if head in given}


def _outcome(said: Mapping[Head, tuple[str, str]]) -> str:
    if not said:
        return "skip"
    return "correct" if _difference(said) else "confirm"


def _difference(said: Mapping[Head, tuple[str, str]]) -> str:
    return ", ".join(f"{head}: {was} -> {name}" for head, (name, was) in said.items() if name != was)
