"""Kill switch and live switch of each platform."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select, update

from domain.people import Platform
from domain.records import SwitchRecord
from storage.db import Tx
from storage.tables_house import SwitchRow
from storage.writing import insert_into


async def ensure(tx: Tx, platforms: Sequence[Platform], now: datetime) -> None:
    """A switch for every platform: new ones are in shadow mode and not killed, existing ones stay as they are."""
    rows = [
        {"platform": platform, "live": False, "killed": False, "changed_by": "", "changed_at": now} for platform in platforms
    ]
    if rows:
        await tx.execute(insert_into(tx, SwitchRow).on_conflict_do_nothing(), rows)


async def all(tx: Tx) -> list[SwitchRecord]:  # noqa: A001
    """By name of the platform."""
    return [_record(row) for row in await tx.scalars(select(SwitchRow).order_by(SwitchRow.platform))]


async def set_live(tx: Tx, platform: Platform, live: bool, *, by: str, now: datetime) -> None:
    """Live posts in public; not live is shadow mode."""
    statement = update(SwitchRow).where(SwitchRow.platform == platform)
    await tx.execute(statement.values(live=live, changed_by=by, changed_at=now))


async def set_killed(tx: Tx, platform: Platform, killed: bool, *, by: str, now: datetime) -> None:
    """Killed stops every send at once."""
    statement = update(SwitchRow).where(SwitchRow.platform == platform)
    await tx.execute(statement.values(killed=killed, changed_by=by, changed_at=now))


def _record(row: SwitchRow) -> SwitchRecord:
    return SwitchRecord(
        platform=row.platform, live=row.live, killed=row.killed, changed_by=row.changed_by, changed_at=row.changed_at
    )
