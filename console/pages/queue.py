"""The review queue: what waits for a human, riskiest first, live."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from console.access import Reviewer, Viewer
from console.context import Here
from console.forms import Filtered, Filters, Id
from console.screen import fragment, see_other, show
from domain.records import ReviewRecord, UserRecord
from storage import audit, reviews
from storage.db import Tx

SHOWN = 100

router = APIRouter()


@router.get("/")
async def home(_user: Viewer) -> Response:
    return see_other("/queue")


@router.get("/queue")
async def queue_page(request: Request, console: Here, user: Viewer, filters: Filtered) -> Response:
    async with console.db.reading() as tx:
        items = await reviews.queue(tx, limit=SHOWN, **filters.model_dump())
    return await show(request, console, user, "queue.html", items=items, filters=filters, query=query_of(filters), shown=SHOWN)


@router.get("/queue/changes")
async def queue_changes(
    console: Here,
    user: Viewer,
    filters: Filtered,
    newest: Annotated[int, Query(ge=0)] = 0,
    shown: Annotated[list[Annotated[int, Query(ge=1, le=2**31 - 1)]], Query(max_length=SHOWN)] = [],  # noqa: B006 read only
) -> Response:
    """What changed since the page was drawn: how many are new, and who took or decided the rows that are on it."""
    async with console.db.reading() as tx:
        items = await reviews.queue(tx, limit=SHOWN, **filters.model_dump())
        waiting = {item.id: item for item in items}
        rows = [waiting.get(review_id) or await reviews.get(tx, review_id) for review_id in shown]
    values = {
        "fresh": sum(item.id > newest and (item.kind != "label" or filters.kind == "label") for item in items),
        "rows": [item for item in rows if item],
        "query": query_of(filters),
        "user": user,
        "now": console.clock(),
    }
    return console.pages.render("queue_changes.html", values)


@router.post("/reviews/claim")
async def claim_many(
    console: Here, user: Reviewer, filters: Filtered, chosen: Annotated[list[int], Form(max_length=SHOWN)]
) -> Response:
    """The bulk bar: takes every chosen item that is still free."""
    async with console.db.transaction() as tx:
        for review_id in chosen:
            if 1 <= review_id < 2**31:
                await take(tx, console, user.username, review_id)
    return see_other(f"/queue?{query_of(filters, said='claimed')}")


@router.post("/reviews/{review_id}/claim")
async def claim(request: Request, console: Here, user: Reviewer, review_id: Id, filters: Filtered) -> Response:
    async with console.db.transaction() as tx:
        taken = await take(tx, console, user.username, review_id)
        item = await reviews.get(tx, review_id)
    return _claim_answer(request, console, user, item, filters, "claimed" if taken else "taken")


@router.post("/reviews/{review_id}/release")
async def release(request: Request, console: Here, user: Reviewer, review_id: Id, filters: Filtered) -> Response:
    async with console.db.transaction() as tx:
        released = await reviews.release(tx, review_id, user=user.username)
        if released:
            await _note(tx, console, user.username, "review.release", review_id)
        item = await reviews.get(tx, review_id)
    return _claim_answer(request, console, user, item, filters, "released" if released else "taken")


async def take(tx: Tx, console: Here, username: str, review_id: int) -> bool:
    """Claims an item for a while; an unused claim runs out and the item is free again."""
    now = console.clock()
    taken = await reviews.claim(tx, review_id, user=username, now=now, until=now + console.claim)
    if taken:
        await _note(tx, console, username, "review.claim", review_id)
    return taken


def query_of(filters: Filters, **more: str) -> str:
    return urlencode(filters.chosen | more)


async def _note(tx: Tx, console: Here, username: str, verb: str, review_id: int) -> None:
    await audit.add(tx, actor=username, verb=verb, subject=f"review {review_id}", detail="", now=console.clock())


def _claim_answer(
    request: Request, console: Here, user: UserRecord, item: ReviewRecord | None, filters: Filters, said: str
) -> Response:
    if item is None:
        return see_other(f"/queue?{query_of(filters)}")
    if fragment(request):
        values = {"item": item, "user": user, "now": console.clock(), "query": query_of(filters)}
        return console.pages.render("claim.html", values)
    return see_other(f"/cases/{item.mention_id}?{query_of(filters, review=str(item.id), said=said)}")
