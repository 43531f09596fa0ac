"""What the governor must know about mentions at one moment.

The statements are long and asked before every send, so they are built once and kept.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, Select, bindparam, case, exists, func, literal, or_, select

from domain.deciding import Standing
from domain.people import Platform
from storage.db import Tx
from storage.tables import AccountRow, ActionRow, FlagRow, MentionRow, TicketRow
from storage.tables_house import SwitchRow
from storage.writing import chunks

_DONE = ("sent", "shadowed", "unknown")
_UNDER_WAY = ("pending", "sending")
_CHARGED = ("sent", "unknown", "sending")

_NO_ACTION = 2**63 - 1
"""Comes after every action there is, so that all of them count."""


async def standings(tx: Tx, mention_ids: Sequence[int], now: datetime) -> dict[int, Standing]:
    """Mention id -> standing, for deciding. Unknown ids are left out."""
    found: dict[int, Standing] = {}
    for chunk in chunks(mention_ids):
        found.update(await _standings(tx, chunk, now, own=_NO_ACTION))
    return found


async def for_action(tx: Tx, action_id: int, now: datetime) -> Standing | None:
    """The standing just before an action is sent; None for alerts and unknown actions.

    The action itself is not counted. Nor are replies still under way that were queued after it: of two replies to one person
    the earlier one goes out, instead of each holding back the other.
    """
    mention_id = (await tx.scalars(select(ActionRow.mention_id).where(ActionRow.id == action_id))).one_or_none()
    if mention_id is None:
        return None
    return (await _standings(tx, [mention_id], now, own=action_id))[mention_id]


async def open_tickets(tx: Tx, mention_ids: Sequence[int]) -> dict[int, str]:
    """Mention id -> reference of the newest unsolved ticket of the same author in the same thread, where there is one."""
    found: dict[int, str] = {}
    for chunk in chunks(mention_ids):
        query = (
            select(MentionRow.id, TicketRow.reference)
            .join(TicketRow, (TicketRow.account_id == MentionRow.account_id) & (TicketRow.thread_id == MentionRow.thread_id))
            .where(MentionRow.id.in_(chunk), TicketRow.state.in_(("open", "pending")))
            .order_by(TicketRow.id)
        )
        found.update({row.id: row.reference for row in await tx.execute(query)})
    return found


async def _standings(tx: Tx, mention_ids: Sequence[int], now: datetime, *, own: int) -> dict[int, Standing]:
    rows = (await tx.execute(_facts(), {"ids": mention_ids, "own": own})).mappings().all()
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    platforms = sorted({row["platform"] for row in rows})
    days = await tx.execute(_days(), {"platforms": platforms, "midnight": midnight, "own": own})
    today = {day.platform: (day.replies, day.spent) for day in days}
    return {row["id"]: _standing(row, today, now) for row in rows}


def _standing(row: RowMapping, today: dict[Platform, tuple[int, float]], now: datetime) -> Standing:
    facts = dict(row)
    del facts["id"]
    replies, spent = today.get(facts.pop("platform"), (0, 0.0))
    return Standing(now=now, **facts, replies_today=replies, spent_today_usd=spent)


@cache
def _facts() -> Select[*tuple[Any, ...]]:
    """For mention `ids` and `own`: id and platform, then columns named as the fields of Standing."""
    by_author = ActionRow.account_id == MentionRow.account_id
    in_thread = (ActionRow.platform == MentionRow.platform) & (ActionRow.thread_id == MentionRow.thread_id)
    return (
        select(
            MentionRow.id,
            MentionRow.platform,
            MentionRow.deleted_at.is_not(None).label("deleted"),
            AccountRow.opted_out.label("author_opted_out"),
            AccountRow.cleared_at.is_not(None).label("author_cleared"),
            _flagged().label("author_flagged"),
            func.coalesce(SwitchRow.killed, literal(False)).label("killed"),
            _replies().label("replies_to_mention"),
            _latest(by_author).label("last_reply_to_author_at"),
            _latest(in_thread).label("last_reply_in_thread_at"),
        )
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .outerjoin(SwitchRow, SwitchRow.platform == MentionRow.platform)
        .where(MentionRow.id.in_(bindparam("ids", expanding=True)))
    )


@cache
def _days() -> Select[Platform | None, int, float]:
    """For `platforms`, `midnight` and `own`: replies and dollars of the UTC day."""
    charged = case((ActionRow.state.in_(_CHARGED), ActionRow.cost_usd), else_=0.0)
    return (
        select(ActionRow.platform, func.count().label("replies"), func.sum(charged).label("spent"))
        .where(ActionRow.platform.in_(bindparam("platforms", expanding=True)), ActionRow.counts_from >= bindparam("midnight"))
        .where(_counted())
        .group_by(ActionRow.platform)
    )


def _counted() -> ColumnElement[bool]:
    """Replies that were or may have been posted, and those about to be posted before action `own`."""
    own = bindparam("own", type_=ActionRow.id.type)
    ahead = ActionRow.state.in_(_UNDER_WAY) & (ActionRow.id < own)
    done = ActionRow.state.in_(_DONE) & (ActionRow.id != own)
    return (ActionRow.kind == "reply") & or_(ahead, done)


def _replies() -> ScalarSelect[int]:
    to_mention = select(func.count()).select_from(ActionRow).where(ActionRow.mention_id == MentionRow.id, _counted())
    return to_mention.correlate(MentionRow).scalar_subquery()


def _latest(where: ColumnElement[bool]) -> ScalarSelect[datetime]:
    """Newest first and stop: an index walks there, however long the thread."""
    newest = select(ActionRow.counts_from).where(where, _counted()).order_by(ActionRow.counts_from.desc()).limit(1)
    return newest.correlate(MentionRow).scalar_subquery()


def _flagged() -> ColumnElement[bool]:
    suspected = FlagRow.tier.in_(("review", "likely")) & FlagRow.state.in_(("open", "confirmed"))
    return exists().where(FlagRow.account_id == MentionRow.account_id, suspected).correlate(MentionRow)
