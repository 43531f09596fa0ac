"""Posts put before reviewers to learn from, and the labels that came of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, delete, exists, func, or_, select

from domain.people import AccountKind, Platform
from domain.records import Head, HeadAgreement, LabelRecord
from domain.sampling import Candidate, History, Stratum
from storage.db import Tx
from storage.tables import AccountRow, AssessmentRow, LabelRow, MentionRow, ReviewRow
from storage.writing import insert_into

_SAMPLED = ReviewRow.kind == "label"


async def candidates(tx: Tx, *, since: datetime, limit: int) -> list[Candidate]:
    """The newest posts of people, judged since then, about which no human was ever asked."""
    asked = exists().where(ReviewRow.mention_id == MentionRow.id)
    query = (
        select(MentionRow.id, MentionRow.text, AssessmentRow.assessment)
        .join(AssessmentRow, AssessmentRow.mention_id == MentionRow.id)
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .where(AssessmentRow.assessed_at >= since, MentionRow.state == "handled", MentionRow.deleted_at.is_(None))
        .where(AccountRow.kind == AccountKind.PERSON, MentionRow.text != "", ~asked)
        .order_by(AssessmentRow.assessed_at.desc(), MentionRow.id.desc())
    )
    found = await tx.execute(query.limit(limit))
    return [Candidate(mention_id=id_, text=text, assessment=assessment) for id_, text, assessment in found]


async def sampled(tx: Tx, *, since: datetime) -> tuple[int, int]:
    """How many posts were put before reviewers since then, and how many still wait, whenever they came."""
    taken = select(func.count()).select_from(ReviewRow).where(_SAMPLED, ReviewRow.created_at >= since).scalar_subquery()
    waiting = select(func.count()).select_from(ReviewRow).where(_SAMPLED, ReviewRow.state == "waiting").scalar_subquery()
    row = (await tx.execute(select(taken, waiting))).one()
    return row[0], row[1]


async def history(tx: Tx, *, since: datetime) -> dict[Stratum, History]:
    """What people made of each intent and language since then.

    A reviewer corrects the fleet by a label other than its own, by clearing what it flagged, and by anything but approval of
    what it proposed. Where it proposed nothing there is nothing to correct, nor in the fate of an interrupted reply.
    """
    labelled = _SAMPLED & ((ReviewRow.outcome != "skip") | ReviewRow.outcome.is_(None))
    judged = (ReviewRow.state == "decided") & ReviewRow.action_id.is_(None) & (ReviewRow.kind != "unsure")
    judged &= ReviewRow.outcome != "skip"
    corrected = judged & case(
        (_SAMPLED, ReviewRow.outcome == "correct"),
        (ReviewRow.kind == "flag", ReviewRow.outcome != "scam"),
        else_=ReviewRow.outcome != "approve",
    )
    query = (
        select(AssessmentRow.intent, AssessmentRow.language, _number(labelled), _number(judged), _number(corrected))
        .join(AssessmentRow, AssessmentRow.mention_id == ReviewRow.mention_id)
        .where(ReviewRow.created_at >= since)
        .group_by(AssessmentRow.intent, AssessmentRow.language)
    )
    return {
        (intent, language): History(labelled=asked, decided=decided, corrected=wrong)
        for intent, language, asked, decided, wrong in (await tx.execute(query))
    }


async def add(
    tx: Tx,
    *,
    mention_id: int,
    review_id: int,
    said: Mapping[Head, tuple[str, str]],
    drawn: bool,
    by: str,
    now: datetime,
) -> None:
    """Keep a reviewer's labels of one post: head -> (label, what it was)."""
    same = {"mention_id": mention_id, "review_id": review_id, "drawn": drawn, "labelled_by": by, "labelled_at": now}
    rows = [{"head": head, "label": label, "was": was, **same} for head, (label, was) in said.items()]
    if rows:
        await tx.execute(insert_into(tx, LabelRow), rows)


async def remove(tx: Tx, review_id: int) -> None:
    """Undo."""
    await tx.execute(delete(LabelRow).where(LabelRow.review_id == review_id))


async def all(  # noqa: A001  (labels.all reads as it should)
    tx: Tx, *, head: Head | None = None, since: datetime | None = None, platforms: Collection[Platform] | None = None
) -> list[LabelRecord]:
    """Labels with the posts they are about, oldest first. Posts that were deleted, or edited since, are left out."""
    query = (
        select(LabelRow, MentionRow, AccountRow, AssessmentRow.language)
        .join(MentionRow, MentionRow.id == LabelRow.mention_id)
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .join(AssessmentRow, AssessmentRow.mention_id == LabelRow.mention_id)
        .where(MentionRow.deleted_at.is_(None), *_wanted(head, since, platforms))
        .where(or_(MentionRow.edited_at.is_(None), MentionRow.edited_at <= LabelRow.labelled_at))
        .order_by(LabelRow.id)
    )
    return [_record(*found) for found in (await tx.execute(query))]


async def agreement(tx: Tx, *, since: datetime) -> list[HeadAgreement]:
    """By head and language, posts drawn at random apart from those chosen for their doubt."""
    query = (
        select(LabelRow.head, AssessmentRow.language, LabelRow.drawn, func.count(), _number(LabelRow.label == LabelRow.was))
        .join(AssessmentRow, AssessmentRow.mention_id == LabelRow.mention_id)
        .where(LabelRow.labelled_at >= since)
        .group_by(LabelRow.head, AssessmentRow.language, LabelRow.drawn)
        .order_by(LabelRow.head, AssessmentRow.language, LabelRow.drawn)
    )
    return [
        HeadAgreement(head=head, language=language, drawn=drawn, n=n, agreed=agreed)
        for head, language, drawn, n, agreed in (await tx.execute(query))
    ]


def _wanted(head: Head | None, since: datetime | None, platforms: Collection[Platform] | None) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [] if head is None else [LabelRow.head == head]
    if since is not None:
        conditions.append(LabelRow.labelled_at >= since)
    if platforms is not None:
        conditions.append(MentionRow.platform.in_(list(platforms)))
    return conditions


def _number(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.sum(case((condition, 1), else_=0))


def _record(row: LabelRow, mention: MentionRow, account: AccountRow, language: str) -> LabelRecord:
    return LabelRecord(
        mention_id=row.mention_id,
        platform=mention.platform,
        author_id=account.external_id,
        language=language,
        text=mention.text,
        head=row.head,
        label=row.label,
        was=row.was,
        by=row.labelled_by,
        at=row.labelled_at,
        drawn=row.drawn,
    )
