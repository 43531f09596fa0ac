"""Transactions: all or nothing, one writer at a time on SQLite, and no other database."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.exc import IntegrityError

from domain.errors import ConfigError, FleetwatchError
from storage import cursors, users
from storage.db import Database
from tests.storage.builders import NOW


async def _position(database: Database) -> str | None:
    async with database.reading() as tx:
        return (await cursors.load(tx, "x")).get("mentions")


async def test_a_transaction_commits(database: Database) -> None:
    async with database.transaction() as tx:
        await cursors.store(tx, "x", {"mentions": "7"}, NOW)
    assert await _position(database) == "7"


async def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    async def fail() -> None:
        async with database.transaction() as tx:
            await cursors.store(tx, "x", {"mentions": "7"}, NOW)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    assert await _position(database) is None


async def test_a_cancelled_transaction_is_undone_and_lets_the_next_one_in(database: Database) -> None:
    written = asyncio.Event()

    async def hang() -> None:
        async with database.transaction() as tx:
            await cursors.store(tx, "x", {"mentions": "7"}, NOW)
            written.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(hang())
    await written.wait()
    task.cancel()
    await asyncio.wait([task])
    async with database.transaction() as tx:
        assert await cursors.load(tx, "x") == {}


async def test_what_is_not_committed_is_not_read(database: Database) -> None:
    async with database.transaction() as tx:
        await cursors.store(tx, "x", {"mentions": "7"}, NOW)
        assert await _position(database) is None


async def test_reading_writes_nothing(database: Database) -> None:
    async with database.reading() as tx:
        await cursors.store(tx, "x", {"mentions": "7"}, NOW)
    assert await _position(database) is None


async def test_read_then_write_survives_other_processes(database: Database, database_url: str) -> None:
    """Two Database objects share nothing but the server, as two processes do."""
    other = Database(database_url)

    async def count_up(connected: Database) -> None:
        async with connected.transaction() as tx:
            seen = await cursors.load(tx, "x")
            await cursors.store(tx, "x", {f"{len(seen)}-{id(tx)}": "1"}, NOW)

    await asyncio.gather(*(count_up(connected) for connected in (database, other) for _ in range(10)))
    async with database.reading() as tx:
        assert len(await cursors.load(tx, "x")) == 20
    await other.close()


async def test_an_error_does_not_repeat_what_strangers_wrote(database: Database) -> None:
    async def store_twice() -> None:
        async with database.transaction() as tx:
            for _ in range(2):
                await users.add(tx, "ann", "canary-hash", "viewer", must_change=False, now=NOW)

    with pytest.raises(IntegrityError) as error:
        await store_twice()
    assert "canary-hash" not in str(error.value)


@pytest.mark.parametrize("url", ["", "nonsense", "mysql://localhost/x", "sqlite:///file.db", "postgresql+psycopg://h:port/x"])
def test_other_databases_are_refused_in_one_sentence(url: str) -> None:
    with pytest.raises(ConfigError, match=r"use sqlite\+aiosqlite"):
        Database(url)


async def test_a_server_that_is_away_is_told_in_one_sentence() -> None:
    away = Database("postgresql+psycopg://ann:canary@127.0.0.1:9/kestrel")
    with pytest.raises(FleetwatchError, match=r"^database kestrel: .*; start the database, or mend storage\.url\.$") as error:
        await away.migrate()
    assert "canary" not in str(error.value)
    await away.close()


async def test_a_file_that_is_no_database_is_told_in_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "letter.txt"
    file.write_text("Dear all, " * 999, encoding="utf-8")
    foreign = Database(f"sqlite+aiosqlite:///{file}")
    with pytest.raises(FleetwatchError, match=r"letter\.txt: file is not a database"):
        await foreign.answers()
    await foreign.close()
