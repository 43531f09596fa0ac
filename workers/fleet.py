"""The running fleet: listeners, handling, performing, sweeping, watching and sampling, each under a supervisor."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import structlog

from domain.errors import PlatformRefused
from domain.hearing import Listener, ListenerHealth
from domain.people import Platform
from storage import listener_states, switches
from storage.db import Database
from workers.clock import Clock
from workers.handle import Handler
from workers.intake import Intake
from workers.models import ModelWatch
from workers.perform import Performer
from workers.queue import Queue
from workers.sample import Sampler
from workers.sweep import Sweep
from workers.watch import Watch

log = structlog.get_logger(__name__)

HANDLE_BATCH = 64
PERFORM_BATCH = 32
RESTART_S = 2.0
REFUSED_S = 60.0
"""A platform that refused us is asked again this often: somebody may have mended the token."""
HEALTH_EVERY_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fleet:
    """Everything that moves mentions in one process."""

    database: Database
    queue: Queue
    listeners: Mapping[Platform, Callable[[], Listener]]
    intake: Intake
    handler: Handler
    performer: Performer
    models: ModelWatch
    sweep: Sweep
    watch: Watch
    sampler: Sampler
    now: Clock

    async def run(self) -> None:
        """Until cancelled. What a cancellation interrupts is found again by the sweep of the next start."""
        async with self.database.transaction() as tx:
            await switches.ensure(tx, list(self.listeners), self.now())
        try:
            async with asyncio.TaskGroup() as group:
                for platform, make in self.listeners.items():
                    group.create_task(self._listen(platform, make))
                group.create_task(self.queue.serve("handle", self.handler.handle, batch=HANDLE_BATCH))
                group.create_task(self.queue.serve("perform", self.performer.perform, batch=PERFORM_BATCH))
                group.create_task(forever("models", self.models.run))
                group.create_task(forever("sweep", self.sweep.run))
                group.create_task(forever("watch", self.watch.run))
                group.create_task(forever("sample", self.sampler.run))
        finally:
            for responder in self.performer.responders.values():
                await responder.close()
            await self.queue.close()

    async def _listen(self, platform: Platform, make: Callable[[], Listener]) -> None:
        """One listener, begun anew from the stored cursors whenever it fails."""
        while True:
            listener = make()
            pause, health = RESTART_S, ListenerHealth(state="stopped", detail="restarting after a fault")
            reporter = asyncio.create_task(self._report(listener))
            try:
                await self.intake.listen(listener)
            except PlatformRefused as refused:
                pause, health = REFUSED_S, ListenerHealth(state="refused", detail=str(refused))
                log.warning("listener_refused", platform=platform, problem=str(refused))
            except Exception:
                log.exception("listener_failed", platform=platform, again_in_s=pause)
            finally:
                reporter.cancel()
                await listener.close()
            await self._save(platform, health)
            await asyncio.sleep(pause)

    async def _report(self, listener: Listener) -> None:
        """Keep the listener's health in SQL, where the console and `status` read it."""
        while True:
            await self._save(listener.platform, listener.health)
            await asyncio.sleep(HEALTH_EVERY_S)

    async def _save(self, platform: Platform, health: ListenerHealth) -> None:
        async with self.database.transaction() as tx:
            await listener_states.save(tx, platform, health, self.now())


async def forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Begin `work` anew whenever it fails: the database may be away for a while."""
    while True:
        try:
            await work()
        except Exception:
            log.exception("worker_failed", worker=name, again_in_s=RESTART_S)
        await asyncio.sleep(RESTART_S)
