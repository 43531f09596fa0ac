"""The review queue: what waits for a human, who has taken it, and what came of it."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Select, or_, select, update

from domain.deciding import Effect, Reason, ReviewKind
from domain.people import Platform
from domain.records import ReviewRecord
from storage.db import Tx
from storage.mentions import excerpt
from storage.tables import AccountRow, AssessmentRow, MentionRow, ReviewRow
from storage.writing import changed, insert_into

_Query = Select[ReviewRow, AccountRow, AssessmentRow, str]


async def add(  # noqa: PLR0913  (one argument a column)
    tx: Tx,
    *,
    mention_id: int,
    kind: ReviewKind,
    risk: float,
    proposed: Sequence[Effect],
    reasons: Sequence[Reason],
    due_at: datetime,
    now: datetime,
    flag_id: int | None = None,
    action_id: int | None = None,
) -> int:
    """Ask a human. Returns the id of the review."""
    values = {"mention_id": mention_id, "kind": kind, "risk": risk, "due_at": due_at, "created_at": now}
    values |= {"proposed": tuple(proposed), "reasons": tuple(reasons), "flag_id": flag_id, "action_id": action_id}
    statement = insert_into(tx, ReviewRow).values(**values).returning(ReviewRow.id)
    return (await tx.scalars(statement)).one()


async def queue(
    tx: Tx,
    *,
    platform: Platform | None = None,
    language: str | None = None,
    kind: ReviewKind | None = None,
    limit: int = 100,
) -> list[ReviewRecord]:
    """Waiting reviews, claimed ones included: highest risk first, then the earliest due. Those for a label stand below all."""
    order = (ReviewRow.kind == "label", ReviewRow.risk.desc(), ReviewRow.due_at, ReviewRow.id)
    query = _select().where(ReviewRow.state == "waiting").order_by(*order)
    for column, wanted in ((MentionRow.platform, platform), (AssessmentRow.language, language), (ReviewRow.kind, kind)):
        query = query if wanted is None else query.where(column == wanted)
    return await _records(tx, query.limit(limit))


async def get(tx: Tx, review_id: int) -> ReviewRecord | None:
    return next(iter(await _records(tx, _select().where(ReviewRow.id == review_id))), None)


async def of_mention(tx: Tx, mention_id: int) -> list[ReviewRecord]:
    """Oldest first."""
    return await _records(tx, _select().where(ReviewRow.mention_id == mention_id).order_by(ReviewRow.id))


async def claim(tx: Tx, review_id: int, *, user: str, now: datetime, until: datetime) -> bool:
    """Take it, or hold it longer. False when it is decided or somebody else holds it."""
    free = _waiting(review_id) & _not_held_by_others(user, now)
    return await changed(tx, update(ReviewRow).where(free).values(claimed_by=user, claimed_until=until), ReviewRow.id)


async def release(tx: Tx, review_id: int, *, user: str) -> bool:
    """Put it back. False when `user` does not hold it."""
    held = _waiting(review_id) & (ReviewRow.claimed_by == user)
    return await changed(tx, update(ReviewRow).where(held).values(claimed_by=None, claimed_until=None), ReviewRow.id)


async def decide(tx: Tx, review_id: int, *, user: str, outcome: str, now: datetime) -> bool:
    """waiting -> decided, once. False when it is decided or somebody else holds it."""
    statement = (
        update(ReviewRow)
        .where(_waiting(review_id), _not_held_by_others(user, now))
        .values(state="decided", outcome=outcome, decided_by=user, decided_at=now, claimed_by=None, claimed_until=None)
    )
    return await changed(tx, statement, ReviewRow.id)


async def reopen(tx: Tx, review_id: int) -> bool:
    """Undo: decided -> waiting, as if nobody had touched it. False when it was not decided."""
    decided = (ReviewRow.id == review_id) & (ReviewRow.state == "decided")
    fresh = {"state": "waiting", "outcome": None, "decided_by": None, "decided_at": None}
    return await changed(tx, update(ReviewRow).where(decided).values(**fresh), ReviewRow.id)


def _waiting(review_id: int) -> ColumnElement[bool]:
    return (ReviewRow.id == review_id) & (ReviewRow.state == "waiting")


def _not_held_by_others(user: str, now: datetime) -> ColumnElement[bool]:
    return or_(ReviewRow.claimed_by.is_(None), ReviewRow.claimed_by == user, ReviewRow.claimed_until <= now)


def _select() -> _Query:
    return (
        select(ReviewRow, AccountRow, AssessmentRow, excerpt())
        .join(MentionRow, MentionRow.id == ReviewRow.mention_id)
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .outerjoin(AssessmentRow, AssessmentRow.mention_id == MentionRow.id)
    )


async def _records(tx: Tx, query: _Query) -> list[ReviewRecord]:
    return [_record(*found) for found in (await tx.execute(query))]


def _record(row: ReviewRow, account: AccountRow, assessment: AssessmentRow | None, text: str) -> ReviewRecord:
    return ReviewRecord(
        id=row.id,
        mention_id=row.mention_id,
        kind=row.kind,
        risk=row.risk,
        proposed=row.proposed,
        reasons=row.reasons,
        state=row.state,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        due_at=row.due_at,
        created_at=row.created_at,
        platform=account.platform,
        language=assessment.language if assessment else "",
        intent=assessment.intent if assessment else "",
        urgency=assessment.urgency if assessment else "",
        excerpt=text,
        author_name=account.display_name,
        flag_id=row.flag_id,
        action_id=row.action_id,
        outcome=row.outcome,
        decided_by=row.decided_by,
        decided_at=row.decided_at,
    )
