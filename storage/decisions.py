"""Decisions: kept as they were taken, and turned into rows of our own and actions of the outbox."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select, update

from domain.deciding import Decision
from domain.records import MentionRecord
from domain.understanding import Assessment
from storage.actions import add_many
from storage.db import Tx
from storage.effects import Decided, Place, Plan
from storage.tables import (
    AccountRow,
    AssessmentRow,
    Base,
    DecisionRow,
    FlagRow,
    MentionRow,
    ReviewRow,
    TicketMentionRow,
    TicketRow,
)
from storage.writing import chunks, insert_into

FLEET = "fleet"
"""Who decided, when no human did."""
DEFAULT_URGENCY = "normal"
"""Of a review about a mention nobody assessed."""


async def record(
    tx: Tx, mention_id: int, assessment: Assessment | None, decision: Decision, *, decided_by: str, now: datetime
) -> None:
    """Keep a decision, and the assessment it rests on (None leaves the one stored)."""
    await record_many(tx, [(mention_id, assessment, decision)], decided_by=decided_by, now=now)


async def record_many(
    tx: Tx, decided: Sequence[tuple[int, Assessment | None, Decision]], *, decided_by: str, now: datetime
) -> None:
    """As `record`, for a batch in two statements. A mention keeps its newest assessment and all its decisions."""
    assessed = [_assessment_row(mention_id, assessment, now) for mention_id, assessment, _ in decided if assessment is not None]
    if assessed:
        insert = insert_into(tx, AssessmentRow)
        newer = {name: insert.excluded[name] for name in assessed[0] if name != "mention_id"}
        await tx.execute(insert.on_conflict_do_update(index_elements=["mention_id"], set_=newer), assessed)
    kept = [(mention_id, {"effects": decision.effects, "reasons": decision.reasons}) for mention_id, _, decision in decided]
    rows = [{"mention_id": mention_id, **what, "decided_by": decided_by, "decided_at": now} for mention_id, what in kept]
    await _insert(tx, DecisionRow, rows)


async def apply(
    tx: Tx,
    record: MentionRecord,
    decision: Decision,
    *,
    now: datetime,
    not_before: datetime,
    due: Mapping[str, timedelta],
    cost_usd: float = 0.0,
) -> list[int]:
    """Carry out one decision; see `apply_many`."""
    decided = Decided(record=record, decision=decision, cost_usd=cost_usd)
    return await apply_many(tx, [decided], now=now, not_before=not_before, due=due)


async def apply_many(
    tx: Tx, decided: Sequence[Decided], *, now: datetime, not_before: datetime, due: Mapping[str, timedelta]
) -> list[int]:
    """Insert the tickets, flags, reviews and reply actions of a batch of decisions. Returns the ids of the actions queued.

    Call it after `record`, which tells the urgency of each mention. `due`: urgency -> time until a human must have answered.
    A mention gets one reply whatever its purpose, so a second PostReply queues nothing. A flag of tier review or likely also
    asks for a review; tier watch is only remembered.
    """
    plan = Plan(now=now, due=due)
    places = await _places(tx, [item.record.id for item in decided if item.decision.effects])
    for item in decided:
        for effect in item.decision.effects:
            plan.add(item, effect, places[item.record.id])
    await _insert(tx, TicketRow, plan.tickets)
    await _link(tx, plan.joins)
    await _ask(tx, plan.reviews, await _flag(tx, plan.flags))
    if plan.opted_out:
        await tx.execute(update(AccountRow).where(AccountRow.id.in_(plan.opted_out)).values(opted_out=True))
    return await add_many(tx, plan.actions, now=now, not_before=not_before)


async def _places(tx: Tx, mention_ids: Sequence[int]) -> dict[int, Place]:
    places: dict[int, Place] = {}
    for chunk in chunks(mention_ids):
        query = (
            select(MentionRow.id, MentionRow.account_id, AssessmentRow.urgency)
            .outerjoin(AssessmentRow, AssessmentRow.mention_id == MentionRow.id)
            .where(MentionRow.id.in_(chunk))
        )
        for id_, account_id, urgency in await tx.execute(query):
            places[id_] = Place(account_id=account_id, urgency=urgency or DEFAULT_URGENCY)
    return places


async def _link(tx: Tx, joins: Sequence[tuple[int, str]]) -> None:
    """Add mentions to tickets: (mention id, reference). References nobody has are ignored."""
    ticket_ids: dict[str, int] = {}
    for chunk in chunks(sorted({reference for _, reference in joins})):
        query = select(TicketRow.reference, TicketRow.id).where(TicketRow.reference.in_(chunk))
        ticket_ids.update({reference: id_ for reference, id_ in await tx.execute(query)})  # noqa: C416  (rows are no pairs)
    known = [(mention_id, ticket_ids[reference]) for mention_id, reference in joins if reference in ticket_ids]
    rows = [{"ticket_id": ticket_id, "mention_id": mention_id} for mention_id, ticket_id in known]
    if rows:
        await tx.execute(insert_into(tx, TicketMentionRow).on_conflict_do_nothing(), rows)


async def _flag(tx: Tx, flags: Sequence[dict[str, Any]]) -> dict[int, int]:
    """Mention id -> id of its new flag."""
    if not flags:
        return {}
    statement = insert_into(tx, FlagRow).returning(FlagRow.mention_id, FlagRow.id)
    return {row.mention_id: row.id for row in await tx.execute(statement, flags)}


async def _ask(tx: Tx, reviews: Sequence[dict[str, Any]], flag_ids: Mapping[int, int]) -> None:
    """A review of kind flag points to the flag that came with it."""
    rows = [{**row, "flag_id": flag_ids.get(row["mention_id"]) if row["kind"] == "flag" else None} for row in reviews]
    await _insert(tx, ReviewRow, rows)


async def _insert(tx: Tx, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tx.execute(insert_into(tx, table), rows)


def _assessment_row(mention_id: int, assessment: Assessment, now: datetime) -> dict[str, Any]:
    labels = {name: getattr(assessment, name).label for name in ("language", "intent", "urgency", "sentiment", "threat")}
    kept = {"assessment": assessment, "model_version": assessment.model_version, "assessed_at": now}
    return {"mention_id": mention_id, **labels, "confidence": assessment.intent.confidence, **kept}
