"""Posts: make, delete, look up."""

import json
from typing import cast

from starlette.responses import JSONResponse, Response

from sandbox.x import render
from sandbox.x.call import Call, is_id
from sandbox.x.problems import Problem, Rejected, invalid, not_found
from sandbox.x.rules import POST_RULES
from sandbox.x.world import Draft, Person

_BODY_KEYS = frozenset({"text", "reply", "quote_tweet_id", "reply_settings", "made_with_ai"})
"""The fields of a post that the sandbox understands."""


async def create_post(call: Call) -> Response:
    assert call.caller
    world, draft = call.world, await _draft(call, call.caller)
    for rule in POST_RULES:
        if problem := rule(world, draft):
            raise Rejected(problem)
    post = world.add_post(draft)
    target = world.live(draft.reply_to)
    reply_to = target.first_id if target else None
    world.ledger.append("replied", id=post.id, reply_to=reply_to, author=post.author_id, text=draft.text, channel="")
    want = call.wanted()
    return JSONResponse({"data": render.post(world, post, want)}, 201)


async def _draft(call: Call, author: Person) -> Draft:
    try:
        body: object = await call.request.json()
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Rejected(invalid("body", "", "The request body is not JSON")) from error
    wanted = _object(body)
    for unknown in sorted(wanted.keys() - _BODY_KEYS):
        raise Rejected(invalid("body", unknown, f"The request body has an unknown field: {unknown}"))
    return Draft(
        author_id=author.id,
        text=_string(wanted.get("text", "")),
        reply_to=_post_id(_object(wanted.get("reply", {})).get("in_reply_to_tweet_id")),
        quotes=_post_id(wanted.get("quote_tweet_id")),
    )


def _object(value: object) -> dict[str, object]:
    if not isinstance(value, dict):
        raise Rejected(invalid("body", "", "The request body, or a field of it, is not an object"))
    return cast("dict[str, object]", value)


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise Rejected(invalid("body", str(value), "A field of the request body is not a string"))
    return value


def _post_id(value: object) -> str | None:
    if value is None:
        return None
    if not is_id(_string(value)):
        raise Rejected(invalid("id", str(value), f"[{value}] is not a post id"))
    return str(value)


async def delete_post(call: Call) -> Response:
    assert call.caller
    post = call.world.live(call.path("id"))
    if post and post.author_id != call.caller.id:
        raise Rejected(Problem(status=403, title="Forbidden", detail="You are not authorized to delete this Tweet."))
    if post:
        post.deleted = True
        call.world.ledger.append("deleted", id=post.first_id)
    return JSONResponse({"data": {"deleted": post is not None}})


async def post_by_id(call: Call) -> Response:
    if not is_id(call.path("id")):
        raise Rejected(invalid("id", call.path("id"), "The `id` path parameter is not a post id"))
    post = call.world.live(call.path("id"))
    if not post:
        return JSONResponse({"errors": [not_found("tweet", "id", call.path("id"))]})
    answer = render.posts_answer(call.world, [post], call.wanted())
    return JSONResponse({**answer, "data": answer["data"][0]})


async def posts_by_ids(call: Call) -> Response:
    ids = call.listed("ids")
    found = [post for post_id in ids if (post := call.world.live(post_id))]
    answer = render.posts_answer(call.world, found, call.wanted())
    errors = answer.get("errors", []) + [not_found("tweet", "ids", post_id) for post_id in ids if not call.world.live(post_id)]
    return JSONResponse({**answer, "errors": errors} if errors else answer)
