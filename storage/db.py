"""The database: how to reach it, and the only place that commits."""

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, cast

import aiosqlite
from sqlalchemy import Connection, event, update
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.util import await_only

from domain.errors import ConfigError, DatabaseAway, FleetwatchError
from storage.migrate import upgrade
from storage.tables_house import ChangeRow

Tx = AsyncSession
"""One open transaction. Query functions take it and never commit."""

_DRIVERS = ("sqlite+aiosqlite", "postgresql+psycopg")
_BUSY_TIMEOUT_S = 30
_WAL_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_DISCREET = True
"""For `hide_parameters`: errors must not carry what strangers wrote into the logs."""
# Rows are never read back through the identity map: conditional updates change them behind its back.
_SESSION_OPTIONS = {"populate_existing": True, "synchronize_session": False}


class Database:
    """SQLite (one host) or PostgreSQL (many). Raises ConfigError for any other URL; connects on first use."""

    def __init__(self, url: str) -> None:
        parsed = _parse(url)
        self._sqlite = parsed.get_backend_name() == "sqlite"
        self._engine = _sqlite_engine(parsed) if self._sqlite else _postgresql_engine(parsed)
        # SQLite has one writer; our own tasks queue here instead of polling its lock.
        self._turn: AbstractAsyncContextManager[Any] = asyncio.Lock() if self._sqlite else nullcontext()

    async def migrate(self) -> None:
        """Bring the schema up to date, all or nothing. Safe to call from several processes at once.

        Raises FleetwatchError when the database does not answer or the file is none.
        """
        await self.answers()
        async with self._turn, self._writing().begin() as connection:
            await connection.run_sync(upgrade)

    async def answers(self) -> None:
        """Raises FleetwatchError when it does not: the server is away or refuses us, or the file is no SQLite database."""
        try:
            async with self._engine.connect():
                pass
        except DBAPIError as error:
            said = str(error.orig).partition("\n")[0]
            raise FleetwatchError(
                f"database {self._engine.url.database}: {said}; start the database, or mend storage.url."
            ) from None

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """Everything inside is committed together at the end, or not at all when it raises.

        Raises DatabaseAway when the database does not answer or gives up (a deadlock, a lock held too long, a full disk).
        """
        try:
            async with self._turn, _session(self._writing()) as tx, tx.begin():
                before = await _rows_changed(tx) if self._sqlite else 0
                yield tx
                # An idle sweep must not wake the consoles, nor the disk.
                if self._sqlite and await _rows_changed(tx) != before:
                    await tx.execute(update(ChangeRow).values(number=ChangeRow.number + 1))
        except (OperationalError, InterfaceError) as error:
            raise DatabaseAway(f"the database gave up: {str(error.orig).partition(chr(10))[0]}") from error

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[Tx]:
        """Look, and never write: nothing is committed."""
        async with _session(self._engine) as tx:
            yield tx

    async def close(self) -> None:
        await self._engine.dispose()

    def _writing(self) -> AsyncEngine:
        return self._engine.execution_options(begin="IMMEDIATE") if self._sqlite else self._engine


def _session(engine: AsyncEngine) -> AsyncSession:
    return AsyncSession(engine, expire_on_commit=False, autoflush=False, execution_options=_SESSION_OPTIONS)


def _parse(url: str) -> URL:
    wanted = "use sqlite+aiosqlite:///<path> or postgresql+psycopg://<user>:<password>@<host>/<database>"
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(f"the database URL cannot be read; {wanted}") from error
    if parsed.drivername not in _DRIVERS:
        raise ConfigError(f"the database URL starts with {parsed.drivername!r}; {wanted}")
    return parsed


def _postgresql_engine(url: URL) -> AsyncEngine:
    # A stopped process must not hold its row locks for ever: the server ends transactions that stand idle.
    arguments = {"connect_timeout": 10, "options": "-c idle_in_transaction_session_timeout=60s -c lock_timeout=30s"}
    return create_async_engine(
        url, pool_size=10, max_overflow=10, pool_pre_ping=True, connect_args=arguments, hide_parameters=_DISCREET
    )


def _sqlite_engine(url: URL) -> AsyncEngine:
    # With isolation_level None the driver begins nothing by itself, so `_begin` decides what a transaction is.
    arguments: dict[str, Any] = {"isolation_level": None, "timeout": _BUSY_TIMEOUT_S}
    engine = create_async_engine(url, connect_args=arguments, hide_parameters=_DISCREET)
    event.listen(engine.sync_engine, "connect", _prepare)
    event.listen(engine.sync_engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _entry: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    _enter_wal(cursor)
    # FULL, not NORMAL: platforms are told to forget a message after our commit, so a commit must survive a power cut.
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _enter_wal(cursor: DBAPICursor) -> None:
    """A new file is switched by one connection at a time, and for that lock SQLite does not wait by itself."""
    for pause_s in _WAL_PAUSES_S:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            await_only(asyncio.sleep(pause_s))
        else:
            return
    cursor.execute("PRAGMA journal_mode=WAL")


def _begin(connection: Connection) -> None:
    # A deferred transaction that reads and then writes fails at once, whatever the busy timeout: writers lock first.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


async def _rows_changed(tx: Tx) -> int:
    """How many rows this SQLite connection has changed since it was opened."""
    raw = await (await tx.connection()).get_raw_connection()
    return cast(aiosqlite.Connection, raw.driver_connection).total_changes
