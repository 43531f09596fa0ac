"""Everything about one mention."""

from sqlalchemy import select

from domain.deciding import Reason
from domain.records import CaseFile, MentionRecord
from domain.understanding import Assessment
from storage import accounts, actions, flags, mentions, reviews, tickets
from storage.db import Tx
from storage.tables import AssessmentRow, DecisionRow, MentionRow

_AROUND = 6
"""Posts of the thread shown before the mention, and as many after it."""
_HISTORY = 20


async def load(tx: Tx, mention_id: int) -> CaseFile | None:
    """None when there is no such mention."""
    record = await mentions.get(tx, mention_id)
    if record is None:
        return None
    account_id = (await tx.scalars(select(MentionRow.account_id).where(MentionRow.id == mention_id))).one()
    return CaseFile(
        record=record,
        assessment=await _assessment(tx, mention_id),
        reasons=await _reasons(tx, mention_id),
        thread=await _thread(tx, record),
        author_history=await _history(tx, account_id, mention_id),
        author_names=tuple(await accounts.names(tx, account_id)),
        actions=tuple(await actions.of_mention(tx, mention_id)),
        tickets=tuple(await tickets.of_mention(tx, mention_id)),
        flags=tuple(await flags.of_mention(tx, mention_id)),
        reviews=tuple(await reviews.of_mention(tx, mention_id)),
    )


async def _assessment(tx: Tx, mention_id: int) -> Assessment | None:
    query = select(AssessmentRow.assessment).where(AssessmentRow.mention_id == mention_id)
    return (await tx.scalars(query)).one_or_none()


async def _reasons(tx: Tx, mention_id: int) -> tuple[Reason, ...]:
    """Of the newest decision."""
    query = select(DecisionRow.reasons).where(DecisionRow.mention_id == mention_id).order_by(DecisionRow.id.desc()).limit(1)
    return (await tx.scalars(query)).one_or_none() or ()


async def _thread(tx: Tx, record: MentionRecord) -> tuple[MentionRecord, ...]:
    """Posts around the mention and itself, oldest first: a thread can be a whole chat room."""
    mention = record.mention
    same = mentions.select_records().where(MentionRow.platform == mention.platform, MentionRow.thread_id == mention.thread_id)
    before = same.where(MentionRow.posted_at <= mention.posted_at).order_by(MentionRow.posted_at.desc(), MentionRow.id.desc())
    after = same.where(MentionRow.posted_at > mention.posted_at).order_by(MentionRow.posted_at, MentionRow.id)
    earlier = await mentions.records(tx, before.limit(_AROUND + 1))
    later = await mentions.records(tx, after.limit(_AROUND))
    return (*reversed(earlier), *later)


async def _history(tx: Tx, account_id: int, mention_id: int) -> tuple[MentionRecord, ...]:
    """Other posts of the author, newest first."""
    others = mentions.select_records().where(MentionRow.account_id == account_id, MentionRow.id != mention_id)
    return tuple(await mentions.records(tx, others.order_by(MentionRow.posted_at.desc(), MentionRow.id.desc()).limit(_HISTORY)))
