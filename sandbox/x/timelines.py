"""Lists of posts: who mentioned somebody, what somebody posted, what a search finds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from sandbox.x import render
from sandbox.x.call import Call
from sandbox.x.problems import Rejected, invalid
from sandbox.x.query import QueryError, compile_query
from sandbox.x.world import Post

_MENTIONS_REACH = 800
_TIMELINE_REACH = 3200
_SEARCH_REACH = timedelta(days=7)
_SEARCH_QUERY_LENGTH = 512


async def mentions(call: Call) -> Response:
    return _page(call, _known_user(call, call.world.mentions_of)[:_MENTIONS_REACH], token="pagination_token")  # noqa: S106


async def timeline(call: Call) -> Response:
    posts = _known_user(call, call.world.posts_of)[:_TIMELINE_REACH]
    if "replies" in (call.param("exclude") or "").split(","):
        posts = [post for post in posts if not post.reply_to]
    return _page(call, posts, token="pagination_token")  # noqa: S106


def _known_user(call: Call, posts_of: Callable[[str], list[Post]]) -> list[Post]:
    if call.path("id") not in call.world.people:
        raise Rejected(invalid("id", call.path("id"), "The `id` path parameter is not the id of a user"))
    return posts_of(call.path("id"))


async def search_recent(call: Call) -> Response:
    query = call.param("query") or ""
    if len(query) > _SEARCH_QUERY_LENGTH:
        raise Rejected(invalid("query", query, "The query is longer than 512 characters"))
    try:
        matches = compile_query(query)
    except QueryError as error:
        raise Rejected(invalid("query", query, str(error))) from error
    oldest = datetime.now(UTC) - _SEARCH_REACH
    found = [post for post in call.world.all_posts() if post.created_at > oldest and matches(call.world, post)]
    token = "next_token" if call.param("next_token") else "pagination_token"
    return _page(call, found, token=token, smallest=10, default=10)


def _page(call: Call, posts: Sequence[Post], *, token: str, smallest: int = 5, default: int = 100) -> Response:
    """One page, newest first. The token of the next page says where this one ended."""
    size, window = call.number("max_results", smallest=smallest, default=default), _Window.of(call, token)
    inside = [post for post in posts if window.holds(post)]
    page = inside[:size]
    meta: dict[str, Any] = {"result_count": len(page)}
    if page:
        meta |= {"newest_id": page[0].id, "oldest_id": page[-1].id}
        call.world.ledger.append("delivered", ids=[post.first_id for post in page])
    if len(inside) > size:
        meta["next_token"] = f"{int(page[-1].id):x}"
    return JSONResponse({**render.posts_answer(call.world, page, call.wanted()), "meta": meta})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Window:
    """Which posts a request wants. An id takes precedence over the time on its side."""

    since: int | None
    until: int | None
    start: datetime | None
    end: datetime | None
    below: int | None

    @classmethod
    def of(cls, call: Call, token: str) -> "_Window":
        since, until = call.post_id("since_id"), call.post_id("until_id")
        start, end = call.time("start_time"), call.time("end_time")
        return cls(
            since=since, until=until, start=None if since else start, end=None if until else end, below=call.token(token)
        )

    def holds(self, post: Post) -> bool:
        number = int(post.id)
        return (
            (self.since is None or number > self.since)
            and (self.until is None or number < self.until)
            and (self.below is None or number < self.below)
            and (self.start is None or post.created_at >= self.start)
            and (self.end is None or post.created_at < self.end)
        )
