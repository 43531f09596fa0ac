"""Logins of the console, known by the hash of their token."""

from datetime import datetime

from sqlalchemy import delete, select

from domain.records import UserRecord
from storage.db import Tx
from storage.tables_house import SessionRow, UserRow
from storage.users import user_of
from storage.writing import insert_into


async def add(tx: Tx, token_hash: str, user_id: int, expires_at: datetime, now: datetime) -> None:
    """Open a session; those that have expired are swept out on the way."""
    await tx.execute(delete(SessionRow).where(SessionRow.expires_at <= now))
    values = {"token_hash": token_hash, "user_id": user_id, "expires_at": expires_at, "created_at": now}
    await tx.execute(insert_into(tx, SessionRow).values(**values))


async def find(tx: Tx, token_hash: str, now: datetime) -> UserRecord | None:
    """The user, with today's role. None when the session is unknown or expired, or the user disabled."""
    query = (
        select(UserRow)
        .join(SessionRow, SessionRow.user_id == UserRow.id)
        .where(SessionRow.token_hash == token_hash, SessionRow.expires_at > now, UserRow.disabled.is_(False))
    )
    row = (await tx.scalars(query)).one_or_none()
    return None if row is None else user_of(row)


async def revoke(tx: Tx, token_hash: str) -> None:
    await tx.execute(delete(SessionRow).where(SessionRow.token_hash == token_hash))


async def revoke_user(tx: Tx, user_id: int) -> None:
    """Log the user out everywhere."""
    await tx.execute(delete(SessionRow).where(SessionRow.user_id == user_id))
