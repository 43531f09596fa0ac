"""X: access, the client that the listener and the responder share, and what its failures mean."""

import json
import logging
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import aiohttp
from tweepy.asynchronous import AsyncClient
from yarl import URL

Json = dict[str, Any]

_TIMEOUT = aiohttp.ClientTimeout(total=30, connect=10, sock_connect=10)
_PATIENCE_S = 60.0
"""How long to wait when X says "too many requests" without saying until when."""
_MAX_WAIT_S = 900.0
"""X's windows last 15 minutes: a later reset is a wrong header or a wrong clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class XAccess:
    """What it takes to hear and answer on X as one account. Secrets stay out of `repr`."""

    base_url: str = "https://api.twitter.com"
    bearer_token: str = field(repr=False)
    consumer_key: str = field(repr=False)
    consumer_secret: str = field(repr=False)
    access_token: str = field(repr=False)
    access_token_secret: str = field(repr=False)
    poll_s: float = 20.0
    stream_rules: tuple[str, ...] = ()
    """Rules of the filtered stream; empty: no stream."""
    overlap: int = 20
    """Posts read again at every poll, because since_id alone misses some."""

    @property
    def account_id(self) -> str:
        """The id of our own account: X puts it before the dash of the access token."""
        return self.access_token.partition("-")[0]


class XClient(Protocol):
    """What we use of tweepy's asynchronous client; every answer is X's JSON object."""

    async def get_me(self, *, user_auth: bool) -> Json: ...

    async def get_users_mentions(self, id: str, **params: object) -> Json: ...  # noqa: A002 - tweepy's name

    async def get_users_tweets(self, id: str, **params: object) -> Json: ...  # noqa: A002

    async def search_recent_tweets(self, query: str, **params: object) -> Json: ...

    async def create_tweet(self, *, in_reply_to_tweet_id: str, text: str, user_auth: bool) -> Json: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A request that failed, in our words. `status` is None when X gave no answer that can be read."""

    status: int | None
    connected: bool
    """False: the request certainly never reached X."""
    reason: str
    """One sentence without addresses or tokens."""
    wait_s: float = 0.0
    """How long X asks us to wait (429)."""


class XFailed(Exception):
    """A request did not succeed, whatever the cause: the only error that comes out of the client."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.reason)
        self.failure = failure


class XSession:
    """The HTTP session under tweepy, which insists on its own host: requests go to `base_url` instead.

    Failures end here, before tweepy sees them: it trips over error bodies that are empty or no JSON object.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._http: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def request(self, method: str, url: str | URL, **options: Any) -> AsyncGenerator[aiohttp.ClientResponse]:
        """One request whose answer is a JSON object, read to its end. Raises XFailed."""
        async with self.open(method, url, **options) as response:
            if _object(await response.read()) is None:
                raise XFailed(Failure(status=None, connected=True, reason="X's answer cannot be read"))
            yield response

    @asynccontextmanager
    async def open(self, method: str, url: str | URL, **options: Any) -> AsyncGenerator[aiohttp.ClientResponse]:
        """One request that X accepted; its body is not read yet. Raises XFailed, while the body is read, too."""
        if self._http is None:
            self._http = aiohttp.ClientSession(timeout=_TIMEOUT)
        moved = URL(self._base_url + URL(url).raw_path_qs, encoded=True)
        try:
            async with self._http.request(method, moved, **options) as response:
                if response.status >= 400:
                    raise XFailed(answered(response.status, response.headers, await response.read(), now=time.time()))
                yield response
        except (aiohttp.ClientError, OSError) as error:
            raise XFailed(_unanswered(error)) from error

    async def close(self) -> None:
        if self._http:
            await self._http.close()


def connect(access: XAccess, session: XSession) -> XClient:
    """A tweepy client with both contexts: reads use the bearer token, `user_auth=True` signs as our account."""
    # At debug level tweepy writes whole requests, credentials included.
    logging.getLogger("tweepy").setLevel(logging.WARNING)
    client = cast("Callable[..., Any]", AsyncClient)(
        access.bearer_token,
        access.consumer_key,
        access.consumer_secret,
        access.access_token,
        access.access_token_secret,
        return_type=dict,
        wait_on_rate_limit=False,
    )
    client.session = session
    return cast("XClient", client)


def answered(status: int, headers: Mapping[str, str], body: bytes, *, now: float) -> Failure:
    """The failure behind an error answer. `now` is in unix seconds."""
    said = _said(_object(body) or {})
    reason = f"X answered {status}: {said}" if said else f"X answered {status}"
    return Failure(status=status, connected=True, reason=reason, wait_s=_wait_s(headers, now) if status == 429 else 0.0)


def _unanswered(error: Exception) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError):
        return Failure(status=None, connected=False, reason="X cannot be reached")
    if isinstance(error, TimeoutError):
        return Failure(status=None, connected=True, reason="X did not answer in time")
    return Failure(status=None, connected=True, reason=f"The connection to X failed ({type(error).__name__})")


def _wait_s(headers: Mapping[str, str], now: float) -> float:
    reset = headers.get("x-rate-limit-reset", "")
    if not reset.isascii() or not reset.isdecimal():
        return _PATIENCE_S
    return min(max(float(reset) - now, 1.0), _MAX_WAIT_S)


def _said(body: Json) -> str:
    first = next(iter(as_list(body.get("errors"))), None)
    said = as_string(as_object(first).get("message")) or as_string(body.get("detail")) or ""
    return said[:200]


def _object(body: bytes) -> Json | None:
    try:
        found: object = json.loads(body)
    except ValueError:
        return None
    return cast("Json", found) if isinstance(found, dict) else None


def as_object(value: object) -> Json:
    """Strangers' JSON, narrowed: the object, or an empty one."""
    return cast("Json", value) if isinstance(value, dict) else {}


def as_list(value: object) -> list[object]:
    return cast("list[object]", value) if isinstance(value, list) else []


def as_string(value: object) -> str | None:
    """The string, without what no database can hold: NUL and halves of surrogate pairs."""
    return value.encode("utf-8", "replace").decode().replace("\0", "") if isinstance(value, str) else None


def as_number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def is_id(value: object) -> bool:
    """X's ids are decimal strings of at most 19 digits."""
    return isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 19
