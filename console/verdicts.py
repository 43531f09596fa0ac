"""A reviewer's decision: gathered, decided by the pure rules, and committed with its outbox rows in one transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from classifier.redaction import redact
from console.context import Console
from domain.deciding import Decision, Effect, JoinTicket, OpenTicket, PostReply, Reason, Verdict
from domain.errors import AlreadyDecided
from domain.records import ActionRecord, CaseFile, ReviewRecord, TicketRecord, UserRecord
from storage import accounts, actions, audit, casefile, decisions, flags, labels, reviews, standing, tickets
from storage.db import Tx
from triage.governor import Plea, govern, reply_cost
from triage.review import review

"""Without letters that are mistaken for others when read aloud."""

Fate = Literal["there", "absent", "leave"]


class Refused(Exception):
    """The verdict cannot be carried out; the message says why in one sentence for the reviewer."""


class NotFound(Exception):
    """There is no such row."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """A review item and all that is known about its mention."""

    item: ReviewRecord
    case: CaseFile


async def load(tx: Tx, review_id: int) -> Matter:
    item = await reviews.get(tx, review_id)
    case = await casefile.load(tx, item.mention_id) if item else None
    if item is None or case is None:
        raise NotFound
    return Matter(item=item, case=case)


async def decide(tx: Tx, console: Console, user: UserRecord, review_id: int, verdict: Verdict) -> Matter:
    """Raises AlreadyDecided, Refused, NotFound; the caller's transaction is then rolled back."""
    now = console.clock()
    matter = await load(tx, review_id)
    item = matter.item
    if item.kind == "label":
        raise Refused("This item asks for labels, not for a decision.")
    if item.action_id is not None:
        raise Refused("Say first what became of the reply whose sending was interrupted.")
    if not await reviews.decide(tx, item.id, user=user.username, outcome=verdict.choice, now=now):
        raise AlreadyDecided(who_was_first(item, now))
    verdict = _worded(item, verdict)
    await _decide_flag(tx, matter, verdict, now)
    decision = review(item, verdict, case=matter.case, policy=console.policy, reference=console.new_reference())
    decision = await _governed(tx, console, matter, verdict, decision)
    await _carry_out(tx, console, user, matter, decision)
    if verdict.choice == "scam":
        await _confirm_new_flags(tx, user, matter, now)
    subject, detail = f"review {item.id}", f"{verdict.reason} (mention {item.mention_id})"
    await audit.add(tx, actor=user.username, verb=f"review.{verdict.choice}", subject=subject, detail=detail, now=now)
    return matter


async def undo(tx: Tx, console: Console, user: UserRecord, review_id: int) -> Matter:
    """Takes a decision back while nothing of it has been sent. Raises Refused, NotFound."""
    now = console.clock()
    matter = await load(tx, review_id)
    refusal = why_not_undo(matter, user, now, console)
    if refusal:
        raise Refused(refusal)
    if matter.item.kind == "label":
        await labels.remove(tx, review_id)
    for action in _queued_by(matter):
        if not await actions.cancel(tx, action.id, detail=f"undone by {user.username}", now=now):
            raise Refused("Too late: the reply is being sent.")
    for ticket in _opened_by(matter):
        await tickets.set_state(tx, ticket.id, "closed")
    await _undo_flags(tx, matter, now)
    if not await reviews.reopen(tx, review_id):
        raise Refused("Somebody else has just changed this item.")
    subject, detail = f"review {review_id}", matter.item.outcome or ""
    await audit.add(tx, actor=user.username, verb="review.undo", subject=subject, detail=detail, now=now)
    return matter


def why_not_undo(matter: Matter, user: UserRecord, now: datetime, console: Console) -> str | None:
    """One sentence, or None: it can be undone."""
    item = matter.item
    if item.state != "decided" or item.decided_at is None:
        return "This item waits for a decision; there is nothing to undo."
    if item.decided_by != user.username:
        return f"Only {item.decided_by} can undo this."
    if item.action_id is not None or now >= item.decided_at + console.undo:
        return "Too late to undo."
    if any(action.state != "pending" for action in _queued_by(matter)):
        return "Too late: the reply is being sent."
    return None


async def resolve(tx: Tx, user: UserRecord, review_id: int, fate: Fate, now: datetime) -> Matter:
    """A human says what became of a reply whose sending was interrupted. Raises AlreadyDecided, Refused, NotFound."""
    matter = await load(tx, review_id)
    item = matter.item
    if item.action_id is None:
        raise Refused("This item is not about an interrupted reply.")
    if not await reviews.decide(tx, review_id, user=user.username, outcome=fate, now=now):
        raise AlreadyDecided(who_was_first(item, now))
    states: dict[Fate, Literal["sent", "pending", "failed"]] = {"there": "sent", "absent": "pending", "leave": "failed"}
    detail = f"{user.username}: {fate}"
    if not await actions.settle(tx, item.action_id, state=states[fate], detail=detail, now=now):
        raise AlreadyDecided("The platform has answered in the meantime; nothing is left to decide.")
    subject = f"action {item.action_id}"
    await audit.add(tx, actor=user.username, verb=f"action.{fate}", subject=subject, detail=f"review {review_id}", now=now)
    return matter


def who_was_first(item: ReviewRecord, now: datetime) -> str:
    if item.state == "decided":
        return f"{item.decided_by} has already decided this: {item.outcome}. Your decision was not recorded."
    if item.claimed_by and item.claimed_until and item.claimed_until > now:
        return f"{item.claimed_by} has claimed this. Your decision was not recorded."
    return "Somebody else changed this a moment ago. Look at it again."


def _worded(item: ReviewRecord, verdict: Verdict) -> Verdict:
    """The words that are really meant to go out. Raises Refused when there are none, or when they show private data."""
    shown = sorted(redact(verdict.text or "").found)
    if shown and verdict.choice in {"approve", "ticket"}:
        raise Refused(f"This reply shows private data ({', '.join(shown).replace('_', ' ')}): take it out first.")
    reply = proposed_reply(item)
    if verdict.choice == "approve" and reply and not verdict.text:
        raise Refused("The reply is empty: write one, or choose another decision.")
    if verdict.choice == "ticket" and reply and not proposed_ticket(item) and verdict.text == reply.text.strip():
        return replace(verdict, text=None)  # the answer was left in the field; it acknowledges nothing
    return verdict


async def _decide_flag(tx: Tx, matter: Matter, verdict: Verdict, now: datetime) -> None:
    """Before the governor is asked: it never lets us answer a flagged account that no human has cleared."""
    if matter.item.flag_id is None:
        return
    guilty = verdict.choice == "scam"
    await flags.decide(tx, matter.item.flag_id, "confirmed" if guilty else "dismissed", now)
    flag = await flags.get(tx, matter.item.flag_id)
    if flag is not None:
        await accounts.clear(tx, flag.account_id, None if guilty else now)


async def _governed(tx: Tx, console: Console, matter: Matter, verdict: Verdict, decision: Decision) -> Decision:
    """A human's reply is governed too. A refused answer is an error to show; a ticket is opened without its acknowledgement."""
    record = matter.case.record
    standings = await standing.standings(tx, [record.id], console.clock())
    kept: list[Effect] = []
    reasons = list(decision.reasons)
    for effect in decision.effects:
        refusal = None
        if isinstance(effect, PostReply):
            plea = Plea(mention=record.mention, reply=effect, standing=standings[record.id], policy=console.policy)
            refusal = govern(plea)
        if refusal is None or refusal.then == "wait":
            kept.append(effect)
        elif verdict.choice == "approve":
            raise Refused(f"This reply cannot be sent: {refusal.reason.text}.")
        else:
            reasons.append(Reason(rule=refusal.reason.rule, text=f"No acknowledgement: {refusal.reason.text}."))
    return replace(decision, effects=tuple(kept), reasons=tuple(reasons))


async def _carry_out(tx: Tx, console: Console, user: UserRecord, matter: Matter, decision: Decision) -> None:
    now, record = console.clock(), matter.case.record
    effects = tuple([await _reopened(tx, effect) for effect in decision.effects])
    cost = sum(reply_cost(record.mention, effect.text, console.policy) for effect in effects if isinstance(effect, PostReply))
    decision = replace(decision, effects=effects)
    await decisions.record(tx, record.id, None, decision, decided_by=user.username, now=now)
    await decisions.apply(tx, record, decision, now=now, not_before=now + console.undo, due=console.policy.due, cost_usd=cost)


async def _reopened(tx: Tx, effect: Effect) -> Effect:
    """A ticket that an undone decision opened and closed is opened again under its reference."""
    if not isinstance(effect, OpenTicket):
        return effect
    ticket = await tickets.by_reference(tx, effect.reference)
    if ticket is None:
        return effect
    await tickets.set_state(tx, ticket.id, "open")
    return JoinTicket(reference=effect.reference)


async def _confirm_new_flags(tx: Tx, user: UserRecord, matter: Matter, now: datetime) -> None:
    """A flag asks for a review by itself; this one comes from a reviewer, so nobody needs to be asked again."""
    known = {flag.id for flag in matter.case.flags}
    for flag in await flags.of_mention(tx, matter.case.record.id):
        if flag.id not in known:
            await flags.decide(tx, flag.id, "confirmed", now)
            await accounts.clear(tx, flag.account_id, None)
    asked = {item.id for item in matter.case.reviews}
    for item in await reviews.of_mention(tx, matter.case.record.id):
        if item.id not in asked:
            await reviews.decide(tx, item.id, user=user.username, outcome="scam", now=now)


def _queued_by(matter: Matter) -> list[ActionRecord]:
    """The outbox rows of this decision: no earlier reply to the mention may still be sent after it."""
    decided_at = matter.item.decided_at
    if matter.item.kind == "label":
        return []  # labels queue nothing; what the fleet may still be sending is not theirs to stop
    return [action for action in matter.case.actions if decided_at and action.not_before >= decided_at]


def _opened_by(matter: Matter) -> list[TicketRecord]:
    if matter.item.kind == "label":
        return []
    ticket = proposed_ticket(matter.item)
    own = ticket.reference if ticket else None
    return [one for one in matter.case.tickets if one.created_at == matter.item.decided_at or one.reference == own]


async def _undo_flags(tx: Tx, matter: Matter, now: datetime) -> None:
    for flag in matter.case.flags:
        if flag.id == matter.item.flag_id:
            await flags.decide(tx, flag.id, "open", now)
            await accounts.clear(tx, flag.account_id, None)
        elif flag.created_at == matter.item.decided_at:
            await flags.decide(tx, flag.id, "dismissed", now)


def proposed_reply(item: ReviewRecord) -> PostReply | None:
    return next((effect for effect in item.proposed if isinstance(effect, PostReply)), None)


def proposed_ticket(item: ReviewRecord) -> OpenTicket | None:
    return next((effect for effect in item.proposed if isinstance(effect, OpenTicket)), None)
