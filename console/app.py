"""The console as one ASGI application: wiring, errors as pages, nothing else."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from prometheus_client import REGISTRY, CollectorRegistry
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from config.settings import Settings
from console.access import LoginNeeded, PasswordChangeNeeded
from console.context import Console
from console.faults import fault
from console.guard import SECURITY_HEADERS, Guard
from console.live import Live
from console.pages import case, fleet, login, mentions, probes, quality, queue, tickets, users
from console.passwords import Passwords
from console.render import STATIC, Pages
from console.screen import fragment, see_other
from console.throttle import Throttle
from console.verdicts import NotFound
from storage.db import Database
from triage.policy import Policy

log = structlog.get_logger(__name__)

PAGES = (login, queue, case, tickets, mentions, fleet, quality, users, probes)


def create_app(
    settings: Settings,
    db: Database,
    policy: Policy,
    *,
    clock: Callable[[], datetime],
    new_reference: Callable[[], str],
    registry: CollectorRegistry = REGISTRY,
) -> FastAPI:
    """The console over a migrated database; `clock` tells UTC, `new_reference` names a ticket.

    Serve it with `console.server.ConsoleServer`, which ends open event streams first.
    """
    console = Console(
        db=db,
        policy=policy,
        pages=Pages(brand=settings.brand.name),
        live=Live(db, clock),
        passwords=Passwords(),
        throttle=Throttle(),
        registry=registry,
        clock=clock,
        undo=timedelta(seconds=settings.console.undo_s),
        claim=timedelta(minutes=settings.console.claim_minutes),
        session=timedelta(hours=settings.console.session_hours),
        public_url=settings.console.public_url,
        new_reference=new_reference,
    )
    app = FastAPI(title="Fleetwatch console", docs_url=None, redoc_url=None, openapi_url=None, lifespan=_lifespan)
    app.state.console = console
    app.add_middleware(Guard, public_url=console.public_url)
    app.mount("/static", HashedFiles(directory=STATIC), name="static")
    for page in PAGES:
        app.include_router(page.router)
    _handle_errors(app)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncGenerator[None]:
    live: Live = app.state.console.live
    poller = asyncio.create_task(live.run(), name="console-live")
    try:
        yield
    finally:
        live.close()
        poller.cancel()
        with suppress(asyncio.CancelledError):
            await poller


class HashedFiles(StaticFiles):
    """Addresses carry the content's hash, so a browser may keep what it has."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(LoginNeeded)
    async def _login(request: Request, _: Exception) -> Response:
        if request.url.path == "/events":
            return PlainTextResponse("Sign in first.\n", 401)
        wanted = f"{request.url.path}?{request.url.query}" if request.method == "GET" else "/queue"
        return _go(request, f"/login?{urlencode({'next': wanted.removesuffix('?')})}")

    @app.exception_handler(PasswordChangeNeeded)
    async def _password(request: Request, _: Exception) -> Response:
        return _go(request, "/password")

    @app.exception_handler(NotFound)
    async def _missing(request: Request, _: Exception) -> Response:
        return _error_page(request, 404, "There is nothing here: it was removed, or somebody else has just changed it.")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        return _error_page(request, error.status_code, error.detail)

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> Response:
        return _error_page(request, 422, " ".join(_mistakes(error.errors())))

    @app.exception_handler(Exception)
    async def _fault(request: Request, error: Exception) -> Response:
        """Outside every middleware, so it brings the security headers itself."""
        log.error("console_fault", path=request.url.path, **fault(error))
        response = _error_page(request, 500, "The console failed at this; it is logged. Nothing was changed.")
        response.headers.update(SECURITY_HEADERS)
        return response

    _ = _login, _password, _missing, _http, _invalid, _fault


def _go(request: Request, address: str) -> Response:
    """A page asked for by htmx must leave as a whole, not be swapped into a corner."""
    return Response(status_code=204, headers={"HX-Redirect": address}) if fragment(request) else see_other(address)


def _error_page(request: Request, status: int, detail: str) -> Response:
    console: Console = request.app.state.console
    return console.pages.render("error.html", {"status": status, "detail": detail}, status=status)


def _mistakes(errors: Sequence[Mapping[str, Any]]) -> list[str]:
    """One sentence a field; never the value, which may be a password."""
    return [f"{error['loc'][-1]}: {error['msg'].removeprefix('Value error, ')}." for error in errors]
