"""How far each platform was read. Stored in the transaction that stores what was read."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from domain.people import Platform
from storage.db import Tx
from storage.tables_house import CursorRow
from storage.writing import insert_into


async def load(tx: Tx, platform: Platform) -> dict[str, str]:
    """Stream -> position."""
    query = select(CursorRow.stream, CursorRow.position).where(CursorRow.platform == platform)
    return dict((await tx.execute(query)).all())


async def store(tx: Tx, platform: Platform, cursors: Mapping[str, str], now: datetime) -> None:
    """Move the given streams; others stay where they are."""
    rows = [
        {"platform": platform, "stream": stream, "position": cursors[stream], "updated_at": now} for stream in sorted(cursors)
    ]
    insert = insert_into(tx, CursorRow)
    moved = {name: insert.excluded[name] for name in ("position", "updated_at")}
    if rows:
        await tx.execute(insert.on_conflict_do_update(index_elements=["platform", "stream"], set_=moved), rows)
