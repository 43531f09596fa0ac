"""Decisions: kept as they were taken, and turned into rows of our own and actions of the outbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never

from sqlalchemy import select

from domain.deciding import AskReview, Decision, Effect, FlagMention, JoinTicket, OpenTicket, PostReply
from domain.people import Platform
from domain.records import MentionRecord
from domain.understanding import Assessment
from storage.actions import NewAction, add_many
from storage.db import Tx
from storage.tables import AssessmentRow, Base, DecisionRow, FlagRow, MentionRow, ReviewRow, TicketMentionRow, TicketRow
from storage.writing import chunks, insert_into

FLAG_RISK = {"review": 0.7, "likely": 0.95}
"""Where a flag stands in the review queue. Tier watch is only remembered."""
FLAG_URGENCY = "critical"
"""A scammer at work hurts people by the minute."""
DEFAULT_URGENCY = "normal"
"""Of a review about a mention nobody assessed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One mention and what was decided on it. `cost_usd` is the price of its reply."""

    record: MentionRecord
    decision: Decision
    cost_usd: float = 0.0


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
    await _insert(
        tx,
        DecisionRow,
        [
            {
                "mention_id": mention_id,
                "effects": decision.effects,
                "reasons": decision.reasons,
                "decided_by": decided_by,
                "decided_at": now,
            }
            for mention_id, _, decision in decided
        ],
    )


async def apply(  # noqa: PLR0913
    tx: Tx,
    record: MentionRecord,
    decision: Decision,
    *,
    now: datetime,
    not_before: datetime,
    due: Mapping[str, timedelta],
    decided_by: str = "",  # noqa: ARG001  (`record` keeps it)
    cost_usd: float = 0.0,
) -> list[int]:
    """Carry out what we can do ourselves and queue the rest; see `apply_many`."""
    decided = Decided(record=record, decision=decision, cost_usd=cost_usd)
    return await apply_many(tx, [decided], now=now, not_before=not_before, due=due)


async def apply_many(
    tx: Tx, decided: Sequence[Decided], *, now: datetime, not_before: datetime, due: Mapping[str, timedelta]
) -> list[int]:
    """Insert the tickets, flags, reviews and reply actions of a batch of decisions. Returns the ids of the new actions.

    Call it after `record`, which tells the urgency of each mention. `due`: urgency -> time until a human must have answered.
    A mention gets one reply whatever its purpose, so a second PostReply queues nothing. A flag of tier review or likely also
    asks for a review; tier watch is only remembered.
    """
    plan = _Plan(now=now, due=due)
    places = await _places(tx, [item.record.id for item in decided if item.decision.effects])
    for item in decided:
        for effect in item.decision.effects:
            plan.place(item, effect, places[item.record.id])
    await _write(tx, plan)
    return await add_many(tx, plan.actions, now=now, not_before=not_before)


@dataclass(frozen=True, slots=True)
class _Place:
    """What the rows need that a MentionRecord does not tell."""

    account_id: int
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """Rows to insert, in lists by table."""

    now: datetime
    due: Mapping[str, timedelta]
    actions: list[NewAction] = field(default_factory=list[NewAction])
    tickets: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    joins: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Mention id, ticket reference."""
    flags: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    reviews: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def place(self, item: Decided, effect: Effect, place: _Place) -> None:
        record = item.record
        match effect:
            case PostReply():
                self.actions.append(_reply(record, effect, item.cost_usd))
            case OpenTicket():
                self.tickets.append(self._ticket(record, effect, place))
            case JoinTicket():
                self.joins.append((record.id, effect.reference))
            case FlagMention():
                self.flags.append(self._flag(record, effect, place))
                if effect.tier != "watch":
                    look = AskReview(kind="flag", risk=FLAG_RISK[effect.tier], proposed=())
                    self.reviews.append(self._review(item, look, FLAG_URGENCY))
            case AskReview():
                self.reviews.append(self._review(item, effect, place.urgency))
            case _:
                assert_never(effect)

    def _ticket(self, record: MentionRecord, effect: OpenTicket, place: _Place) -> dict[str, Any]:
        return {
            "reference": effect.reference,
            "mention_id": record.id,
            "account_id": place.account_id,
            "thread_id": record.mention.thread_id,
            "intent": effect.intent,
            "urgency": effect.urgency,
            "language": effect.language,
            "created_at": self.now,
            "due_at": self.now + self.due[effect.urgency],
        }

    def _flag(self, record: MentionRecord, effect: FlagMention, place: _Place) -> dict[str, Any]:
        return {
            "mention_id": record.id,
            "account_id": place.account_id,
            "tier": effect.tier,
            "scam_type": effect.scam_type,
            "signals": effect.signals,
            "created_at": self.now,
        }

    def _review(self, item: Decided, effect: AskReview, urgency: str) -> dict[str, Any]:
        return {
            "mention_id": item.record.id,
            "kind": effect.kind,
            "risk": effect.risk,
            "proposed": effect.proposed,
            "reasons": item.decision.reasons,
            "due_at": self.now + self.due[urgency],
            "created_at": self.now,
        }


def reply_key(platform: Platform, external_id: str) -> str:
    """The key of the one reply a mention may get: `<platform>:<external id>:reply:0`."""
    return f"{platform}:{external_id}:reply:0"


def _reply(record: MentionRecord, effect: PostReply, cost_usd: float) -> NewAction:
    return NewAction(
        key=reply_key(record.mention.platform, record.mention.external_id),
        kind="reply",
        platform=record.mention.platform,
        mention_id=record.id,
        purpose=effect.purpose,
        text=effect.text,
        cost_usd=cost_usd,
    )


async def _write(tx: Tx, plan: _Plan) -> None:
    await _insert(tx, TicketRow, plan.tickets)
    opened = [(ticket["mention_id"], ticket["reference"]) for ticket in plan.tickets]
    await _link(tx, [*opened, *plan.joins])
    flag_ids: dict[int, int] = {}
    if plan.flags:
        statement = insert_into(tx, FlagRow).returning(FlagRow.mention_id, FlagRow.id)
        flag_ids = dict((await tx.execute(statement, plan.flags)).all())
    for review in plan.reviews:
        review["flag_id"] = flag_ids.get(review["mention_id"]) if review["kind"] == "flag" else None
    await _insert(tx, ReviewRow, plan.reviews)


async def _link(tx: Tx, joins: Sequence[tuple[int, str]]) -> None:
    """Add mentions to tickets: (mention id, reference). References nobody has are ignored."""
    references = sorted({reference for _, reference in joins})
    ticket_ids: dict[str, int] = {}
    for chunk in chunks(references):
        query = select(TicketRow.reference, TicketRow.id).where(TicketRow.reference.in_(chunk))
        ticket_ids.update((await tx.execute(query)).all())
    known = [(mention_id, ticket_ids[reference]) for mention_id, reference in joins if reference in ticket_ids]
    rows = [{"ticket_id": ticket_id, "mention_id": mention_id} for mention_id, ticket_id in known]
    if rows:
        await tx.execute(insert_into(tx, TicketMentionRow).on_conflict_do_nothing(), rows)


async def _insert(tx: Tx, table: type[Base], rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        await tx.execute(insert_into(tx, table), rows)


async def _places(tx: Tx, mention_ids: Sequence[int]) -> dict[int, _Place]:
    places: dict[int, _Place] = {}
    for chunk in chunks(mention_ids):
        query = (
            select(MentionRow.id, MentionRow.account_id, AssessmentRow.urgency)
            .outerjoin(AssessmentRow, AssessmentRow.mention_id == MentionRow.id)
            .where(MentionRow.id.in_(chunk))
        )
        for id_, account_id, urgency in await tx.execute(query):
            places[id_] = _Place(account_id, urgency or DEFAULT_URGENCY)
    return places


def _assessment_row(mention_id: int, assessment: Assessment, now: datetime) -> dict[str, Any]:
    labels = {name: getattr(assessment, name).label for name in ("language", "intent", "urgency", "sentiment", "threat")}
    kept = {"assessment": assessment, "model_version": assessment.model_version, "assessed_at": now}
    return {"mention_id": mention_id, **labels, **kept}
