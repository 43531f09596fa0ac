"""The stream of live updates, over a real server."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from console import live
from console.server import ConsoleServer
from storage import sessions
from storage.db import Database
from tests.console.conftest import Clock, address_of, eventually, signed_in
from tests.console.seed import Post, ask, post, reply


@asynccontextmanager
async def stream(server: ConsoleServer, token: str) -> AsyncGenerator[AsyncIterator[str]]:
    async with (
        httpx.AsyncClient(base_url=address_of(server), cookies={"fleetwatch": token}, timeout=20) as client,
        client.stream("GET", "/events") as answer,
    ):
        yield answer.aiter_text()


async def until(chunks: AsyncIterator[str], text: str) -> str:
    """Everything received up to and including `text`; fails when the stream ends before."""
    received = ""
    async for chunk in chunks:
        received += chunk
        if text in received:
            return received
    raise AssertionError(f"the stream ended without {text!r}: {received!r}")


async def test_a_new_item_is_told_to_every_open_page(server: ConsoleServer, db: Database, clock: Clock) -> None:
    token = await signed_in(db, "ann", "viewer", clock())
    async with stream(server, token) as one, stream(server, token) as two:
        await until(one, "event: queue")
        await until(two, "event: queue")
        await post(db, Post(name="P", text="t"), clock(), decision=ask("reply", 0.5, reply("x")))
        assert '"waiting": 1' in await until(one, '"waiting": 1')
        assert '"waiting": 1' in await until(two, '"waiting": 1')


async def test_a_page_that_left_is_forgotten(server: ConsoleServer, app: FastAPI, db: Database, clock: Clock) -> None:
    token = await signed_in(db, "ann", "viewer", clock())
    async with stream(server, token) as answer:
        await until(answer, "event: counts")
        assert app.state.console.live.watching == 1
    await eventually(lambda: app.state.console.live.watching == 0)


async def test_a_shutdown_does_not_wait_for_open_pages(server: ConsoleServer, db: Database, clock: Clock) -> None:
    token = await signed_in(db, "ann", "viewer", clock())
    async with stream(server, token) as answer:
        await until(answer, "event: counts")
        server.should_exit = True
        async for _ in answer:
            pass


async def test_a_revoked_session_ends_its_stream(server: ConsoleServer, app: FastAPI, db: Database, clock: Clock) -> None:
    app.state.console.live.ping_s = 0.1
    token = await signed_in(db, "ann", "viewer", clock())
    async with stream(server, token) as answer:
        await until(answer, live.PING)
        async with db.transaction() as tx:
            await sessions.revoke_user(tx, 1)
        async for _ in answer:
            pass


async def test_a_slow_page_holds_only_the_newest(app: FastAPI) -> None:
    hub: live.Live = app.state.console.live
    chunks = hub.stream()
    await anext(chunks)
    for number in range(1000):
        hub._push({"counts": str(number)})  # pyright: ignore[reportPrivateUsage]
    assert await anext(chunks) == "event: counts\ndata: 999\n\n"
    await chunks.aclose()
    assert hub.watching == 0
