"""The REST API v10. Every request passes `_Api.answer`: the one place for authorisation, limits, faults and the ledger."""

from bisect import bisect_right
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Mount, Route

from sandbox import brand
from sandbox.discord import render, rules
from sandbox.discord.faults import Fault, take
from sandbox.discord.render import Channel, Json, Post
from sandbox.discord.rules import ApiError
from sandbox.discord.world import DiscordWorld

_VIA = {"Via": "1.1 sandbox"}
"""Discord's own answers carry it; client libraries take a 429 without it for a ban by the CDN."""
_HISTORY_LIMIT = (50, 100)
_MAX_ID = 1 << 63


@dataclass(frozen=True, slots=True)
class _Answer:
    body: object = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict[str, str])


Handler = Callable[[Request], Awaitable[_Answer]]


def routes(world: DiscordWorld) -> list[BaseRoute]:
    """The API, at the mount's root and below /api/v10 alike."""
    table = _Api(world).routes()
    return [Mount("/api/v10", routes=table), *table]


class _Api:
    def __init__(self, world: DiscordWorld) -> None:
        self._world = world

    def routes(self) -> list[Route]:
        me, message = "/users/@me", "/channels/{channel_id}/messages/{message_id}"
        table: list[tuple[str, str, Handler]] = [
            ("GET", "/gateway", self.gateway),
            ("GET", "/gateway/bot", self.gateway_bot),
            ("GET", me, self.own_user),
            ("GET", "/oauth2/applications/@me", self.application),
            ("GET", "/applications/@me", self.application),
            ("GET", "/users/{user_id}", self.user),
            ("GET", "/guilds/{guild_id}", self.guild),
            ("GET", "/guilds/{guild_id}/channels", self.guild_channels),
            ("GET", "/guilds/{guild_id}/members", self.guild_members),
            ("GET", "/guilds/{guild_id}/members/{user_id}", self.guild_member),
            ("GET", "/channels/{channel_id}", self.channel),
            ("GET", "/channels/{channel_id}/messages", self.history),
            ("POST", "/channels/{channel_id}/messages", self.create),
            ("GET", message, self.message),
            ("PATCH", message, self.edit),
            ("DELETE", message, self.delete),
        ]
        return [Route(path, self._endpoint(f"{method} {path}", handler), methods=[method]) for method, path, handler in table]

    def _endpoint(self, route: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            fault = take(self._world.faults, route)
            answer = await self.answer(route, handler, request, fault)
            path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
            self._world.ledger.append("request", method=request.method, path=path, status=answer.status)
            if answer.status == 204:
                return Response(status_code=204, headers=answer.headers)
            return JSONResponse(answer.body, answer.status, answer.headers)

        return endpoint

    async def answer(self, route: str, handler: Handler, request: Request, fault: Fault | None) -> _Answer:
        if request.headers.get("authorization") != f"Bot {brand.DISCORD_TOKEN}" and route != "GET /gateway":
            return _Answer({"message": "401: Unauthorized", "code": 0}, 401, _VIA)
        major = request.path_params.get("channel_id") or request.path_params.get("guild_id") or ""
        toll = self._world.limiter.pay(route, major)
        headers = _VIA | toll.headers
        if toll.retry_after is not None:
            return _too_many(toll.retry_after, headers, is_global=toll.is_global)
        if fault and not fault.after:
            return _Answer({"message": "fault", "code": 0}, fault.status, headers)
        try:
            answer = await handler(request)
        except ApiError as refusal:
            return _Answer(refusal.body, refusal.status, headers)
        if fault:
            return _Answer({"message": "fault", "code": 0}, fault.status, headers)
        return _Answer(answer.body, answer.status, headers)

    # The application and its gateway

    async def gateway(self, _: Request) -> _Answer:
        return _Answer({"url": self._world.gateway_url})

    async def gateway_bot(self, _: Request) -> _Answer:
        left = 1000 - len(self._world.identified)
        limit = {"total": 1000, "remaining": left, "reset_after": 86_400_000, "max_concurrency": 1}
        return _Answer({"url": self._world.gateway_url, "shards": 1, "session_start_limit": limit})

    async def own_user(self, _: Request) -> _Answer:
        return _Answer(render.own_user(self._world.bot))

    async def application(self, _: Request) -> _Answer:
        return _Answer(render.application(self._world.bot, self._world.application_flags))

    # People and places

    async def user(self, request: Request) -> _Answer:
        person = self._world.people.get(request.path_params["user_id"])
        if person is None:
            raise ApiError(404, 10013, "Unknown User")
        return _Answer(render.user(person))

    async def guild(self, request: Request) -> _Answer:
        self._check_guild(request)
        return _Answer(render.guild())

    async def guild_channels(self, request: Request) -> _Answer:
        self._check_guild(request)
        return _Answer([render.channel(channel, place) for place, channel in enumerate(self._world.channels.values())])

    async def guild_members(self, request: Request) -> _Answer:
        self._check_guild(request)
        if not self._world.granted_intents & rules.GUILD_MEMBERS:
            raise ApiError(403, 50001, "Missing Access")
        limit, after = _number(request, "limit", 1, 1, 1000), _number(request, "after", 0, 0, _MAX_ID)
        members = sorted((p for p in self._world.members() if int(p.id) > after), key=lambda person: int(person.id))
        return _Answer([render.member(person) for person in members[:limit]])

    async def guild_member(self, request: Request) -> _Answer:
        self._check_guild(request)
        person = self._world.people.get(request.path_params["user_id"])
        if person is None or not person.joined_at:
            raise ApiError(404, 10007, "Unknown Member")
        return _Answer(render.member(person))

    async def channel(self, request: Request) -> _Answer:
        return _Answer(render.channel(self._channel(request)))

    # Messages

    async def history(self, request: Request) -> _Answer:
        """Newest first, whichever end was asked for. Without the right to read history Discord answers an empty list."""
        channel = self._channel(request)
        limit = _number(request, "limit", _HISTORY_LIMIT[0], 1, _HISTORY_LIMIT[1])
        posts = _window(self._world.history(channel.id), request, limit) if channel.can_read_history else []
        if posts:
            self._world.ledger.append("delivered", ids=[post.id for post in posts])
        return _Answer([self._body(post) for post in reversed(posts)])

    async def message(self, request: Request) -> _Answer:
        return _Answer(self._body(self._post(request)))

    async def create(self, request: Request) -> _Answer:
        channel = self._channel(request)
        body = await _json(request)
        if not channel.can_send:
            raise ApiError(403, 50013, "Missing Permissions")
        text, nonce = rules.check_content(body), rules.check_nonce(body)
        twin = self._world.with_nonce(channel.id, nonce) if nonce and body.get("enforce_nonce") else None
        if twin is None:
            twin = self._publish(channel, text, nonce, body)
        return _Answer(self._body(twin) | ({"nonce": nonce} if nonce else {}))

    def _publish(self, channel: Channel, text: str, nonce: str | None, body: Json) -> Post:
        post = Post(
            id=self._world.new_id(),
            channel_id=channel.id,
            author_id=self._world.bot.id,
            text=text,
            at=datetime.now(UTC),
            reply_to=self._reference(channel, body),
            nonce=nonce,
        )
        return self._world.publish(post, kind="replied", allowed=body.get("allowed_mentions"))

    def _reference(self, channel: Channel, body: Json) -> str | None:
        reference: Json = body.get("message_reference") or {}
        target = reference.get("message_id")
        if target is None:
            return None
        if not channel.can_read_history:
            raise ApiError(403, 160002, "Cannot reply without permission to read message history")
        post = self._world.posts.get(str(target))
        if post and post.channel_id == channel.id:
            return post.id
        if reference.get("fail_if_not_exists", True):
            raise rules.invalid_form("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
        return None

    async def edit(self, request: Request) -> _Answer:
        post = self._post(request)
        if post.author_id != self._world.bot.id:
            raise ApiError(403, 50005, "Cannot edit a message authored by another user")
        self._world.edit(post, rules.check_content(await _json(request)))
        return _Answer(self._body(post))

    async def delete(self, request: Request) -> _Answer:
        post = self._post(request)
        if post.author_id != self._world.bot.id:
            raise ApiError(403, 50013, "Missing Permissions")
        self._world.delete(post)
        return _Answer(status=204)

    # Looking up

    def _body(self, post: Post) -> Json:
        return self._world.message(post, readable=bool(self._world.granted_intents & rules.MESSAGE_CONTENT))

    def _check_guild(self, request: Request) -> None:
        if request.path_params["guild_id"] != brand.DISCORD_GUILD_ID:
            raise ApiError(404, 10004, "Unknown Guild")

    def _channel(self, request: Request) -> Channel:
        channel = self._world.channels.get(request.path_params["channel_id"])
        if channel is None:
            raise ApiError(404, 10003, "Unknown Channel")
        return channel

    def _post(self, request: Request) -> Post:
        channel = self._channel(request)
        post = self._world.posts.get(request.path_params["message_id"])
        if post is None or post.channel_id != channel.id:
            raise ApiError(404, 10008, "Unknown Message")
        return post


def _too_many(retry_after: float, headers: dict[str, str], *, is_global: bool) -> _Answer:
    wait = round(retry_after, 3)
    scope = {"X-RateLimit-Scope": "global" if is_global else "user", "Retry-After": str(int(wait) + 1)}
    marked = headers | scope | ({"X-RateLimit-Global": "true"} if is_global else {})
    body = {"message": "You are being rate limited.", "retry_after": wait, "global": is_global, "code": 0}
    return _Answer(body, 429, marked)


def _window(posts: list[Post], request: Request, limit: int) -> list[Post]:
    """The asked-for stretch of `posts` (oldest first), itself oldest first."""
    if "after" in request.query_params:
        start = _place(posts, _number(request, "after", 0, 0, _MAX_ID))
        return posts[start : start + limit]
    if "around" in request.query_params:
        middle = _place(posts, _number(request, "around", 0, 0, _MAX_ID))
        start = max(0, middle - limit // 2 - 1)
        return posts[start : start + limit]
    end = _place(posts, _number(request, "before", _MAX_ID, 0, _MAX_ID) - 1)
    return posts[max(0, end - limit) : end]


def _place(posts: list[Post], message_id: int) -> int:
    """How many of `posts` have an id up to `message_id`."""
    return bisect_right(posts, message_id, key=lambda post: int(post.id))


def _number(request: Request, name: str, default: int, low: int, high: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    if not given.isdecimal() or not low <= int(given) <= high:
        raise rules.invalid_form(name, "NUMBER_TYPE_COERCE", f'Value "{given}" is not between {low} and {high}.')
    return int(given)


async def _json(request: Request) -> Json:
    try:
        body: Any = await request.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise ApiError(400, 50109, "The request body contains invalid JSON.")
    return body  # pyright: ignore[reportUnknownVariableType] - JSON
