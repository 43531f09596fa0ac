"""The filtered stream: rules, and one open connection that gets matching posts as lines of JSON."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from sandbox.x import render
from sandbox.x.call import Call
from sandbox.x.problems import TOO_MANY_STREAMS, Rejected, invalid
from sandbox.x.query import QueryError, compile_query
from sandbox.x.render import Wanted, timestamp
from sandbox.x.world import Post, XWorld

_KEEP_ALIVE_S = 20.0
_LOOK_S = 0.25
MAX_RULES = 1000
MAX_RULE_LENGTH = 1024


async def list_rules(call: Call) -> Response:
    return JSONResponse(rules_answer(call.world))


async def change_rules(call: Call) -> Response:
    body = await call.request.json()
    if "add" in body:
        return JSONResponse(add_rules(call.world, body["add"]))
    return JSONResponse(delete_rules(call.world, body.get("delete", {}).get("ids", [])))


async def read_stream(call: Call) -> Response:
    return open_stream(call.world, call.request, call.wanted())


def rules_answer(world: XWorld) -> dict[str, Any]:
    rules = [_rule(world, rule_id) for rule_id in world.rules]
    answer: dict[str, Any] = {"meta": {"sent": _now(), "result_count": len(rules)}}
    return {"data": rules, **answer} if rules else answer


def add_rules(world: XWorld, wanted: list[dict[str, str]]) -> dict[str, Any]:
    """Raises Rejected when a rule cannot be understood or there would be too many."""
    for rule in wanted:
        _check(world, rule.get("value", ""))
    known = {value for value, _ in world.rules.values()}
    made: list[dict[str, Any]] = []
    for rule in wanted:
        if rule["value"] not in known:
            rule_id = world.new_id()
            world.rules[rule_id] = (rule["value"], rule.get("tag"))
            made.append(_rule(world, rule_id))
    summary = {
        "created": len(made),
        "not_created": len(wanted) - len(made),
        "valid": len(made),
        "invalid": len(wanted) - len(made),
    }
    answer: dict[str, Any] = {"meta": {"sent": _now(), "summary": summary}}
    return {"data": made, **answer} if made else answer


def delete_rules(world: XWorld, ids: list[str]) -> dict[str, Any]:
    gone = [rule_id for rule_id in ids if world.rules.pop(rule_id, None)]
    return {"meta": {"sent": _now(), "summary": {"deleted": len(gone), "not_deleted": len(ids) - len(gone)}}}


def open_stream(world: XWorld, request: Request, want: Wanted) -> StreamingResponse:
    """Raises Rejected when a stream is open already: X allows one."""
    if world.stream:
        raise Rejected(TOO_MANY_STREAMS)
    world.stream = asyncio.Queue()
    return StreamingResponse(_lines(world, world.stream, request, want), media_type="application/json")


async def _lines(world: XWorld, posts: asyncio.Queue[Post], request: Request, want: Wanted) -> AsyncIterator[bytes]:
    quiet_s = _KEEP_ALIVE_S
    try:
        while not await request.is_disconnected():
            if quiet_s >= _KEEP_ALIVE_S:
                quiet_s = 0.0
                yield b"\r\n"
            try:
                post = await asyncio.wait_for(posts.get(), _LOOK_S)
            except TimeoutError:
                quiet_s += _LOOK_S
                continue
            if line := _line(world, post, want):
                quiet_s = 0.0
                yield line
    finally:
        world.stream = None


def _line(world: XWorld, post: Post, want: Wanted) -> bytes | None:
    matching = [
        {"id": rule_id, "tag": tag} if tag else {"id": rule_id}
        for rule_id, (value, tag) in world.rules.items()
        if compile_query(value)(world, post)
    ]
    if not matching:
        return None
    answer = render.posts_answer(world, [post], want)
    answer["data"] = answer["data"][0]
    world.ledger.append("delivered", ids=[post.first_id])
    return json.dumps({**answer, "matching_rules": matching}).encode() + b"\r\n"


def _check(world: XWorld, value: str) -> None:
    if len(value) > MAX_RULE_LENGTH or len(world.rules) >= MAX_RULES:
        raise Rejected(invalid("value", value, "Rules must be at most 1024 characters long, and at most 1000"))
    try:
        compile_query(value)
    except QueryError as error:
        raise Rejected(invalid("value", value, str(error))) from error


def _rule(world: XWorld, rule_id: str) -> dict[str, Any]:
    value, tag = world.rules[rule_id]
    return {"id": rule_id, "value": value, "tag": tag} if tag else {"id": rule_id, "value": value}


def _now() -> str:
    return timestamp(datetime.now(UTC))
