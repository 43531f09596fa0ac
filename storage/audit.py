"""Who did what. Rows are only ever added."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from domain.records import AuditRecord
from storage.db import Tx
from storage.tables_house import AuditRow
from storage.writing import insert_into

MODEL_SERVES, MODEL_REFUSED = MODEL_VERBS = ("model.serve", "model.refuse")
"""Subject: the version that serves. Detail of a refusal: why the model that was asked for does not."""


async def add(tx: Tx, *, actor: str, verb: str, subject: str, detail: str, now: datetime) -> None:
    values = {"at": now, "actor": actor, "verb": verb, "subject": subject, "detail": detail}
    await tx.execute(insert_into(tx, AuditRow).values(**values))


async def latest(tx: Tx, limit: int) -> list[AuditRecord]:
    """Newest first."""
    rows = await tx.scalars(select(AuditRow).order_by(AuditRow.id.desc()).limit(limit))
    return [_record(row) for row in rows]


async def last(tx: Tx, verbs: Sequence[str]) -> AuditRecord | None:
    """The newest row with one of the verbs."""
    row = await tx.scalar(select(AuditRow).where(AuditRow.verb.in_(verbs)).order_by(AuditRow.id.desc()).limit(1))
    return _record(row) if row else None


def _record(row: AuditRow) -> AuditRecord:
    return AuditRecord(id=row.id, at=row.at, actor=row.actor, verb=row.verb, subject=row.subject, detail=row.detail)
