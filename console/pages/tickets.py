"""Tickets on our own desk, and the flags on accounts."""

from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from console.access import Reviewer, Viewer
from console.context import Here
from console.forms import FlagFilter, Id, TicketFilter, TicketStateForm
from console.screen import see_other, show
from console.verdicts import NotFound
from storage import audit, flags, tickets

SHOWN = 200

router = APIRouter()


@router.get("/tickets")
async def tickets_page(request: Request, console: Here, user: Viewer, state: TicketFilter = None) -> Response:
    async with console.db.reading() as tx:
        rows = await tickets.latest(tx, state=state, limit=SHOWN)
    return await show(request, console, user, "tickets.html", rows=rows, state=state)


@router.post("/tickets/{ticket_id}/state")
async def set_ticket_state(
    console: Here, user: Reviewer, ticket_id: Id, form: Annotated[TicketStateForm, Form()], state: TicketFilter = None
) -> Response:
    async with console.db.transaction() as tx:
        if not await tickets.set_state(tx, ticket_id, form.state):
            raise NotFound
        subject, now = f"ticket {ticket_id}", console.clock()
        await audit.add(tx, actor=user.username, verb="ticket.state", subject=subject, detail=form.state, now=now)
    return see_other(f"/tickets?state={state or ''}&said=saved")


@router.post("/tickets/{ticket_id}/assign")
async def assign_ticket(console: Here, user: Reviewer, ticket_id: Id, state: TicketFilter = None) -> Response:
    async with console.db.transaction() as tx:
        if await tickets.get(tx, ticket_id) is None:
            raise NotFound
        await tickets.assign(tx, ticket_id, user.username)
        subject, now = f"ticket {ticket_id}", console.clock()
        await audit.add(tx, actor=user.username, verb="ticket.assign", subject=subject, detail=user.username, now=now)
    return see_other(f"/tickets?state={state or ''}&said=saved")


@router.get("/flags")
async def flags_page(request: Request, console: Here, user: Viewer, state: FlagFilter = None) -> Response:
    async with console.db.reading() as tx:
        rows = await flags.latest(tx, state=state, limit=SHOWN)
    return await show(request, console, user, "flags.html", rows=rows, state=state)
