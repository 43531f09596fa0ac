"""People who may use the console."""

from datetime import datetime

from sqlalchemy import func, select, update

from domain.records import Role, UserRecord
from storage.db import Tx
from storage.tables_house import UserRow
from storage.writing import insert_into


async def add(tx: Tx, username: str, password_hash: str, role: Role, *, must_change: bool, now: datetime) -> int:
    """Returns the id. Raises sqlalchemy's IntegrityError when the name is taken."""
    values = {"username": username, "password_hash": password_hash, "role": role, "created_at": now}
    statement = insert_into(tx, UserRow).values(**values, disabled=False, must_change_password=must_change)
    return (await tx.scalars(statement.returning(UserRow.id))).one()


async def by_name(tx: Tx, username: str) -> tuple[UserRecord, str] | None:
    """The user and the hash of the password."""
    row = (await tx.scalars(select(UserRow).where(UserRow.username == username))).one_or_none()
    return None if row is None else (user_of(row), row.password_hash)


async def set_password(tx: Tx, user_id: int, password_hash: str, *, must_change: bool = False) -> None:
    """`must_change`: somebody else chose the password, so the user has to choose another at the next login."""
    values = {"password_hash": password_hash, "must_change_password": must_change}
    await tx.execute(update(UserRow).where(UserRow.id == user_id).values(**values))


async def set_role(tx: Tx, user_id: int, role: Role) -> None:
    await tx.execute(update(UserRow).where(UserRow.id == user_id).values(role=role))


async def set_disabled(tx: Tx, user_id: int, disabled: bool) -> None:
    await tx.execute(update(UserRow).where(UserRow.id == user_id).values(disabled=disabled))


async def all(tx: Tx) -> list[UserRecord]:  # noqa: A001
    """By name."""
    return [user_of(row) for row in await tx.scalars(select(UserRow).order_by(UserRow.username))]


async def count(tx: Tx) -> int:
    return (await tx.scalars(select(func.count()).select_from(UserRow))).one()


def user_of(row: UserRow) -> UserRecord:
    return UserRecord(
        id=row.id,
        username=row.username,
        role=row.role,
        disabled=row.disabled,
        must_change_password=row.must_change_password,
    )
