"""Users: by id, by user name, several at once, and who I am."""

from collections.abc import Callable

from starlette.responses import JSONResponse, Response

from sandbox.x import render
from sandbox.x.call import Call
from sandbox.x.problems import not_found
from sandbox.x.world import Person


async def me(call: Call) -> Response:
    assert call.caller
    return JSONResponse({"data": render.user(call.world, call.caller, call.wanted())})


async def user_by_id(call: Call) -> Response:
    return _one_user(call, "id", call.path("id"), call.world.people.get(call.path("id")))


async def user_by_username(call: Call) -> Response:
    return _one_user(call, "username", call.path("username"), call.world.by_username(call.path("username")))


def _one_user(call: Call, parameter: str, value: str, person: Person | None) -> Response:
    if not person:
        return JSONResponse({"errors": [not_found("user", parameter, value)]})
    return JSONResponse({"data": render.user(call.world, person, call.wanted())})


async def users_by_ids(call: Call) -> Response:
    return _many_users(call, "ids", call.world.people.get)


async def users_by_usernames(call: Call) -> Response:
    return _many_users(call, "usernames", call.world.by_username)


def _many_users(call: Call, parameter: str, find: Callable[[str], Person | None]) -> Response:
    want, values = call.wanted(), call.listed(parameter)
    answer = {
        "data": [render.user(call.world, person, want) for value in values if (person := find(value))],
        "errors": [not_found("user", parameter, value) for value in values if not find(value)],
    }
    return JSONResponse({key: value for key, value in answer.items() if value})
