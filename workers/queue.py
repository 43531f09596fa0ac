"""Jobs carry row ids only. SQL is the truth: a queue may lose everything and the sweep puts it back."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Literal, Protocol

import structlog

log = structlog.get_logger(__name__)

FINISH_S = 15.0

Job = Literal["handle", "perform"]
Work = Callable[[Sequence[int]], Awaitable[object]]


class Queue(Protocol):
    async def put(self, job: Job, ids: Sequence[int]) -> None:
        """Ask for work on these rows. May be lost; may come twice."""
        ...

    async def serve(self, job: Job, work: Work, *, batch: int) -> None:
        """Hand over batches of up to `batch` ids until cancelled. A failed batch is logged; its rows come back by the sweep."""
        ...

    async def close(self) -> None: ...


class InProcessQueue:
    """One process, no Redis: bounded, and each id waits at most once."""

    def __init__(self, capacity: int = 10_000) -> None:
        self._capacity = capacity
        self._waiting: dict[Job, dict[int, None]] = {"handle": {}, "perform": {}}
        self._bell: dict[Job, asyncio.Event] = {"handle": asyncio.Event(), "perform": asyncio.Event()}

    async def put(self, job: Job, ids: Sequence[int]) -> None:
        waiting = self._waiting[job]
        room = self._capacity - len(waiting)
        waiting.update(dict.fromkeys(ids[:room]))
        if waiting:
            self._bell[job].set()

    async def serve(self, job: Job, work: Work, *, batch: int) -> None:
        waiting, bell = self._waiting[job], self._bell[job]
        while True:
            await bell.wait()
            ids = list(waiting)[:batch]
            for taken in ids:
                del waiting[taken]
            if not waiting:
                bell.clear()
            await self._finish(job, asyncio.ensure_future(work(ids)))

    async def _finish(self, job: Job, running: asyncio.Future[object]) -> None:
        """A stop waits for the work under way: what is being sent gets recorded."""
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running], timeout=FINISH_S)
            raise
        except Exception:
            log.exception("job_failed", job=job)

    async def close(self) -> None:
        """Nothing is open."""
