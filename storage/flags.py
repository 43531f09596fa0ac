"""Flags against accounts."""

from datetime import datetime

from sqlalchemy import Select, select, update

from domain.records import FlagRecord, FlagState
from storage.db import Tx
from storage.mentions import excerpt
from storage.tables import AccountRow, FlagRow, MentionRow
from storage.writing import changed


async def get(tx: Tx, flag_id: int) -> FlagRecord | None:
    return next(iter(await _records(tx, _select().where(FlagRow.id == flag_id))), None)


async def latest(tx: Tx, *, state: FlagState | None = None, limit: int) -> list[FlagRecord]:
    """Newest first."""
    query = _select().order_by(FlagRow.id.desc()).limit(limit)
    return await _records(tx, query if state is None else query.where(FlagRow.state == state))


async def of_mention(tx: Tx, mention_id: int) -> list[FlagRecord]:
    """Oldest first."""
    return await _records(tx, _select().where(FlagRow.mention_id == mention_id).order_by(FlagRow.id))


async def decide(tx: Tx, flag_id: int, state: FlagState, now: datetime) -> bool:
    """Confirm, dismiss, or open again. False when there is no such flag or it stands there already."""
    other = (FlagRow.id == flag_id) & (FlagRow.state != state)
    decided_at = None if state == "open" else now
    return await changed(tx, update(FlagRow).where(other).values(state=state, decided_at=decided_at), FlagRow.id)


def _select() -> Select[FlagRow, AccountRow, str]:
    return (
        select(FlagRow, AccountRow, excerpt())
        .join(MentionRow, MentionRow.id == FlagRow.mention_id)
        .join(AccountRow, AccountRow.id == FlagRow.account_id)
    )


async def _records(tx: Tx, query: Select[FlagRow, AccountRow, str]) -> list[FlagRecord]:
    return [_record(flag, account, text) for flag, account, text in (await tx.execute(query))]


def _record(row: FlagRow, account: AccountRow, text: str) -> FlagRecord:
    return FlagRecord(
        id=row.id,
        mention_id=row.mention_id,
        account_id=row.account_id,
        platform=account.platform,
        author_name=account.display_name,
        author_username=account.username,
        tier=row.tier,
        scam_type=row.scam_type,
        signals=row.signals,
        state=row.state,
        excerpt=text,
        created_at=row.created_at,
    )
