"""One way to show a page: the frame around it (brand, user, live totals, notice) is the same everywhere."""

from fastapi import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from console.access import ROLES, may
from console.context import Console
from console.words import NOTICES
from domain.records import UserRecord
from storage import counts


async def show(
    request: Request, console: Console, user: UserRecord, template: str, *, status: int = 200, **values: object
) -> HTMLResponse:
    async with console.db.reading() as tx:
        totals = await counts.totals(tx)
    frame = {
        "user": user,
        "totals": totals,
        "path": request.url.path,
        "notice": NOTICES.get(request.query_params.get("said", "")),
        "may": {role: may(user, role) for role in ROLES},
        "now": console.clock(),
    }
    return console.pages.render(template, frame | values, status=status)


def fragment(request: Request) -> bool:
    """htmx asks for a piece of a page; a browser without scripts gets the whole."""
    return request.headers.get("hx-request") == "true"


def see_other(address: str) -> Response:
    return RedirectResponse(address, 303)
