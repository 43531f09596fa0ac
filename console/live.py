"""Live updates: one poller a process watches the database and wakes every open page."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, Callable
from dataclasses import asdict, dataclass, field
from datetime import datetime

import structlog

from console.faults import fault
from storage import counts, reviews
from storage.db import Database

log = structlog.get_logger(__name__)

PERIOD_S = 1.0
PING_S = 15.0
"""A comment so often: proxies keep the stream, and a browser that left is noticed."""
PING = ": still here\n\n"


@dataclass(slots=True, eq=False)
class Listener:
    """One open page. Only the newest payload of each event is kept, so a slow page costs no memory."""

    pending: dict[str, str] = field(default_factory=dict[str, str])
    wake: asyncio.Event = field(default_factory=asyncio.Event)

    def take(self) -> dict[str, str]:
        taken, self.pending = self.pending, {}
        self.wake.clear()
        return taken


class Live:
    """Polls only while somebody watches. `close` ends every stream: a server calls it before it waits for its connections."""

    def __init__(self, db: Database, clock: Callable[[], datetime]) -> None:
        self._db = db
        self._clock = clock
        self.ping_s = PING_S
        self._listeners: set[Listener] = set()
        self._watched = asyncio.Event()
        self._closed = False
        self._last: dict[str, str] = {}

    @property
    def watching(self) -> int:
        return len(self._listeners)

    def close(self) -> None:
        self._closed = True
        self._watched.set()
        for listener in self._listeners:
            listener.wake.set()

    async def run(self) -> None:
        """Until `close`. A database that does not answer is tried again at the next tick."""
        token = ""
        while not self._closed:
            await self._watched.wait()
            try:
                token = await self._tick(token)
            except Exception as error:  # noqa: BLE001  (a supervisor's edge: pages keep their last counts until the next tick)
                log.warning("live_poll_failed", **fault(error))
            await asyncio.sleep(PERIOD_S)

    async def stream(self) -> AsyncGenerator[str]:
        """Server-sent events for one page: `counts` (totals), `queue` and `changed` (marks), in JSON, and pings."""
        listener = Listener(pending=dict(self._last))
        self._listeners.add(listener)
        self._watched.set()
        try:
            yield "retry: 3000\n\n"
            while not self._closed:
                for name, data in listener.take().items():
                    yield f"event: {name}\ndata: {data}\n\n"
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(listener.wake.wait(), self.ping_s)
                    continue
                yield PING
        finally:
            self._listeners.discard(listener)
            if not self._listeners and not self._closed:
                self._watched.clear()

    async def _tick(self, token: str) -> str:
        async with self._db.reading() as tx:
            newest = await counts.change_token(tx)
            if newest == token:
                return token
            totals = await counts.totals(tx)
            waiting = await reviews.queue(tx)
        marks = [(item.id, item.claimed_by) for item in waiting]
        self._push({"counts": json.dumps(asdict(totals)), "queue": json.dumps(marks), "changed": json.dumps(newest)})
        return newest

    def _push(self, events: dict[str, str]) -> None:
        """Says only what is new since the last tick."""
        fresh = {name: data for name, data in events.items() if self._last.get(name) != data}
        self._last = events
        for listener in self._listeners:
            listener.pending.update(fresh)
            listener.wake.set()
