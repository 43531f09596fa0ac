"""What the listeners last said about themselves."""

from datetime import datetime

from sqlalchemy import select

from domain.hearing import ListenerHealth
from domain.people import Platform
from domain.records import ListenerRecord
from storage.db import Tx
from storage.tables_house import ListenerRow
from storage.writing import insert_into


async def save(tx: Tx, platform: Platform, health: ListenerHealth, now: datetime) -> None:
    """Replace what was known about the platform's listener."""
    values = {"state": health.state, "detail": health.detail, "last_contact_at": health.last_contact_at, "updated_at": now}
    insert = insert_into(tx, ListenerRow).values(platform=platform, **values)
    await tx.execute(insert.on_conflict_do_update(index_elements=["platform"], set_=values))


async def all(tx: Tx) -> list[ListenerRecord]:  # noqa: A001
    """By name of the platform."""
    return [_record(row) for row in await tx.scalars(select(ListenerRow).order_by(ListenerRow.platform))]


def _record(row: ListenerRow) -> ListenerRecord:
    return ListenerRecord(
        platform=row.platform,
        state=row.state,
        detail=row.detail,
        last_contact_at=row.last_contact_at,
        updated_at=row.updated_at,
    )
