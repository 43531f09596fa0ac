"""Hears Discord: the gateway for what happens now, the channels' history for what was missed.

The cursor of a channel moves only over history that was read in full, never with the gateway's events: a gateway may skip
messages, and history cannot. What both bring is yielded once.
"""

import asyncio
import json
import threading
from collections import deque
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final, cast

import aiohttp
import discord
import structlog
from discord.gateway import KeepAliveHandler

from domain.errors import PlatformRefused
from domain.hearing import Batch, ListenerHealth, ListenerState
from domain.people import Platform
from listeners.discord_events import Json
from listeners.discord_hearing import Hearing, Payload
from platforms.discord import DiscordAccess, new_client

log = structlog.get_logger(__name__)

_QUEUE_LIMIT: Final = 10_000
"""Messages waiting to be yielded; more are dropped, since history brings them back."""
_BATCH: Final = 200
_PAGE: Final = 100
_PAGE_TIMEOUT_S: Final = 60.0
_RETRY_S: Final = 10.0
_FIRST_BACKOFF_S: Final = 1.0
_LONGEST_BACKOFF_S: Final = 120.0
"""A client that always fails identifies 720 times a day; Discord resets the token after 1,000."""
_STEADY_S: Final = 600.0
_GOODBYE_S: Final = 1.0

_BAD_TOKEN: Final = "Discord rejects the bot token: set the token from the developer portal (Bot, Reset Token)."  # noqa: S105
_NO_INTENTS: Final = (
    "Discord withholds the members or message content intent: switch both on in the developer portal (Bot, Privileged Intents)."
)
_TOO_LARGE: Final = "Discord asks for sharding, which this fleet does not do: let the bot leave some of its servers."
_BAD_CLIENT: Final = "Discord refuses the gateway version or intents of this fleet: update Fleetwatch."
_FINAL_CLOSE_CODES: Final = {4004: _BAD_TOKEN, 4010: _TOO_LARGE, 4011: _TOO_LARGE, 4012: _BAD_CLIENT, 4013: _BAD_CLIENT}
# RuntimeError: the client was closed between two tries of a request.
_FAULTS: Final = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError, RuntimeError)


class _Inbox:
    """What the gateway said and nobody has yielded yet. Bounded by dropping messages: only they can be read again."""

    def __init__(self) -> None:
        self._waiting: deque[Payload] = deque()
        self._news = asyncio.Event()
        self.overflowed = False

    def put(self, payload: Payload) -> None:
        if payload.name == "MESSAGE_CREATE" and len(self._waiting) >= _QUEUE_LIMIT:
            self.overflowed = True
            return
        self._waiting.append(payload)
        self._news.set()

    def wake(self) -> None:
        self._news.set()

    async def take(self, wait_s: float) -> list[Payload]:
        """At most one batch, oldest first; empty when nothing came for `wait_s` seconds or somebody called `wake`."""
        try:
            async with asyncio.timeout(wait_s):
                await self._news.wait()
        except TimeoutError:
            return []
        taken = [self._waiting.popleft() for _ in range(min(_BATCH, len(self._waiting)))]
        if not self._waiting:
            self._news.clear()
        return taken


class _Ear(discord.Client):
    """The library's client, listened to at the wire: its raw payloads are what we store."""

    inbox: _Inbox
    logged_in = False

    async def setup_hook(self) -> None:
        self.logged_in = True

    async def close(self) -> None:
        self.logged_in = False
        await super().close()

    async def run_until_closed(self, token: str) -> None:
        """Listen until it fails or this is cancelled.

        The library is closed first and cancelled only if that does not end it: cancelled amid a handshake, it forgets
        the socket.
        """
        listening = asyncio.create_task(self.start(token))
        try:
            await asyncio.wait([listening])
        finally:
            await self.close()
            await asyncio.wait([listening], timeout=_GOODBYE_S)
            listening.cancel()
            await asyncio.wait([listening])
            self._stop_heartbeat()
        listening.result()

    def _stop_heartbeat(self) -> None:
        """The library forgets it when the socket fails between its greeting and our identification."""
        for thread in threading.enumerate():
            if isinstance(thread, KeepAliveHandler) and thread.ws._connection is self._connection:  # pyright: ignore[reportPrivateUsage]
                thread.stop()

    async def on_socket_raw_receive(self, text: str) -> None:
        self.inbox.put(_decode(text))

    async def on_disconnect(self) -> None:
        self.inbox.put(Payload("DISCONNECTED", {}, ""))


def _decode(text: str) -> Payload:
    try:
        payload = json.loads(text)
        return Payload(payload.get("t") or "", payload.get("d") if isinstance(payload.get("d"), dict) else {}, text)
    except (ValueError, AttributeError):
        return Payload("MALFORMED", {}, text)


class DiscordListener:
    """Hears every channel the bot can read."""

    def __init__(self, access: DiscordAccess) -> None:
        self._access = access
        self._client: _Ear | None = None
        self._connection: asyncio.Task[None] | None = None
        self._health = ListenerHealth(state="starting")
        self._next_round = 0.0
        self._no_pages_before = 0.0

    @property
    def platform(self) -> Platform:
        return "discord"

    @property
    def health(self) -> ListenerHealth:
        return self._health

    async def close(self) -> None:
        if self._connection:
            self._connection.cancel()
            await asyncio.wait([self._connection])
        self._now("stopped")

    async def batches(self, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        """See `domain.hearing.Listener`. Nothing older than the very first start is heard."""
        inbox, hearing = _Inbox(), Hearing(self._access, cursors)
        connection = self._connection = asyncio.create_task(self._stay_connected(inbox))
        connection.add_done_callback(lambda _: inbox.wake())
        try:
            while not connection.done():
                if inbox.overflowed or _clock() >= self._next_round:
                    inbox.overflowed = False
                    hearing.read_all()
                    self._next_round = _clock() + self._access.backfill_every_s
                if page := await self._read_page(hearing):
                    yield page
                payloads = await inbox.take(self._idle_s(hearing))
                self._note(payloads)
                batch = hearing.batch(payloads)
                if batch.heard or batch.cursors:
                    yield batch
            self._raise_refusal(connection)
        finally:
            connection.cancel()
            await asyncio.wait([connection])

    def _idle_s(self, hearing: Hearing) -> float:
        """How long the gateway may be waited for before history needs a look."""
        wake_at = min(self._next_round, self._no_pages_before) if hearing.due else self._next_round
        return max(0.0, wake_at - _clock())

    # The gateway

    async def _stay_connected(self, inbox: _Inbox) -> None:
        """Run one client after the other, each until it fails. The client itself reconnects and resumes."""
        backoff = _FIRST_BACKOFF_S
        while True:
            started = _clock()
            client = self._client = new_client(self._access, _Ear)
            client.inbox = inbox
            try:
                await client.run_until_closed(self._access.token)
            except Exception as error:  # noqa: BLE001 - the supervisor's edge: whatever broke the client, a new one is started
                if mend := _mend(error):
                    raise PlatformRefused(mend) from None
                log.warning("discord_client_failed", error=type(error).__name__, retry_in_s=backoff)
                self._now("waiting", f"connection failed ({type(error).__name__})")
            await asyncio.sleep(backoff)
            backoff = _FIRST_BACKOFF_S if _clock() - started > _STEADY_S else min(backoff * 2, _LONGEST_BACKOFF_S)

    def _raise_refusal(self, connection: asyncio.Task[None]) -> None:
        if connection.cancelled():
            return
        refusal = connection.exception()
        if refusal:
            self._now("refused", str(refusal))
            raise refusal

    def _note(self, payloads: Iterable[Payload]) -> None:
        for payload in payloads:
            match payload.name:
                case "DISCONNECTED":
                    self._now("waiting", "gateway connection lost")
                case "READY" | "RESUMED":
                    log.info("discord_connected", resumed=payload.name == "RESUMED")
                    self._now("connected")
                case _:
                    self._health = replace(self._health, last_contact_at=datetime.now(UTC))

    def _now(self, state: ListenerState, detail: str = "") -> None:
        last = datetime.now(UTC) if state == "connected" else self._health.last_contact_at
        self._health = ListenerHealth(state=state, detail=detail, last_contact_at=last)

    # History

    async def _read_page(self, hearing: Hearing) -> Batch | None:
        """The next page of the first channel that is due, if history can be read now."""
        client = self._client
        if not hearing.due or client is None or not client.logged_in or _clock() < self._no_pages_before:
            return None
        channel_id = hearing.due[0]
        try:
            async with asyncio.timeout(_PAGE_TIMEOUT_S):
                answer = await client.http.logs_from(int(channel_id), _PAGE, after=hearing.marks[channel_id])
        except (discord.Forbidden, discord.NotFound) as error:
            log.warning("discord_channel_unreadable", channel=channel_id, code=error.code)
            hearing.forget(channel_id)
            return None
        except _FAULTS as error:
            log.warning("discord_history_failed", channel=channel_id, error=type(error).__name__, retry_in_s=_RETRY_S)
            self._no_pages_before = _clock() + _RETRY_S
            return None
        messages = cast("list[Json]", answer)
        if len(messages) < _PAGE:
            hearing.due.popleft()
        return hearing.page(channel_id, messages) if messages else None


def _mend(error: Exception) -> str | None:
    """The sentence for a human, when trying again cannot help."""
    match error:
        case discord.LoginFailure() | discord.HTTPException(status=401):
            return _BAD_TOKEN
        case discord.PrivilegedIntentsRequired():
            return _NO_INTENTS
        case discord.ConnectionClosed():
            return _FINAL_CLOSE_CODES.get(error.code)
        case _:
            return None


def _clock() -> float:
    return asyncio.get_running_loop().time()
