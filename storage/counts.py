"""Counting: live totals, topics over time, and whether anything changed."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, distinct, func, select, text
from sqlalchemy.orm import InstrumentedAttribute

from domain.records import Counts
from domain.trends import JudgedGroup, TopicBin
from storage.db import Tx
from storage.tables import ActionRow, AssessmentRow, Base, FlagRow, MentionRow, ReviewRow, TicketRow
from storage.tables_house import ChangeRow, QuarantineRow
from storage.writing import on_sqlite

_LIKELIER_WRONG = 0.5
"""An intent below this probability is doubtful."""


async def totals(tx: Tx) -> Counts:
    """Over all time. `flagged` leaves out tier watch, `waiting` what only asks for a label.

    `failed` adds mentions and actions, `pending` adds those being sent.
    """
    sent = (ActionRow.kind == "reply") & (ActionRow.state == "sent")
    answered = select(func.count(distinct(ActionRow.mention_id))).where(sent).scalar_subquery()
    columns = {
        "heard": _count(MentionRow),
        "answered": answered,
        "tickets": _count(TicketRow),
        "flagged": _count(FlagRow, FlagRow.tier != "watch"),
        "waiting": _count(ReviewRow, ReviewRow.state == "waiting", ReviewRow.kind != "label"),
        "failed": _count(MentionRow, MentionRow.state == "failed") + _count(ActionRow, ActionRow.state == "failed"),
        "unknown": _count(ActionRow, ActionRow.state == "unknown"),
        "shadowed": _count(ActionRow, ActionRow.state == "shadowed", ActionRow.kind == "reply"),
        "pending": _count(ActionRow, ActionRow.state.in_(("pending", "sending"))),
        "quarantined": _count(QuarantineRow),
    }
    row = (await tx.execute(select(*(column.label(name) for name, column in columns.items())))).mappings().one()
    return Counts(**row)


async def per_topic(tx: Tx, *, since: datetime, until: datetime, bin: timedelta) -> list[TopicBin]:  # noqa: A002
    """Mentions posted in `[since, until)`, by intent, platform, language and time bin (whole seconds, counted from `since`).

    Only assessed ones, and no scam posts: those carry no intent of their own. Empty bins are left out; ordered by start.
    """
    width = timedelta(seconds=int(bin.total_seconds()))
    number = (_epoch(tx, MentionRow.posted_at) - int(since.timestamp())) // int(width.total_seconds())
    query = (
        select(AssessmentRow.intent, MentionRow.platform, AssessmentRow.language, number.label("number"), func.count())
        .join(AssessmentRow, AssessmentRow.mention_id == MentionRow.id)
        .where(MentionRow.posted_at >= since, MentionRow.posted_at < until, AssessmentRow.threat == "none")
        .group_by(AssessmentRow.intent, MentionRow.platform, AssessmentRow.language, "number")
        .order_by("number", AssessmentRow.intent, MentionRow.platform, AssessmentRow.language)
    )
    return [
        TopicBin(intent=intent, platform=platform, language=language, start=since + at * width, count=count)
        for intent, platform, language, at, count in (await tx.execute(query))
    ]


async def judged(tx: Tx, *, since: datetime, until: datetime) -> list[JudgedGroup]:
    """Posts judged in `[since, until)`, by language and intent, and how sure the intents were.

    No scam posts: those carry no intent of their own. Nor posts judged before confidences were kept.
    """
    sure = AssessmentRow.confidence
    doubtful = func.sum(case((sure < _LIKELIER_WRONG, 1), else_=0))
    query = (
        select(AssessmentRow.language, AssessmentRow.intent, func.count(), func.sum(sure), func.sum(sure * sure), doubtful)
        .where(AssessmentRow.assessed_at >= since, AssessmentRow.assessed_at < until, AssessmentRow.threat == "none")
        .where(sure.is_not(None))
        .group_by(AssessmentRow.language, AssessmentRow.intent)
        .order_by(AssessmentRow.language, AssessmentRow.intent)
    )
    return [
        JudgedGroup(language=language, intent=intent, count=count, confidence=total or 0.0, squares=squares, doubtful=unsure)
        for language, intent, count, total, squares, unsure in (await tx.execute(query))
    ]


async def change_token(tx: Tx) -> str:
    """Differs from an earlier one when a transaction that wrote anything was committed in between, be it a mere claim.

    SQLite: a counter that `Database.transaction` moves. PostgreSQL: the snapshot, which every commit changes; a counter row
    would make all workers there queue for one lock. It may also differ for nothing: read it as "something may have changed".
    """
    if on_sqlite(tx):
        return str((await tx.scalars(select(ChangeRow.number))).one())
    return (await tx.scalars(text("SELECT pg_current_snapshot()::text"))).one()


def _count(table: type[Base], *conditions: ColumnElement[bool]) -> Any:
    return select(func.count()).select_from(table).where(*conditions).scalar_subquery()


def _epoch(tx: Tx, column: InstrumentedAttribute[datetime]) -> ColumnElement[int]:
    """Whole seconds since 1970, fractions cut off."""
    # SQLite would round them, so it only gets to see the text up to the seconds.
    seconds = func.strftime("%s", func.substr(column, 1, 19)) if on_sqlite(tx) else func.floor(func.extract("epoch", column))
    return cast(seconds, BigInteger)
