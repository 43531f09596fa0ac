"""The control API: people, posts, edits and deletions for scenarios and tests, and the ledger."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route

from sandbox.x.world import Draft, Person, Post, XWorld

_FACTS = frozenset({"id", "username", "display_name", "kind", "bio", "followers", "following", "posts", "verified", "avatar"})


class Control:
    """Handlers over one world. JSON in, JSON out."""

    def __init__(self, world: XWorld) -> None:
        self._world = world

    async def add_person(self, request: Request) -> Response:
        facts: dict[str, Any] = await request.json()
        facts = {name: value for name, value in facts.items() if name in _FACTS and value is not None} | _birth(facts)
        if facts.get("kind") == "bot":
            # X has no field for it: its rules make bots say it in their bio.
            facts["bio"] = f"{facts.get('bio', '')} Automated account.".strip()
        whole: dict[str, Any] = {"id": self._world.new_id(), **facts}
        return JSONResponse({"id": self._world.add_person(Person(**whole)).id})

    async def change_person(self, request: Request) -> Response:
        person, facts = self._world.people.get(request.path_params["id"]), await request.json()
        if not person:
            return _missing()
        if "username" in facts:
            self._world.rename(person, facts["username"])
        person.display_name = facts.get("display_name", person.display_name)
        person.avatar = facts.get("avatar", person.avatar)
        return JSONResponse({"id": person.id})

    async def move_person(self, _: Request) -> Response:
        """Nobody joins or leaves X; scenarios for all platforms may say so all the same."""
        return JSONResponse({})

    async def add_post(self, request: Request) -> Response:
        facts = await request.json()
        reply_to, quotes = facts.get("reply_to"), facts.get("quotes")
        if facts["author"] not in self._world.people or not all(
            self._world.live(target) for target in (reply_to, quotes) if target
        ):
            return _missing()
        media = tuple(self._world.attachment(item["kind"], item["name"]) for item in facts.get("media", ()))
        draft = Draft(author_id=facts["author"], text=facts["text"], reply_to=reply_to, quotes=quotes, media=media)
        post = self._world.add_post(draft)
        parent = self._world.live(reply_to)
        self._world.ledger.append(
            "posted",
            id=post.id,
            author=post.author_id,
            text=post.text,
            channel="",
            reply_to=parent.first_id if parent else None,
        )
        return JSONResponse({"id": post.first_id})

    async def edit_post(self, request: Request) -> Response:
        post, facts = self._post(request), await request.json()
        if not post:
            return _missing()
        self._world.edit_post(post, facts["text"])
        self._world.ledger.append("edited", id=post.first_id, text=post.text)
        return JSONResponse({"id": post.first_id})

    async def delete_post(self, request: Request) -> Response:
        post = self._post(request)
        if not post:
            return _missing()
        post.deleted = True
        self._world.ledger.append("deleted", id=post.first_id)
        return JSONResponse({})

    async def set_limits(self, request: Request) -> Response:
        """{"POST /2/tweets": 100000}: requests per window for an endpoint, for benches that X itself would not allow."""
        self._world.limiter.override(await request.json())
        return JSONResponse({})

    async def ledger(self, request: Request) -> Response:
        return JSONResponse({"entries": self._world.ledger.entries(int(request.query_params.get("after", 0)))})

    def _post(self, request: Request) -> Post | None:
        return self._world.live(request.path_params["id"])


def routes(world: XWorld) -> list[Mount]:
    control = Control(world)
    table: tuple[tuple[str, str, Callable[[Request], Awaitable[Response]]], ...] = (
        ("POST", "/people", control.add_person),
        ("PATCH", "/people/{id}", control.change_person),
        ("POST", "/people/{id}/join", control.move_person),
        ("POST", "/people/{id}/leave", control.move_person),
        ("POST", "/posts", control.add_post),
        ("PATCH", "/posts/{id}", control.edit_post),
        ("DELETE", "/posts/{id}", control.delete_post),
        ("POST", "/limits", control.set_limits),
        ("GET", "/ledger", control.ledger),
    )
    return [Mount("/_control", routes=[Route(path, handler, methods=[method]) for method, path, handler in table])]


def _birth(facts: dict[str, Any]) -> dict[str, Any]:
    days: float | None = facts.get("created_days_ago")
    return {} if days is None else {"created_at": datetime.now(UTC) - timedelta(days=days)}


def _missing() -> Response:
    return JSONResponse({"error": "no such person or post"}, 404)
