"""What was heard: the latest mentions with their states, what could not be read, and the log of decisions."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Lead, Viewer
from console.context import Here
from console.forms import Id, MentionFilter
from console.screen import see_other, show
from console.verdicts import NotFound
from storage import audit, mentions, quarantine

SHOWN = 200

router = APIRouter()


@router.get("/mentions")
async def mentions_page(request: Request, console: Here, user: Viewer, state: MentionFilter = None) -> Response:
    async with console.db.reading() as tx:
        rows = await mentions.latest(tx, limit=SHOWN, state=state)
    return await show(request, console, user, "mentions.html", rows=rows, state=state)


@router.post("/mentions/{mention_id}/retry")
async def retry_mention(console: Here, user: Lead, mention_id: Id) -> Response:
    async with console.db.transaction() as tx:
        if not await mentions.retry_failed(tx, mention_id):
            raise NotFound
        subject, now = f"mention {mention_id}", console.clock()
        await audit.add(tx, actor=user.username, verb="mention.retry", subject=subject, detail="", now=now)
    return see_other("/mentions?state=failed&said=retried")


@router.get("/quarantine")
async def quarantine_page(request: Request, console: Here, user: Viewer) -> Response:
    async with console.db.reading() as tx:
        rows = await quarantine.latest(tx, SHOWN)
    return await show(request, console, user, "quarantine.html", rows=rows)


@router.get("/decisions")
async def decisions_page(request: Request, console: Here, user: Viewer) -> Response:
    async with console.db.reading() as tx:
        rows = await audit.latest(tx, SHOWN)
    return await show(request, console, user, "decisions.html", rows=rows)
