"""The queue of updates behind getUpdates: what is pending, what an offset confirms, and who is waiting."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from sandbox.telegram.errors import conflict

UPDATE_KINDS = ("message", "edited_message", "my_chat_member", "chat_member")
DEFAULT_KINDS = frozenset(UPDATE_KINDS) - {"chat_member"}

RETENTION_S = 86_400
MAX_LIMIT = 100
MAX_TIMEOUT_S = 50
TOO_FAR_AHEAD = 10
"""An offset further than this beyond the newest id is taken for a foreign one: it confirms nothing and reads from the head."""


class UpdateQueue:
    """Update ids start from the unix time in milliseconds, so that a restarted sandbox goes on above every old offset."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._pending: deque[tuple[float, dict[str, Any]]] = deque()
        self._next_id = int(clock() * 1000)
        self._kinds = DEFAULT_KINDS
        self._waiter: asyncio.Future[bool] | None = None

    def __len__(self) -> int:
        return len(self._pending)

    @property
    def is_awaited(self) -> bool:
        """A poll is waiting for the next update."""
        return self._waiter is not None

    def subscribe(self, kinds: Sequence[str] | None) -> None:
        """None keeps the last setting, an empty list asks for the default. Updates already queued stay."""
        if kinds is not None:
            self._kinds = frozenset(kinds) or DEFAULT_KINDS

    def push(self, kind: str, body: Any) -> None:
        """Queue one update of a subscribed kind and wake the poll that waits for it."""
        if kind not in self._kinds:
            return
        self._pending.append((self._clock(), {"update_id": self._next_id, kind: body}))
        self._next_id += 1
        self._wake(arrived=True)

    def hang_up(self) -> None:
        """Answer the poll that waits, because the server is about to stop."""
        self._wake(arrived=True)

    def clear(self) -> None:
        self._pending.clear()

    async def poll(self, offset: int, limit: int, timeout_s: float) -> list[dict[str, Any]]:
        """getUpdates. Raises ApiError 409 in an older poll that still waits when this one arrives."""
        self._wake(arrived=False)
        updates = self._read(offset, limit)
        if updates or timeout_s <= 0:
            return updates
        if not await self._wait(min(timeout_s, MAX_TIMEOUT_S)):
            return []
        return self._read(offset, limit)

    def _read(self, offset: int, limit: int) -> list[dict[str, Any]]:
        self._forget(offset)
        bounded = limit if 1 <= limit <= MAX_LIMIT else MAX_LIMIT
        return [update for _, update in list(self._pending)[:bounded]]

    def _forget(self, offset: int) -> None:
        while self._pending and self._pending[0][0] < self._clock() - RETENTION_S:
            self._pending.popleft()
        if offset < 0:
            while len(self._pending) > -offset:
                self._pending.popleft()
        elif offset <= self._next_id + TOO_FAR_AHEAD:
            while self._pending and self._pending[0][1]["update_id"] < offset:
                self._pending.popleft()

    async def _wait(self, timeout_s: float) -> bool:
        self._waiter = waiter = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                arrived = await waiter
        except TimeoutError:
            return False
        finally:
            if self._waiter is waiter:
                self._waiter = None
        if not arrived:
            raise conflict("terminated by other getUpdates request; make sure that only one bot instance is running")
        return True

    def _wake(self, *, arrived: bool) -> None:
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(arrived)
