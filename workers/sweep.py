"""Finds rows whose job was lost and asks again. What a crash interrupted is found here, not remembered."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from storage import actions, mentions
from storage.db import Database
from workers.clock import Clock
from workers.perform import Performer
from workers.queue import Queue

EVERY_S = 2.0
LOST_AFTER = timedelta(seconds=4)
"""A stored mention this old that nobody handles has lost its job."""
STUCK_AFTER = timedelta(seconds=90)
"""A reply this long in `sending` outlived every network timeout (Discord's 60 s is the longest): its sender is dead. A platform
may also show a post late, so no read-back is trusted sooner."""
LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    database: Database
    queue: Queue
    performer: Performer
    now: Clock

    async def run(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        now = self.now()
        async with self.database.reading() as tx:
            lost = await mentions.due(tx, now=now, heard_before=now - LOST_AFTER, limit=LIMIT)
            due = await actions.due(tx, now=now, limit=LIMIT)
            stuck = await actions.stuck(tx, sending_before=now - STUCK_AFTER, limit=LIMIT)
        await self.queue.put("handle", lost)
        await self.queue.put("perform", due)
        for action in stuck:
            await self.performer.reconcile(action)
