"""Payloads no parser understood, kept for a human."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from domain.people import Platform
from storage.db import Tx
from storage.tables_house import QuarantineRow
from storage.writing import insert_into


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineRecord:
    id: int
    platform: Platform
    raw: str
    error: str
    at: datetime


async def add(tx: Tx, platform: Platform, raw: str, error: str, now: datetime) -> int:
    """Returns the id. `raw` is redacted by the caller."""
    statement = insert_into(tx, QuarantineRow).values(platform=platform, raw=raw, error=error, at=now)
    return (await tx.scalars(statement.returning(QuarantineRow.id))).one()


async def latest(tx: Tx, limit: int) -> list[QuarantineRecord]:
    """Newest first."""
    rows = await tx.scalars(select(QuarantineRow).order_by(QuarantineRow.id.desc()).limit(limit))
    return [QuarantineRecord(id=row.id, platform=row.platform, raw=row.raw, error=row.error, at=row.at) for row in rows]
