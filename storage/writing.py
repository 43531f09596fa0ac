"""Small helpers for the two kinds of write: insert unless it is there, and update if it still is as we think."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from sqlalchemy import Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.dialects.postgresql import Insert as PostgresqlInsert
from sqlalchemy.dialects.sqlite import Insert as SqliteInsert

from storage.db import Tx
from storage.tables import Base

T = TypeVar("T")

CHUNK = 5_000
"""Most values in one IN list; SQLite takes 32,766 variables a statement, PostgreSQL 65,535."""


def insert_into(tx: Tx, table: type[Base]) -> SqliteInsert | PostgresqlInsert:
    """An INSERT that knows ON CONFLICT in the dialect of `tx`. Given a list of rows it goes out in few statements."""
    return sqlite.insert(table) if on_sqlite(tx) else postgresql.insert(table)


def on_sqlite(tx: Tx) -> bool:
    return tx.get_bind().dialect.name == "sqlite"


def chunks(items: Sequence[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]


async def changed(tx: Tx, statement: Update, key: Any) -> bool:
    """True when the update touched exactly one row. `key` is a column of it."""
    return len((await tx.execute(statement.returning(key))).all()) == 1
