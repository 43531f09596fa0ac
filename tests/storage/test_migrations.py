"""The migrations make the schema that the code believes in."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, UniqueConstraint, inspect
from sqlalchemy.ext.asyncio import create_async_engine

from storage.db import Database
from storage.tables_house import Base
from tests import servers


def _difference(connection: Connection) -> list[Any]:
    return compare_metadata(MigrationContext.configure(connection), Base.metadata)


async def test_the_migrated_schema_equals_the_tables(database_url: str) -> None:
    engine = create_async_engine(database_url)
    async with engine.connect() as connection:
        assert await connection.run_sync(_difference) == []
    await engine.dispose()


async def test_migrating_again_changes_nothing(database: Database) -> None:
    await database.migrate()


async def test_several_processes_may_migrate_at_once_on_sqlite(tmp_path: Path) -> None:
    await _migrate_at_once(f"sqlite+aiosqlite:///{tmp_path / 'new folder 100%.db'}")


async def test_several_processes_may_migrate_at_once_on_postgresql(postgresql_url: str) -> None:
    servers.ask_postgresql(postgresql_url, "CREATE DATABASE at_once")
    await _migrate_at_once(postgresql_url + "at_once")


async def _migrate_at_once(url: str) -> None:
    processes = [Database(url) for _ in range(3)]
    await asyncio.gather(*(process.migrate() for process in processes))
    for process in processes:
        await process.close()
    engine = create_async_engine(url)
    async with engine.connect() as connection:
        tables = await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))
    await engine.dispose()
    assert tables == {*Base.metadata.tables, "alembic_version"}


@pytest.mark.parametrize("table", sorted(Base.metadata.tables))
def test_every_foreign_key_is_indexed(table: str) -> None:
    found = Base.metadata.tables[table]
    indexed = {next(iter(index.columns)).name for index in found.indexes} | {next(iter(found.primary_key.columns)).name}
    indexed |= {next(iter(group)) for group in _unique_columns(table)}
    wanted = {column.name for column in found.columns if column.foreign_keys}
    assert wanted <= indexed


def _unique_columns(table: str) -> list[list[str]]:
    constraints = Base.metadata.tables[table].constraints
    return [[column.name for column in one.columns] for one in constraints if isinstance(one, UniqueConstraint)]
