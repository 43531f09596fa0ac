"""The inbox: every mention once, with a lease for whoever is deciding on it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select, update

from domain.hearing import Edited, Mention
from domain.people import PLATFORMS, Platform
from domain.records import MentionRecord, MentionState
from storage.accounts import account_of, upsert
from storage.db import Tx
from storage.tables import AccountRow, ActionRow, MentionRow, ReviewRow
from storage.writing import changed, chunks, insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMention:
    """A mention to store: `mention` and `raw` already redacted, `secrets` the kinds of secret that were found."""

    mention: Mention
    secrets: frozenset[str]
    raw: str


async def insert(tx: Tx, new: Sequence[NewMention], now: datetime) -> list[int]:
    """Store what is not stored yet, authors included. Returns the ids of the new ones, ascending; duplicates are ignored."""
    if not new:
        return []
    account_ids = await upsert(tx, [item.mention.author for item in new], now)
    rows = [_row(item, account_ids[item.mention.author.platform, item.mention.author.id], now) for item in new]
    statement = insert_into(tx, MentionRow).on_conflict_do_nothing(index_elements=["platform", "external_id"])
    return sorted((await tx.scalars(statement.returning(MentionRow.id), rows)).all())


async def apply_edit(tx: Tx, edited: Edited, secrets: frozenset[str], now: datetime) -> int | None:
    """Take over a new text (redacted), to be decided on again (ADR 3). Returns the id, or None when nothing changes: unknown,
    deleted, older or the same text.

    Whoever holds the mention loses the lease. A reply that has not left is cancelled, and what waits for a human because of
    the old text is closed; a reply of unknown fate still waits for one.
    """
    statement = (
        update(MentionRow)
        .where(_is(edited.platform, edited.external_id), MentionRow.deleted_at.is_(None), MentionRow.text != edited.text)
        .where(or_(MentionRow.edited_at.is_(None), MentionRow.edited_at <= edited.edited_at))
        .values(text=edited.text, secrets=secrets, edited_at=min(edited.edited_at, now), owner=None, lease_until=None)
        .values(state="received", state_reason="", attempts=0, handled_at=None)
    )
    mention_id = (await tx.scalars(statement.returning(MentionRow.id))).one_or_none()
    if mention_id is not None:
        await _supersede(tx, mention_id, now)
    return mention_id


async def _supersede(tx: Tx, mention_id: int, now: datetime) -> None:
    """Withdraw what the old text led to and nobody has acted on yet."""
    why = "the post was edited"
    unsent = (ActionRow.mention_id == mention_id) & (ActionRow.state == "pending")
    await tx.execute(update(ActionRow).where(unsent).values(state="cancelled", detail=why, finished_at=now, counts_from=now))
    open_ = (ReviewRow.mention_id == mention_id) & (ReviewRow.state == "waiting") & ReviewRow.action_id.is_(None)
    await tx.execute(update(ReviewRow).where(open_).values(state="decided", outcome=why, decided_at=now))


async def apply_deletion(tx: Tx, platform: Platform, external_id: str, now: datetime) -> int | None:
    """Honour a deletion: text, media and raw payload are blanked. Returns the id, or None when unknown or deleted before."""
    statement = (
        update(MentionRow)
        .where(_is(platform, external_id), MentionRow.deleted_at.is_(None))
        .values(text="", raw="", media=(), deleted_at=now, owner=None, lease_until=None)
    )
    return (await tx.scalars(statement.returning(MentionRow.id))).one_or_none()


async def due(tx: Tx, *, now: datetime, heard_before: datetime, limit: int) -> list[int]:
    """Mentions nobody is deciding on, oldest first."""
    query = select(MentionRow.id).where(_free(now), MentionRow.heard_at <= heard_before).order_by(MentionRow.id).limit(limit)
    return list((await tx.scalars(query)).all())


async def claim(tx: Tx, ids: Sequence[int], *, owner: str, until: datetime, now: datetime) -> list[MentionRecord]:
    """Lease those of `ids` that wait and that nobody holds. Each costs one attempt. Never waits for another claimer."""
    claimed: list[int] = []
    for chunk in chunks(ids):
        free = select(MentionRow.id).where(MentionRow.id.in_(chunk), _free(now)).order_by(MentionRow.id)
        statement = (
            update(MentionRow)
            .where(MentionRow.id.in_(free.with_for_update(skip_locked=True)))
            .values(owner=owner, lease_until=until, attempts=MentionRow.attempts + 1)
        )
        claimed += (await tx.scalars(statement.returning(MentionRow.id))).all()
    return await by_ids(tx, claimed)


async def mark_handled(tx: Tx, mention_id: int, *, owner: str, now: datetime) -> bool:
    """received -> handled. False when `owner` no longer holds it: then nothing of the decision may be committed."""
    return bool(await mark_handled_many(tx, [mention_id], owner=owner, now=now))


async def mark_handled_many(tx: Tx, ids: Sequence[int], owner: str, now: datetime) -> set[int]:
    """As `mark_handled`, for a batch. Returns those that `owner` still held."""
    handled: set[int] = set()
    for chunk in chunks(ids):
        statement = (
            update(MentionRow)
            .where(MentionRow.id.in_(chunk), MentionRow.state == "received", MentionRow.owner == owner)
            .values(state="handled", handled_at=now, owner=None, lease_until=None)
        )
        handled.update((await tx.scalars(statement.returning(MentionRow.id))).all())
    return handled


async def mark_failed(tx: Tx, mention_id: int, *, owner: str | None, reason: str, now: datetime) -> bool:
    """received -> failed: a human must look. False when it was not waiting any more, or `owner` no longer holds it."""
    waiting = (MentionRow.id == mention_id) & (MentionRow.state == "received") & (MentionRow.owner == owner)
    values = {"state": "failed", "state_reason": reason, "handled_at": now, "owner": None, "lease_until": None}
    return await changed(tx, update(MentionRow).where(waiting).values(**values), MentionRow.id)


async def release(tx: Tx, ids: Sequence[int], *, owner: str) -> None:
    """Give leases back early. The attempts stay spent, so that a poisonous mention cannot come round for ever."""
    for chunk in chunks(ids):
        held = MentionRow.id.in_(chunk) & (MentionRow.owner == owner)
        await tx.execute(update(MentionRow).where(held).values(owner=None, lease_until=None))


async def retry_failed(tx: Tx, mention_id: int) -> bool:
    """failed -> received, with fresh attempts."""
    failed = (MentionRow.id == mention_id) & (MentionRow.state == "failed")
    values = {"state": "received", "state_reason": "", "attempts": 0, "handled_at": None}
    return await changed(tx, update(MentionRow).where(failed).values(**values), MentionRow.id)


async def get(tx: Tx, mention_id: int) -> MentionRecord | None:
    return next(iter(await records(tx, select_records().where(MentionRow.id == mention_id))), None)


async def by_ids(tx: Tx, ids: Sequence[int]) -> list[MentionRecord]:
    """Ascending by id; unknown ids are left out."""
    found: list[MentionRecord] = []
    for chunk in chunks(sorted(ids)):
        found += await records(tx, select_records().where(MentionRow.id.in_(chunk)).order_by(MentionRow.id))
    return found


async def by_external(tx: Tx, platform: Platform, external_id: str) -> MentionRecord | None:
    return next(iter(await records(tx, select_records().where(_is(platform, external_id)))), None)


async def parents(tx: Tx, records_: Sequence[MentionRecord]) -> dict[int, MentionRecord]:
    """Id of a mention -> the stored post it answers, where there is one."""
    wanted: dict[int, tuple[Platform, str]] = {
        record.id: (record.mention.platform, record.mention.reply_to_id) for record in records_ if record.mention.reply_to_id
    }
    found: dict[tuple[Platform, str], MentionRecord] = {}
    for platform in PLATFORMS:
        for chunk in chunks(sorted({parent for asked, parent in wanted.values() if asked == platform})):
            query = select_records().where(MentionRow.platform == platform, MentionRow.external_id.in_(chunk))
            found.update({(platform, parent.mention.external_id): parent for parent in await records(tx, query)})
    return {id_: found[key] for id_, key in wanted.items() if key in found}


async def latest(tx: Tx, *, limit: int, state: MentionState | None = None) -> list[MentionRecord]:
    """Newest first."""
    query = select_records().order_by(MentionRow.id.desc()).limit(limit)
    return await records(tx, query if state is None else query.where(MentionRow.state == state))


def select_records() -> Select[MentionRow, AccountRow]:
    """The query behind every MentionRecord; narrow it, then hand it to `records`."""
    return select(MentionRow, AccountRow).join(AccountRow, AccountRow.id == MentionRow.account_id)


async def records(tx: Tx, query: Select[MentionRow, AccountRow]) -> list[MentionRecord]:
    return [_record(mention, account) for mention, account in (await tx.execute(query))]


def excerpt() -> ColumnElement[str]:
    """The first characters of a mention's text, for lists."""
    return func.substr(MentionRow.text, 1, 200)


def _is(platform: Platform, external_id: str) -> ColumnElement[bool]:
    return (MentionRow.platform == platform) & (MentionRow.external_id == external_id)


def _free(now: datetime) -> ColumnElement[bool]:
    return (MentionRow.state == "received") & or_(MentionRow.lease_until.is_(None), MentionRow.lease_until <= now)


_SHARED = (
    *("platform", "external_id", "channel_id", "channel_name", "thread_id", "reply_to_id"),
    *("text", "posted_at", "addressed", "url", "media"),
)
"""Fields that a mention and its row have in common."""


def _row(new: NewMention, account_id: int, now: datetime) -> dict[str, object]:
    shared = {name: getattr(new.mention, name) for name in _SHARED}
    return {**shared, "account_id": account_id, "secrets": new.secrets, "raw": new.raw, "heard_at": now}


def _record(row: MentionRow, account: AccountRow) -> MentionRecord:
    return MentionRecord(
        id=row.id,
        mention=Mention(**{name: getattr(row, name) for name in _SHARED}, author=account_of(account)),
        secrets=row.secrets,
        state=row.state,
        state_reason=row.state_reason,
        attempts=row.attempts,
        heard_at=row.heard_at,
        handled_at=row.handled_at,
        edited_at=row.edited_at,
        deleted_at=row.deleted_at,
    )
