"""Who did what. Rows are only ever added."""

from datetime import datetime

from sqlalchemy import select

from domain.records import AuditRecord
from storage.db import Tx
from storage.tables_house import AuditRow
from storage.writing import insert_into


async def add(tx: Tx, *, actor: str, verb: str, subject: str, detail: str, now: datetime) -> None:
    values = {"at": now, "actor": actor, "verb": verb, "subject": subject, "detail": detail}
    await tx.execute(insert_into(tx, AuditRow).values(**values))


async def latest(tx: Tx, limit: int) -> list[AuditRecord]:
    """Newest first."""
    rows = await tx.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
    return [_record(row) for row in rows]


def _record(row: AuditRow) -> AuditRecord:
    return AuditRecord(id=row.id, at=row.at, actor=row.actor, verb=row.verb, subject=row.subject, detail=row.detail)
