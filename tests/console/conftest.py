"""A console over a fresh SQLite database, with a clock that stands still until a test moves it."""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from config.settings import Settings
from console.access import token_hash
from console.app import create_app
from console.server import ConsoleServer
from domain.people import PLATFORMS
from domain.records import Role
from storage import sessions, switches, users
from storage.db import Database
from tests.console.seed import ARTICLE, DUE
from triage.policy import Policy
from workers.clock import new_reference
from workers.wiring import build_policy

ORIGIN = "http://console.test"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


@dataclass(slots=True)
class Clock:
    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


Visit = Callable[[Role], Awaitable[httpx.AsyncClient]]


@pytest.fixture
def clock() -> Clock:
    return Clock(datetime(2026, 11, 22, 12, tzinfo=UTC))


@pytest.fixture
async def db(sqlite_url: str, clock: Clock) -> AsyncGenerator[Database]:
    opened = Database(sqlite_url)
    async with opened.transaction() as tx:
        await switches.ensure(tx, PLATFORMS, clock())
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def policy() -> Policy:
    """The shipped one, with one article and no phrases: what is sent is what the test wrote."""
    return replace(build_policy(Settings()), articles={ARTICLE.id: ARTICLE}, phrases={}, due=DUE)


@pytest.fixture
def app(db: Database, policy: Policy, clock: Clock) -> FastAPI:
    return create_app(
        Settings(), db, policy, registry=CollectorRegistry(), clock=clock, new_reference=partial(new_reference, "KST")
    )


@pytest.fixture
async def visit(app: FastAPI, db: Database, clock: Clock) -> AsyncGenerator[Visit]:
    """Gives a browser, without scripts, of a signed-in user named after the role."""
    async with AsyncExitStack() as stack:

        async def enter(role: Role) -> httpx.AsyncClient:
            token = await signed_in(db, role, role, clock())
            return await stack.enter_async_context(browser(app, {"fleetwatch": token}))

        yield enter


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncGenerator[httpx.AsyncClient]:
    async with browser(app, {}) as client:
        yield client


@pytest.fixture
async def server(app: FastAPI) -> AsyncGenerator[ConsoleServer]:
    served = ConsoleServer(app, host="127.0.0.1", port=0)
    task = asyncio.create_task(served.serve())
    await eventually(lambda: served.started)
    yield served
    served.should_exit = True
    await task


def address_of(server: ConsoleServer) -> str:
    return f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"


async def eventually(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110 the server has nothing to wait for
        await asyncio.sleep(0.01)


def browser(app: FastAPI, cookies: dict[str, str]) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=SAME_ORIGIN, cookies=cookies)


async def signed_in(db: Database, username: str, role: Role, now: datetime) -> str:
    """The token of a session of a user, who is made if need be. His password is not usable."""
    token = secrets.token_urlsafe(16)
    async with db.transaction() as tx:
        found = await users.by_name(tx, username)
        user_id = found[0].id if found else await users.add(tx, username, "no hash", role, must_change=False, now=now)
        await sessions.add(tx, token_hash(token), user_id, now + timedelta(hours=12), now)
    return token
