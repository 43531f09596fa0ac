"""Tickets of our own desk."""

from sqlalchemy import Select, select, update

from domain.records import TicketRecord, TicketState
from storage.db import Tx
from storage.mentions import excerpt
from storage.tables import AccountRow, MentionRow, TicketMentionRow, TicketRow
from storage.writing import changed


async def get(tx: Tx, ticket_id: int) -> TicketRecord | None:
    return next(iter(await _records(tx, _select().where(TicketRow.id == ticket_id))), None)


async def by_reference(tx: Tx, reference: str) -> TicketRecord | None:
    return next(iter(await _records(tx, _select().where(TicketRow.reference == reference))), None)


async def latest(tx: Tx, *, state: TicketState | None = None, limit: int) -> list[TicketRecord]:
    """Newest first."""
    query = _select().order_by(TicketRow.id.desc()).limit(limit)
    return await _records(tx, query if state is None else query.where(TicketRow.state == state))


async def of_mention(tx: Tx, mention_id: int) -> list[TicketRecord]:
    """Tickets the mention opened or joined, oldest first."""
    linked = select(TicketMentionRow.ticket_id).where(TicketMentionRow.mention_id == mention_id)
    return await _records(tx, _select().where(TicketRow.id.in_(linked)).order_by(TicketRow.id))


async def mention_ids(tx: Tx, ticket_id: int) -> list[int]:
    """Mentions that belong to the ticket, oldest first."""
    query = select(TicketMentionRow.mention_id).where(TicketMentionRow.ticket_id == ticket_id)
    return list((await tx.scalars(query.order_by(TicketMentionRow.mention_id))).all())


async def set_state(tx: Tx, ticket_id: int, state: TicketState) -> bool:
    """False when there is no such ticket."""
    return await changed(tx, update(TicketRow).where(TicketRow.id == ticket_id).values(state=state), TicketRow.id)


async def assign(tx: Tx, ticket_id: int, user: str | None) -> bool:
    """None gives it back to everybody. False when there is no such ticket."""
    return await changed(tx, update(TicketRow).where(TicketRow.id == ticket_id).values(assignee=user), TicketRow.id)


def _select() -> Select[TicketRow, AccountRow, str]:
    return (
        select(TicketRow, AccountRow, excerpt())
        .join(MentionRow, MentionRow.id == TicketRow.mention_id)
        .join(AccountRow, AccountRow.id == TicketRow.account_id)
    )


async def _records(tx: Tx, query: Select[TicketRow, AccountRow, str]) -> list[TicketRecord]:
    return [_record(ticket, account, text) for ticket, account, text in (await tx.execute(query))]


def _record(row: TicketRow, account: AccountRow, text: str) -> TicketRecord:
    return TicketRecord(
        id=row.id,
        reference=row.reference,
        mention_id=row.mention_id,
        platform=account.platform,
        author_name=account.display_name,
        intent=row.intent,
        urgency=row.urgency,
        language=row.language,
        state=row.state,
        excerpt=text,
        created_at=row.created_at,
        due_at=row.due_at,
        assignee=row.assignee,
    )
