"""What the governor must know about mentions at one moment, in two queries a batch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, ScalarSelect, Select, case, exists, func, literal, or_, select

from domain.deciding import Standing
from domain.people import Platform
from storage.db import Tx
from storage.tables import AccountRow, ActionRow, FlagRow, MentionRow, TicketRow
from storage.tables_house import SwitchRow
from storage.writing import chunks

_DONE = ("sent", "shadowed", "unknown")
_UNDER_WAY = ("pending", "sending")
_CHARGED = ("sent", "unknown", "sending")


async def standings(tx: Tx, mention_ids: Sequence[int], now: datetime) -> dict[int, Standing]:
    """Mention id -> standing, for deciding. Unknown ids are left out."""
    counted = _counted()
    rows: list[RowMapping] = []
    for chunk in chunks(mention_ids):
        rows += (await tx.execute(_facts(counted).where(MentionRow.id.in_(chunk)))).mappings().all()
    return await _standings(tx, rows, counted, now)


async def for_action(tx: Tx, action_id: int, now: datetime) -> Standing | None:
    """The standing just before an action is sent; None for alerts and unknown actions.

    The action itself is not counted. Nor are replies still under way that were queued after it: of two replies to one person
    the earlier one goes out, instead of each holding back the other.
    """
    counted = _counted_before(action_id)
    answered = select(ActionRow.mention_id).where(ActionRow.id == action_id).scalar_subquery()
    rows = (await tx.execute(_facts(counted).where(MentionRow.id == answered))).mappings().all()
    return next(iter((await _standings(tx, rows, counted, now)).values()), None)


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


def _facts(counted: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    """One row a mention: its id and platform, then columns named as the fields of Standing."""
    in_thread = (ActionRow.platform == MentionRow.platform) & (ActionRow.thread_id == MentionRow.thread_id)
    return (
        select(
            MentionRow.id,
            MentionRow.platform,
            MentionRow.outdated.label("edited"),
            MentionRow.deleted_at.is_not(None).label("deleted"),
            AccountRow.opted_out.label("author_opted_out"),
            AccountRow.cleared_at.is_not(None).label("author_cleared"),
            _flagged().label("author_flagged"),
            func.coalesce(SwitchRow.killed, literal(False)).label("killed"),
            _replies(counted).label("replies_to_mention"),
            _latest(ActionRow.account_id == MentionRow.account_id, counted).label("last_reply_to_author_at"),
            _latest(in_thread, counted).label("last_reply_in_thread_at"),
        )
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .outerjoin(SwitchRow, SwitchRow.platform == MentionRow.platform)
    )


def _counted() -> ColumnElement[bool]:
    """Replies that were, may have been, or are about to be posted."""
    return (ActionRow.kind == "reply") & ActionRow.state.in_((*_UNDER_WAY, *_DONE))


def _counted_before(action_id: int) -> ColumnElement[bool]:
    ahead = ActionRow.state.in_(_UNDER_WAY) & (ActionRow.id < action_id)
    done = ActionRow.state.in_(_DONE) & (ActionRow.id != action_id)
    return (ActionRow.kind == "reply") & or_(ahead, done)


def _replies(counted: ColumnElement[bool]) -> ScalarSelect[Any]:
    to_mention = select(func.count()).select_from(ActionRow).where(ActionRow.mention_id == MentionRow.id, counted)
    return to_mention.correlate(MentionRow).scalar_subquery()


def _latest(*conditions: ColumnElement[bool]) -> ScalarSelect[Any]:
    """Newest first and stop: an index walks there, however long the thread."""
    newest = select(ActionRow.counts_from).where(*conditions).order_by(ActionRow.counts_from.desc()).limit(1)
    return newest.correlate(MentionRow).scalar_subquery()


def _flagged() -> ColumnElement[bool]:
    suspected = FlagRow.tier.in_(("review", "likely")) & FlagRow.state.in_(("open", "confirmed"))
    return exists().where(FlagRow.account_id == MentionRow.account_id, suspected).correlate(MentionRow)


async def _standings(tx: Tx, rows: Sequence[RowMapping], counted: ColumnElement[bool], now: datetime) -> dict[int, Standing]:
    found: dict[int, Standing] = {}
    days = await _days(tx, {row["platform"] for row in rows}, counted, now)
    for row in rows:
        facts = dict(row)
        id_, platform = facts.pop("id"), facts.pop("platform")
        replies, spent = days.get(platform, (0, 0.0))
        found[id_] = Standing(now=now, **facts, replies_today=replies, spent_today_usd=spent)
    return found


async def _days(
    tx: Tx, platforms: set[Platform], counted: ColumnElement[bool], now: datetime
) -> dict[Platform, tuple[int, float]]:
    """Platform -> replies and dollars of the UTC day."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    charged = case((ActionRow.state.in_(_CHARGED), ActionRow.cost_usd), else_=0.0)
    query = (
        select(ActionRow.platform, func.count(), func.sum(charged))
        .where(ActionRow.platform.in_(platforms), ActionRow.counts_from >= midnight, counted)
        .group_by(ActionRow.platform)
    )
    return {platform: (replies, spent) for platform, replies, spent in (await tx.execute(query)) if platform}
