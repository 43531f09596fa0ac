"""When a fleet has nothing left to do: what is stored is settled, and no reply is on its way."""

import asyncio
import time
from datetime import UTC, datetime, timedelta

from storage import actions, mentions
from storage.db import Database

CALM_S = 6.0
"""Nothing to do for this long: longer than a poll of any listener and a round of the sweep."""


async def wait_until_idle(database: Database, *, patience_s: float) -> bool:
    """True when the fleet came to rest, False when `patience_s` ran out first."""
    deadline, calm_since = time.monotonic() + patience_s, time.monotonic()
    while time.monotonic() < deadline:
        if await _busy(database):
            calm_since = time.monotonic()
        elif time.monotonic() - calm_since >= CALM_S:
            return True
        await asyncio.sleep(0.5)
    return False


async def _busy(database: Database) -> bool:
    """Actions stuck in `sending` count until the sweep has read them back; unknown ones wait for a human."""
    soon = datetime.now(UTC) + timedelta(hours=1)
    async with database.reading() as tx:
        return bool(
            await mentions.due(tx, now=soon, heard_before=soon, limit=1)
            or await actions.due(tx, now=soon, limit=1)
            or await actions.stuck(tx, sending_before=soon, limit=1)
        )
