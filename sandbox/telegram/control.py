"""The control API: what players, benches and tests do to this world. JSON in, JSON out, no authorisation, loopback only."""

from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import brand
from sandbox.telegram.errors import ApiError, bad_request
from sandbox.telegram.wire import Group, Person, PersonKind
from sandbox.telegram.world import Draft, TelegramWorld, external_id

_KINDS: dict[str, PersonKind] = {"person": "person", "bot": "bot", "webhook": "channel", "channel": "channel"}
"""Telegram has no webhooks; a channel speaking in the group is its nearest kin."""


class Control:
    """One method a route. A channel is `<chat id>` or `<chat id>:<topic id>`; a person's own id is their private chat."""

    def __init__(self, world: TelegramWorld) -> None:
        self._world = world

    async def add_person(self, request: Request) -> Response:
        wanted = await _body(request)
        person = self._world.add_person(
            wanted.get("username"),
            wanted.get("display_name") or wanted.get("username") or "Somebody",
            kind=_KINDS.get(wanted.get("kind", "person"), "person"),
            person_id=int(wanted["id"]) if wanted.get("id") else None,
        )
        person.bio = wanted.get("bio") or person.bio
        return JSONResponse({"id": str(person.id)})

    async def change_person(self, request: Request) -> Response:
        person, wanted = self._person(request.path_params["id"]), await _body(request)
        person.username = wanted.get("username", person.username)
        person.display_name = wanted.get("display_name") or person.display_name
        if "title" in wanted:
            self._world.retitle(person, wanted["title"])
        return JSONResponse({"id": str(person.id)})

    async def join(self, request: Request) -> Response:
        self._world.join(self._group(await _body(request)), self._person(request.path_params["id"]))
        return JSONResponse({})

    async def leave(self, request: Request) -> Response:
        self._world.leave(self._group(await _body(request)), self._person(request.path_params["id"]))
        return JSONResponse({})

    async def add_channel(self, request: Request) -> Response:
        wanted = await _body(request)
        group_id = int(wanted["id"]) if wanted.get("id") else None
        group = self._world.add_group(wanted["name"], group_id=group_id, description=wanted.get("topic"))
        group.username = wanted.get("username", group.username)
        return JSONResponse({"id": str(group.id)})

    async def add_topic(self, request: Request) -> Response:
        group = self._group({"channel": request.path_params["id"]})
        topic = self._world.open_topic(group, (await _body(request))["name"])
        return JSONResponse({"id": f"{group.id}:{topic}"})

    async def add_post(self, request: Request) -> Response:
        wanted = await _body(request)
        chat, _, topic = str(wanted.get("channel") or brand.TELEGRAM_GROUP_ID).partition(":")
        draft = Draft(
            chat_id=int(chat),
            text=wanted.get("text", ""),
            reply_to=_key(wanted["reply_to"])[1] if wanted.get("reply_to") else None,
            topic=int(topic or 0) or None,
            media=tuple((item["kind"], item.get("name", "file")) for item in wanted.get("media", ())),
        )
        author = self._person(str(wanted["author"]))
        return JSONResponse({"id": external_id(self._world.post(author, draft, anonymous=bool(wanted.get("anonymous"))))})

    async def change_post(self, request: Request) -> Response:
        self._world.edit(self._post(request), (await _body(request))["text"])
        return JSONResponse({})

    async def delete_post(self, request: Request) -> Response:
        self._world.delete(self._post(request))
        return JSONResponse({})

    async def set_limits(self, request: Request) -> Response:
        """{per_chat|per_group|overall: [count, seconds]}"""
        for name, (count, seconds) in (await _body(request)).items():
            if name not in ("per_chat", "per_group", "overall"):
                raise bad_request(f"there is no limit named {name}")
            setattr(self._world.flood, name, (count, seconds))
        return JSONResponse({})

    async def ledger(self, request: Request) -> Response:
        return JSONResponse({"entries": self._world.ledger.entries(int(request.query_params.get("after", 0)))})

    def _person(self, person_id: str) -> Person:
        person = self._world.people.get(int(person_id))
        if person is None:
            raise ApiError(404, f"there is nobody with the id {person_id}")
        return person

    def _group(self, wanted: dict[str, Any]) -> Group:
        group = self._world.groups.get(int(wanted.get("channel") or brand.TELEGRAM_GROUP_ID))
        if group is None:
            raise ApiError(404, "there is no such group")
        return group

    def _post(self, request: Request) -> tuple[int, int]:
        key = _key(request.path_params["id"])
        if key not in self._world.messages:
            raise ApiError(404, "there is no such post")
        return key


def create_control(world: TelegramWorld) -> Starlette:
    control = Control(world)
    routes = [
        Route("/people", control.add_person, methods=["POST"]),
        Route("/people/{id}", control.change_person, methods=["PATCH"]),
        Route("/people/{id}/join", control.join, methods=["POST"]),
        Route("/people/{id}/leave", control.leave, methods=["POST"]),
        Route("/channels", control.add_channel, methods=["POST"]),
        Route("/channels/{id}/topics", control.add_topic, methods=["POST"]),
        Route("/posts", control.add_post, methods=["POST"]),
        Route("/posts/{id}", control.change_post, methods=["PATCH"]),
        Route("/posts/{id}", control.delete_post, methods=["DELETE"]),
        Route("/limits", control.set_limits, methods=["PATCH"]),
        Route("/ledger", control.ledger, methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={ApiError: _refuse, KeyError: _refuse, ValueError: _refuse})


async def _refuse(_: Request, error: Exception) -> Response:
    """What a control call got wrong, as JSON."""
    if isinstance(error, ApiError):
        return JSONResponse({"error": error.description}, status_code=error.status)
    return JSONResponse({"error": f"missing or unreadable: {error}"}, status_code=400)


async def _body(request: Request) -> dict[str, Any]:
    return await request.json() if await request.body() else {}


def _key(external: str) -> tuple[int, int]:
    chat, _, message = external.partition(":")
    return int(chat), int(message)
