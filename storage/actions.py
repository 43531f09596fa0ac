"""The outbox: effects that need the network, each under a key that exists once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, or_, select, update

from domain.people import Platform
from domain.records import ActionKind, ActionRecord, ActionState
from storage.db import Tx
from storage.tables import ActionRow, MentionRow, ReviewRow
from storage.writing import changed, chunks, insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAction:
    """What to send. `cost_usd` is what the platform will charge for it."""

    key: str
    kind: ActionKind
    platform: Platform | None
    mention_id: int | None
    purpose: str
    text: str
    title: str = ""
    link: str = ""
    cost_usd: float = 0.0


async def add(tx: Tx, new: NewAction, *, now: datetime, not_before: datetime) -> int | None:
    """Queue one action. None when its key is taken; see `add_many`."""
    return next(iter(await add_many(tx, [new], now=now, not_before=not_before)), None)


async def add_many(tx: Tx, new: Sequence[NewAction], *, now: datetime, not_before: datetime) -> list[int]:
    """Queue actions; returns the ids of those queued. A key that exists is left alone.

    One exception: a cancelled action was certainly never sent, so a later decision may put its own text into it and revive it.
    """
    if not new:
        return []
    places = await _places(tx, [item.mention_id for item in new if item.mention_id is not None])
    insert = insert_into(tx, ActionRow)
    fresh = ("purpose", "text", "title", "link", "cost_usd", "state", "not_before", "detail", "counts_from")
    statement = insert.on_conflict_do_update(
        index_elements=["key"],
        set_={**{name: insert.excluded[name] for name in fresh}, "finished_at": None},
        where=ActionRow.state == "cancelled",
    ).returning(ActionRow.id)
    rows = [_row(item, places, now, not_before) for item in new]
    return sorted((await tx.scalars(statement, rows)).all())


async def due(tx: Tx, *, now: datetime, limit: int) -> list[int]:
    """Pending actions whose time has come, longest waiting first."""
    ripe = (ActionRow.state == "pending") & (ActionRow.not_before <= now)
    query = select(ActionRow.id).where(ripe).order_by(ActionRow.not_before, ActionRow.id).limit(limit)
    return list((await tx.scalars(query)).all())


async def alert_keys(tx: Tx, *, since: datetime) -> list[str]:
    """Keys of the alerts raised since then, oldest first."""
    raised = (ActionRow.kind == "alert") & (ActionRow.created_at >= since)
    return list((await tx.scalars(select(ActionRow.key).where(raised).order_by(ActionRow.id))).all())


async def latest_alerts(tx: Tx, *, limit: int) -> list[ActionRecord]:
    """Newest first."""
    query = select(ActionRow).where(ActionRow.kind == "alert").order_by(ActionRow.id.desc()).limit(limit)
    return [action_of(row) for row in await tx.scalars(query)]


async def start(tx: Tx, action_id: int, *, owner: str, now: datetime) -> ActionRecord | None:
    """pending -> sending, once: None when it is not pending, not ripe yet, or somebody else was faster."""
    statement = (
        update(ActionRow)
        .where(ActionRow.id == action_id, ActionRow.state == "pending", ActionRow.not_before <= now)
        .values(state="sending", owner=owner, sending_at=now, counts_from=now, attempts=ActionRow.attempts + 1)
    )
    row = (await tx.scalars(statement.returning(ActionRow))).one_or_none()
    return None if row is None else action_of(row)


async def finish(
    tx: Tx,
    action: ActionRecord,
    *,
    state: ActionState,
    now: datetime,
    external_id: str | None = None,
    detail: str = "",
    not_before: datetime | None = None,
) -> bool:
    """Write down what came of the attempt `action` describes. False when a later attempt or a human has the word by now.

    State pending queues it again, ripe at `not_before` (default: at once).
    """
    fence = (ActionRow.id == action.id) & (ActionRow.state == "sending") & (ActionRow.attempts == action.attempts)
    values = _outcome(state, external_id=external_id, detail=detail, now=now)
    if state == "pending":
        values["not_before"] = not_before or now
    return await changed(tx, update(ActionRow).where(fence).values(values), ActionRow.id)


async def stuck(tx: Tx, *, sending_before: datetime, limit: int) -> list[ActionRecord]:
    """Actions whose fate is open since before the given time: still sending, or unknown and no human is asked."""
    asked = exists().where(ReviewRow.action_id == ActionRow.id, ReviewRow.state == "waiting")
    lost = and_(ActionRow.state == "sending", ActionRow.sending_at < sending_before)
    unread = and_(ActionRow.state == "unknown", ActionRow.finished_at < sending_before, ~asked)
    query = select(ActionRow).where(or_(lost, unread)).order_by(ActionRow.id).limit(limit)
    return [action_of(row) for row in await tx.scalars(query)]


async def cancel(tx: Tx, action_id: int, *, detail: str, now: datetime) -> bool:
    """pending -> cancelled. False when it is too late."""
    pending = (ActionRow.id == action_id) & (ActionRow.state == "pending")
    values = _outcome("cancelled", external_id=None, detail=detail, now=now)
    return await changed(tx, update(ActionRow).where(pending).values(values), ActionRow.id)


async def settle(
    tx: Tx, action_id: int, *, state: ActionState, detail: str, now: datetime, external_id: str | None = None
) -> bool:
    """A read-back or a human resolves an unknown action. Pending sends it again. False when it is not unknown any more."""
    unknown = (ActionRow.id == action_id) & (ActionRow.state == "unknown")
    values = _outcome(state, external_id=external_id, detail=detail, now=now)
    if state == "pending":
        values["not_before"] = now
    return await changed(tx, update(ActionRow).where(unknown).values(values), ActionRow.id)


async def get(tx: Tx, action_id: int) -> ActionRecord | None:
    row = (await tx.scalars(select(ActionRow).where(ActionRow.id == action_id))).one_or_none()
    return None if row is None else action_of(row)


async def of_mention(tx: Tx, mention_id: int) -> list[ActionRecord]:
    """Oldest first."""
    query = select(ActionRow).where(ActionRow.mention_id == mention_id).order_by(ActionRow.id)
    return [action_of(row) for row in await tx.scalars(query)]


def action_of(row: ActionRow) -> ActionRecord:
    return ActionRecord(
        id=row.id,
        key=row.key,
        kind=row.kind,
        platform=row.platform,
        mention_id=row.mention_id,
        purpose=row.purpose,
        text=row.text,
        title=row.title,
        link=row.link,
        state=row.state,
        attempts=row.attempts,
        not_before=row.not_before,
        external_id=row.external_id,
        detail=row.detail,
        created_at=row.created_at,
        sending_at=row.sending_at,
        finished_at=row.finished_at,
    )


def _outcome(state: ActionState, *, external_id: str | None, detail: str, now: datetime) -> dict[str, Any]:
    """Columns of an attempt that is over; `external_id` is only ever added, never erased."""
    values: dict[str, Any] = {"state": state, "detail": detail, "owner": None}
    if external_id is not None:
        values["external_id"] = external_id
    over = {"finished_at": now, "counts_from": now}
    return values | ({"finished_at": None} if state == "pending" else over)


async def _places(tx: Tx, mention_ids: Sequence[int]) -> dict[int, tuple[int, str]]:
    """Mention id -> (account id, thread id)."""
    found: dict[int, tuple[int, str]] = {}
    for chunk in chunks(mention_ids):
        query = select(MentionRow.id, MentionRow.account_id, MentionRow.thread_id).where(MentionRow.id.in_(chunk))
        found.update({id_: (account_id, thread_id) for id_, account_id, thread_id in (await tx.execute(query))})
    return found


def _row(new: NewAction, places: Mapping[int, tuple[int, str]], now: datetime, not_before: datetime) -> dict[str, object]:
    account_id, thread_id = (None, None) if new.mention_id is None else places[new.mention_id]
    return {
        "key": new.key,
        "kind": new.kind,
        "platform": new.platform,
        "mention_id": new.mention_id,
        "account_id": account_id,
        "thread_id": thread_id,
        "purpose": new.purpose,
        "text": new.text,
        "title": new.title,
        "link": new.link,
        "cost_usd": new.cost_usd,
        "state": "pending",
        "detail": "",
        "not_before": not_before,
        "created_at": now,
        "counts_from": now,
    }
