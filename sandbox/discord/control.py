"""The control API: what tests, benches and scenarios do to this Discord. No authorisation, loopback only."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from sandbox import brand
from sandbox.discord import rules
from sandbox.discord.faults import Fault
from sandbox.discord.render import Channel, Json, Person, Post
from sandbox.discord.world import DiscordWorld

T = TypeVar("T")
_DAY_S = 86_400
_MIME = {"photo": "image/png", "video": "video/mp4", "audio": "audio/ogg"}
_INTENTS = {"members": rules.GUILD_MEMBERS, "presences": rules.GUILD_PRESENCES, "message_content": rules.MESSAGE_CONTENT}


def routes(world: DiscordWorld) -> list[Route]:
    control = _Control(world)
    table: list[tuple[str, str, Callable[[Request], Awaitable[Json]]]] = [
        ("POST", "/people", control.add_person),
        ("PATCH", "/people/{id}", control.change_person),
        ("POST", "/people/{id}/join", control.join),
        ("POST", "/people/{id}/leave", control.leave),
        ("POST", "/channels", control.add_channel),
        ("PATCH", "/channels/{id}", control.change_channel),
        ("POST", "/posts", control.post),
        ("PATCH", "/posts/{id}", control.edit),
        ("DELETE", "/posts/{id}", control.delete),
        ("GET", "/ledger", control.ledger),
        ("POST", "/settings", control.settings),
        ("POST", "/limits", control.limits),
        ("POST", "/faults", control.faults),
        ("POST", "/sessions/drop", control.drop),
        ("POST", "/sessions/reconnect", control.reconnect),
        ("POST", "/sessions/invalidate", control.invalidate),
    ]
    return [Route("/_control" + path, _endpoint(handler), methods=[method]) for method, path, handler in table]


def _endpoint(handler: Callable[[Request], Awaitable[Json]]) -> Callable[[Request], Awaitable[JSONResponse]]:
    async def endpoint(request: Request) -> JSONResponse:
        return JSONResponse(await handler(request))

    return endpoint


class _Control:
    def __init__(self, world: DiscordWorld) -> None:
        self._world = world

    # People

    async def add_person(self, request: Request) -> Json:
        body: Json = await request.json()
        born = time.time() - float(body.get("created_days_ago") or 0) * _DAY_S
        person = Person(
            id=str(body.get("id") or self._world.new_id(born)),
            username=body["username"],
            display_name=body.get("display_name") or body["username"],
            kind=body.get("kind", "person"),
            avatar=body.get("avatar"),
        )
        return {"id": self._world.add_person(person).id}

    async def change_person(self, request: Request) -> Json:
        person, body = self._person(request.path_params["id"]), await request.json()
        person.username = body.get("username", person.username)
        person.display_name = body.get("display_name", person.display_name)
        person.nick = body.get("title", person.nick)
        person.avatar = body.get("avatar", person.avatar)
        self._world.renamed(person)
        return {"id": person.id}

    async def join(self, request: Request) -> Json:
        person = self._person(request.path_params["id"])
        self._world.join(person)
        return {"id": person.id}

    async def leave(self, request: Request) -> Json:
        person = self._person(request.path_params["id"])
        self._world.leave(person)
        return {"id": person.id}

    # Channels and posts

    async def add_channel(self, request: Request) -> Json:
        body: Json = await request.json()
        channel = Channel(id=str(body.get("id") or self._world.new_id()), name=body["name"], topic=body.get("topic"))
        return {"id": self._world.add_channel(channel).id}

    async def change_channel(self, request: Request) -> Json:
        """What the bot may do there: {can_send?, can_read_history?}."""
        channel, body = self._channel(request.path_params["id"]), await request.json()
        channel.can_send = body.get("can_send", channel.can_send)
        channel.can_read_history = body.get("can_read_history", channel.can_read_history)
        return {"id": channel.id}

    async def post(self, request: Request) -> Json:
        body: Json = await request.json()
        channel = self._channel(str(body.get("channel") or brand.DISCORD_GENERAL_ID))
        post = Post(
            id=self._world.new_id(),
            channel_id=channel.id,
            author_id=self._person(str(body["author"])).id,
            text=body["text"],
            at=datetime.now(UTC),
            reply_to=body.get("reply_to"),
        )
        post.attachments = [self._attachment(channel, media) for media in body.get("media") or ()]
        return {"id": self._world.publish(post, kind="posted").id}

    async def edit(self, request: Request) -> Json:
        post, body = self._post(request), await request.json()
        self._world.edit(post, body["text"])
        return {"id": post.id}

    async def delete(self, request: Request) -> Json:
        post = self._post(request)
        self._world.delete(post)
        return {"id": post.id}

    async def ledger(self, request: Request) -> Json:
        return {"entries": self._world.ledger.entries(int(request.query_params.get("after", 0)))}

    # The server's own behaviour

    async def settings(self, request: Request) -> Json:
        """{heartbeat_ms?, identify_every_s?, granted_intents?: [members | presences | message_content]}."""
        world, body = self._world, await request.json()
        world.heartbeat_ms = body.get("heartbeat_ms", world.heartbeat_ms)
        world.identify_every_s = body.get("identify_every_s", world.identify_every_s)
        if "granted_intents" in body:
            world.granted_intents = sum(_INTENTS[name] for name in body["granted_intents"])
        return {}

    async def limits(self, request: Request) -> Json:
        """{route, limit, per_s}: another limit for a route, and every window starts anew."""
        body: Json = await request.json()
        self._world.limiter.limits[body["route"]] = (int(body["limit"]), float(body["per_s"]))
        self._world.limiter.forget()
        return {}

    async def faults(self, request: Request) -> Json:
        """{route, status, after?, times?}: see Fault."""
        self._world.faults.append(Fault(**await request.json()))
        return {}

    async def drop(self, request: Request) -> Json:
        """{code?}: cut every live socket; the sessions may be resumed."""
        code = int((await _body(request)).get("code", 4000))
        return self._each(lambda session: session.drop(code))

    async def reconnect(self, _: Request) -> Json:
        """Op 7 to every live session."""
        return self._each(lambda session: session.tell(7))

    async def invalidate(self, request: Request) -> Json:
        """{resumable?}: op 9 to every live session; those that are not resumable are forgotten."""
        resumable = bool((await _body(request)).get("resumable", False))
        answer = self._each(lambda session: session.tell(9, resumable))
        if not resumable:
            for session in self._world.live_sessions():
                self._world.sessions.pop(session.id)
        return answer

    def _each(self, act: Callable[[Any], None]) -> Json:
        sessions = list(self._world.live_sessions())
        for session in sessions:
            act(session)
        return {"sessions": len(sessions)}

    # Looking up

    def _person(self, person_id: str) -> Person:
        return _known(self._world.people.get(person_id), "person")

    def _channel(self, channel_id: str) -> Channel:
        return _known(self._world.channels.get(channel_id), "channel")

    def _post(self, request: Request) -> Post:
        return _known(self._world.posts.get(request.path_params["id"]), "post")

    def _attachment(self, channel: Channel, media: Json) -> Json:
        attachment_id = self._world.new_id()
        url = f"{self._world.base_url}/cdn/attachments/{channel.id}/{attachment_id}/{media['name']}"
        mime = _MIME.get(media["kind"], "application/octet-stream")
        facts: Json = {"id": attachment_id, "filename": media["name"], "size": 1024, "content_type": mime}
        return facts | {"url": url, "proxy_url": url}


def _known(record: T | None, what: str) -> T:
    if record is None:
        raise HTTPException(404, f"no such {what}")
    return record


async def _body(request: Request) -> Json:
    return await request.json() if await request.body() else {}
