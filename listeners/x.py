"""Hears X: the mentions timeline in overlapping windows, and the filtered stream when it has rules."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import structlog

from domain.errors import PlatformRefused
from domain.hearing import Batch, ListenerHealth
from domain.people import Platform
from listeners import x_stream
from listeners.x_posts import FIELDS, Listed, hear, listed
from platforms.x import Failure, Json, XAccess, XFailed, XSession, as_object, as_string, connect, is_id

log = structlog.get_logger(__name__)

CURSOR = "mentions"
_FIRST_LOOK = timedelta(hours=1)
_PAGE = 100
_REACH = 800
"""X's mentions timeline goes no further back than so many posts."""
_SEARCH_REACH = timedelta(days=7) - timedelta(minutes=5)
_MAX_BACKOFF_S = 300.0
_EPOCH_MS = 1288834974657


class XListener:
    """Listens as the account that owns the access token."""

    def __init__(self, access: XAccess) -> None:
        self._access = access
        self._session = XSession(access.base_url)
        self._client = connect(access, self._session)
        self._health = ListenerHealth(state="starting")

    @property
    def platform(self) -> Platform:
        return "x"

    @property
    def health(self) -> ListenerHealth:
        return self._health

    async def batches(self, cursors: Mapping[str, str]) -> AsyncGenerator[Batch]:
        sources = [self._polls(cursors.get(CURSOR))]
        if self._access.stream_rules:
            sources.append(self._streamed())
        async with aclosing(_merged(sources)) as merged:
            async for batch in merged:
                yield batch

    async def close(self) -> None:
        self._health = replace(self._health, state="stopped")
        await self._session.close()

    async def _polls(self, cursor: str | None) -> AsyncGenerator[Batch]:
        since = cursor or id_at(datetime.now(UTC) - _FIRST_LOOK)
        if not cursor:
            # Kept before anything is heard: what comes while we are down is then behind the cursor, not lost.
            yield Batch(platform="x", heard=(), cursors={CURSOR: since})
        stored: frozenset[str] = frozenset()
        while True:
            posts = await self._read_since(since)
            fresh = [post for post in reversed(posts) if post.key not in stored]
            moved = advance(since, [post.key for post in posts], self._access.overlap)
            if fresh:
                heard = tuple(found for post in fresh for found in hear(post, self._access.account_id))
                yield Batch(platform="x", heard=heard, cursors={CURSOR: moved})
            since, stored = moved, frozenset(post.key for post in posts)
            await asyncio.sleep(self._access.poll_s)

    async def _read_since(self, since: str) -> list[Listed]:
        """Everything after `since`, newest first."""

        def mentions(token: str | None) -> Awaitable[Json]:
            return self._client.get_users_mentions(
                self._access.account_id, since_id=since, max_results=_PAGE, pagination_token=token, **FIELDS
            )

        posts = await self._all_pages(mentions)
        oldest = min((post.key for post in posts if is_id(post.key)), key=int, default=None)
        return posts + await self._search(since, until=oldest) if oldest and len(posts) >= _REACH else posts

    async def _search(self, since: str, until: str) -> list[Listed]:
        """What the mentions timeline no longer shows, by recent search."""
        me = await self._until_it_works(lambda: self._client.get_me(user_auth=True))
        query = f"@{as_string(as_object(me.get('data')).get('username'))} -is:retweet"
        reachable = str(max(int(since), int(id_at(datetime.now(UTC) - _SEARCH_REACH))))
        log.warning("x_mentions_searched", since=reachable, until=until)

        def search(token: str | None) -> Awaitable[Json]:
            return self._client.search_recent_tweets(
                query, since_id=reachable, until_id=until, max_results=_PAGE, next_token=token, **FIELDS
            )

        return await self._all_pages(search)

    async def _all_pages(self, fetch: Callable[[str | None], Awaitable[Json]]) -> list[Listed]:
        posts: list[Listed] = []
        token: str | None = None
        while True:
            page = await self._until_it_works(partial(fetch, token))
            posts.extend(listed(page))
            token = as_string(as_object(page.get("meta")).get("next_token"))
            if not token:
                return posts

    async def _until_it_works(self, fetch: Callable[[], Awaitable[Json]]) -> Json:
        """One answer, however long it takes. Raises PlatformRefused."""
        failures = 0
        while True:
            try:
                answer = await fetch()
            except XFailed as failed:
                failures += 1
                await self._wait_out(failed.failure, failures)
            else:
                self._contact()
                return answer

    async def _wait_out(self, failure: Failure, failures: int) -> None:
        if failure.status in (401, 402, 403):
            mend = f"X refuses to let us read ({failure.reason}): check the tokens and the plan of the X app."
            self._health = replace(self._health, state="refused", detail=mend)
            raise PlatformRefused(mend)
        wait_s = failure.wait_s + random.random() if failure.wait_s else backoff(failures) * random.uniform(0.5, 1)
        self._health = replace(self._health, state="waiting", detail=f"{failure.reason}; trying again in {wait_s:.0f} s")
        log.warning("x_poll_failed", status=failure.status, failures=failures, wait_s=round(wait_s, 1))
        await asyncio.sleep(wait_s)

    async def _streamed(self) -> AsyncGenerator[Batch]:
        async with aclosing(x_stream.posts(self._access, self._session)) as posts:
            async for post in posts:
                yield Batch(platform="x", heard=hear(post, self._access.account_id))

    def _contact(self) -> None:
        self._health = ListenerHealth(state="connected", last_contact_at=datetime.now(UTC))


async def _merged(sources: Sequence[AsyncGenerator[Batch]]) -> AsyncGenerator[Batch]:
    """Batches of endless sources as they come. A source is resumed only after its batch was; one that fails ends them all."""
    waiting = {asyncio.ensure_future(anext(source)): source for source in sources}
    try:
        while True:
            done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                source = waiting.pop(task)
                yield task.result()
                waiting[asyncio.ensure_future(anext(source))] = source
    finally:
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for source in sources:
            await source.aclose()


def id_at(moment: datetime) -> str:
    """The id a post made at that moment would have, or a little less: X's ids begin with the time."""
    return str((int(moment.timestamp() * 1000) - _EPOCH_MS) << 22)


def advance(since: str, ids: Iterable[str], overlap: int) -> str:
    """The next since_id: it stays `overlap` posts behind the newest, so that those are read again next time."""
    newest_first = sorted((int(post_id) for post_id in ids if is_id(post_id)), reverse=True)
    return str(newest_first[overlap]) if len(newest_first) > overlap else since


def backoff(failures: int) -> float:
    """Seconds to wait after so many failures in a row, before jitter."""
    return min(2.0 ** min(failures, 10) / 2, _MAX_BACKOFF_S)
