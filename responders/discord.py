"""Replies on Discord: REST only, each with a nonce, so that one order is posted once however often it is tried."""

import asyncio
import hashlib
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import discord
import structlog

from domain.acting import Absent, CannotTell, Found, Outcome, ReadBack, Refused, ReplyOrder, RetryLater, Sent, Unknown
from domain.people import Platform
from platforms.discord import DiscordAccess, new_client

log = structlog.get_logger(__name__)

_TIMEOUT_S: Final = 60.0
"""Longer than the client's own retries of one request (25 s) and than the rate limits it sleeps through (30 s)."""
_NO_CONNECTION_S: Final = 5.0
_NO_TOKEN_S: Final = 300.0
_BANNED_S: Final = 600.0
_HISTORY_LIMIT: Final = 2000
_FAULTS = (discord.DiscordException, aiohttp.ClientError, OSError, TimeoutError)


@dataclass(slots=True)
class _Wire:
    """What one call put on the wire."""

    left: int = 0
    """POST requests that left us."""
    refused: int = 0
    """Those that were answered with a clear refusal (4xx)."""

    @property
    def doubtful(self) -> bool:
        """Some request may have been carried out."""
        return self.left > self.refused


_wire: ContextVar[_Wire] = ContextVar("_wire")


class DiscordResponder:
    """Posts replies with a message reference and no pings.

    The client library retries 5xx answers and resets by itself. That is safe: it sends `enforce_nonce` with every nonce, and
    for some minutes Discord answers a known nonce with the message it already has. Beyond those minutes, `find` is the way.
    """

    def __init__(self, access: DiscordAccess, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._access = access
        self._timeout_s = timeout_s
        self._client: discord.Client | None = None
        self._login = asyncio.Lock()

    @property
    def platform(self) -> Platform:
        return "discord"

    async def close(self) -> None:
        if self._client:
            await self._client.close()
            self._client = None

    async def reply(self, order: ReplyOrder) -> Outcome:
        wire = _Wire()
        try:
            async with asyncio.timeout(self._timeout_s):
                client = await self._logged_in()
                _wire.set(wire)
                return Sent(external_id=await _send(client, order))
        except _FAULTS as error:
            log.info("reply_not_confirmed", key=order.key, error=type(error).__name__, doubtful=wire.doubtful)
            if wire.doubtful:
                return Unknown(reason=f"Discord gave no clear answer ({type(error).__name__})")
            return _not_posted(error)

    async def find(self, order: ReplyOrder) -> ReadBack:
        """Look through everything posted since the mention.

        A request still under way when this is called is not seen; the nonce covers it when the order is sent again.
        """
        try:
            async with asyncio.timeout(self._timeout_s):
                return await _search(await self._logged_in(), order)
        except _FAULTS as error:
            return CannotTell(reason=f"Discord's history could not be read ({type(error).__name__})")

    async def _logged_in(self) -> discord.Client:
        async with self._login:
            if self._client is None:
                client = new_client(self._access, discord.Client, trace=_tracing())
                try:
                    await client.login(self._access.token)
                except BaseException:
                    await client.close()
                    raise
                self._client = client
            return self._client


def nonce(key: str) -> str:
    """The same for every try of one order; Discord allows 25 characters."""
    return hashlib.sha256(key.encode()).hexdigest()[:25]


async def _send(client: discord.Client, order: ReplyOrder) -> str:
    channel = client.get_partial_messageable(int(order.channel_id))
    reference = discord.MessageReference(message_id=int(order.mention_id), channel_id=channel.id, fail_if_not_exists=True)
    message = await channel.send(
        order.text,
        reference=reference,
        nonce=nonce(order.key),
        allowed_mentions=discord.AllowedMentions.none(),
        mention_author=False,
    )
    return str(message.id)


async def _search(client: discord.Client, order: ReplyOrder) -> ReadBack:
    channel = client.get_partial_messageable(int(order.channel_id))
    just_before = discord.Object(int(order.mention_id) - 1)
    read, other = 0, False
    async for message in channel.history(limit=_HISTORY_LIMIT, after=just_before, oldest_first=True):
        read += 1
        if _answers(message, order, client):
            if message.content.strip() == order.text.strip():
                return Found(external_id=str(message.id))
            other = True
    if other:
        return CannotTell(reason="another reply of ours to this message is there")
    if read == 0:
        # Discord answers an empty list to a bot without the right to read history, so emptiness proves nothing.
        return CannotTell(reason="the channel's history is empty or hidden from the bot")
    return CannotTell(reason="the channel moved on too far to be read") if read >= _HISTORY_LIMIT else Absent()


def _answers(message: discord.Message, order: ReplyOrder, client: discord.Client) -> bool:
    ours = client.user is not None and message.author.id == client.user.id
    return ours and message.reference is not None and str(message.reference.message_id) == order.mention_id


def _not_posted(error: BaseException) -> Outcome:
    """What a fault means when every request that left was clearly refused, or none left."""
    match error:
        case discord.RateLimited():
            return RetryLater(after_s=error.retry_after, reason="rate limit")
        case discord.LoginFailure() | discord.HTTPException(status=401):
            return RetryLater(after_s=_NO_TOKEN_S, reason="Discord rejects the bot token; set a new one and restart")
        case discord.HTTPException(status=429):
            return RetryLater(after_s=_BANNED_S, reason="Discord blocks this address for a while")
        case discord.HTTPException() if 400 <= error.status < 500:
            return Refused(reason=f"Discord refuses it ({error.status}, code {error.code}): {error.text}")
        case _:
            return RetryLater(after_s=_NO_CONNECTION_S, reason=f"no connection to Discord ({type(error).__name__})")


def _tracing() -> aiohttp.TraceConfig:
    """Counts, for the call it happens in, the POST requests that left and those that were clearly refused."""

    async def left(_: aiohttp.ClientSession, __: Any, request: aiohttp.TraceRequestHeadersSentParams) -> None:
        if request.method == "POST" and (wire := _wire.get(None)):
            wire.left += 1

    async def answered(_: aiohttp.ClientSession, __: Any, answer: aiohttp.TraceRequestEndParams) -> None:
        if answer.method == "POST" and 400 <= answer.response.status < 500 and (wire := _wire.get(None)):
            wire.refused += 1

    trace = aiohttp.TraceConfig()
    trace.on_request_headers_sent.append(left)
    trace.on_request_end.append(answered)
    return trace
