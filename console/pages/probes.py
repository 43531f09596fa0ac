"""For machines: is it alive, is it ready, how much has it done; and the stream of live updates for open pages."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import asdict

import structlog
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse

from console.access import Viewer, find_user
from console.context import Console, Here
from console.faults import fault
from console.live import PING
from console.pages.fleet import stale
from storage import counts, listener_states

log = structlog.get_logger(__name__)
router = APIRouter()


@router.get("/healthz")
async def healthz() -> Response:
    return PlainTextResponse("alive\n")


@router.get("/readyz")
async def readyz(console: Here) -> Response:
    """200 when the database answers with our tables and no listener is silent; else 503 with what is wrong."""
    try:
        async with console.db.reading() as tx:
            await counts.change_token(tx)
            listening = await listener_states.all(tx)
    except Exception as error:  # noqa: BLE001  (a probe's edge: whatever the database says, the answer is "not ready")
        log.warning("not_ready", **fault(error))
        return JSONResponse({"ready": False, "database": "does not answer, or lacks its tables"}, 503)
    now = console.clock()
    states = {one.platform: "silent" if stale(one, now) else one.state for one in listening}
    ready = "silent" not in states.values()
    return JSONResponse({"ready": ready, "database": "ok", "listeners": states}, 200 if ready else 503)


@router.get("/metrics")
async def metrics(console: Here) -> Response:
    """Totals from SQL, which every process may ask, then what this process counted itself."""
    async with console.db.reading() as tx:
        totals = await counts.totals(tx)
    registry = CollectorRegistry()
    for name, value in asdict(totals).items():
        Gauge(f"fleetwatch_{name}", f"Total in the database: {name}", registry=registry).set(value)
    Gauge("fleetwatch_console_streams", "Open pages that follow live", registry=registry).set(console.live.watching)
    return Response(generate_latest(registry) + generate_latest(console.registry), media_type=CONTENT_TYPE_LATEST)


@router.get("/events")
async def events(request: Request, console: Here, _user: Viewer) -> Response:
    return StreamingResponse(_while_signed_in(request, console), media_type="text/event-stream")


async def _while_signed_in(request: Request, console: Console) -> AsyncIterator[str]:
    """A stream lives long: a session that was revoked in the meantime ends it at the next ping."""
    async with aclosing(console.live.stream()) as chunks:
        async for chunk in chunks:
            yield chunk
            if chunk == PING and await find_user(request, console) is None:
                return
