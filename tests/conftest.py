"""Fixtures everybody may use: a migrated database on each dialect, and Redis."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import pytest

from storage.db import Database
from tests import servers


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """A server with a migrated database named `template_fleetwatch`; the URL ends in `/`."""
    with servers.postgresql() as url:
        servers.ask_postgresql(url, "CREATE DATABASE template_fleetwatch")
        asyncio.run(_migrate(url + "template_fleetwatch"))
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database file, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(_migrate(f"sqlite+aiosqlite:///{path}"))
    return path


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """A Redis server of this test session; tests share it, so use keys of your own."""
    with servers.redis() as url:
        yield url


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """A fresh migrated SQLite database."""
    return f"sqlite+aiosqlite:///{shutil.copy(sqlite_template, tmp_path / 'fleetwatch.db')}"


@pytest.fixture
def new_postgresql_url(postgresql_url: str) -> Iterator[str]:
    """A fresh migrated PostgreSQL database."""
    servers.ask_postgresql(postgresql_url, "CREATE DATABASE test TEMPLATE template_fleetwatch")
    yield postgresql_url + "test"
    servers.ask_postgresql(postgresql_url, "DROP DATABASE test WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """URL of a fresh migrated database, on each dialect in turn."""
    if request.param == "sqlite":
        return request.getfixturevalue("sqlite_url")
    return request.getfixturevalue("new_postgresql_url")


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    """A fresh migrated database, on each dialect in turn."""
    opened = Database(database_url)
    yield opened
    await opened.close()


async def _migrate(url: str) -> None:
    opened = Database(url)
    await opened.migrate()
    await opened.close()
