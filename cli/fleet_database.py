"""The database of a data folder, for commands that stand beside the fleet."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from config.load import load_settings
from domain.errors import FleetwatchError
from storage.db import Database


@asynccontextmanager
async def open_database(data_dir: Path) -> AsyncGenerator[Database]:
    """Raises FleetwatchError where no fleet has ever run, and when the database does not answer."""
    settings = load_settings()
    if not settings.storage.url and not (data_dir / "fleetwatch.sqlite3").exists():
        raise FleetwatchError(f"{data_dir}: no fleet has run here; start one with `./fleetwatch up --data-dir {data_dir}`.")
    database = Database(settings.storage.url_at(data_dir))
    try:
        await database.answers()
        yield database
    finally:
        await database.close()
