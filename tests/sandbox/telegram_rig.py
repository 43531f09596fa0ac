"""A real Telegram sandbox server on a real socket, and the people who speak in it."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import uvicorn
from starlette.responses import JSONResponse, Response
from telegram import Bot

from platforms.telegram import TelegramAccess
from sandbox.ledger import Ledger
from sandbox.telegram import TelegramWorld, create_app

GROUP = "-1002000000001"
TOKEN = "7000000001:sandbox"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    url: str
    world: TelegramWorld
    control: httpx.AsyncClient

    def access(self, **changes: Any) -> TelegramAccess:
        facts: dict[str, Any] = {"base_url": self.url, "token": TOKEN, "poll_timeout_s": 1}
        return TelegramAccess(**(facts | changes))

    def bot(self, token: str = TOKEN) -> Bot:
        """The client library as anybody would use it; an async context manager."""
        return Bot(token, base_url=f"{self.url}/bot", base_file_url=f"{self.url}/file/bot")

    async def do(self, method: str, path: str, **body: Any) -> Any:
        answer = await self.control.request(method, f"/_control{path}", json=body)
        answer.raise_for_status()
        return answer.json()

    async def person(self, username: str = "ann", **facts: Any) -> str:
        body = {"username": username, "display_name": username.title(), "kind": "person"}
        return (await self.do("POST", "/people", **(body | facts)))["id"]

    async def post(self, author: str, text: str, **facts: Any) -> str:
        return (await self.do("POST", "/posts", author=author, text=text, **facts))["id"]

    async def ask(self, method: str, **parameters: Any) -> Any:
        """The raw answer of one Bot API method, refusals included."""
        return (await self.control.post(f"/bot{TOKEN}/{method}", json=parameters)).json()

    def entries(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.world.ledger.entries() if entry["kind"] == kind]


@asynccontextmanager
async def telegram_sandbox() -> AsyncGenerator[Rig]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        app = create_app(Ledger(), url)
        world: TelegramWorld = app.state.world
        config = uvicorn.Config(app, log_level="critical", lifespan="off", timeout_graceful_shutdown=1)
        server = uvicorn.Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        await until(lambda: server.started)
        try:
            async with httpx.AsyncClient(base_url=url, timeout=10) as control:
                yield Rig(url=url, world=world, control=control)
        finally:
            # A newer poll ends the one that a stopped client left waiting.
            await world.queue.poll(0, 1, 0)
            server.should_exit = True
            await serving


async def until(condition: Callable[[], bool]) -> None:
    while not condition():  # noqa: ASYNC110
        await asyncio.sleep(0.005)  # what is waited for has no event to offer


def refusing(status: int, description: str = "no", **parameters: int) -> Callable[..., Any]:
    """A fault: refused before anything happens."""

    async def fault(_: Callable[[], Any]) -> Response:
        body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
        return JSONResponse(body | ({"parameters": parameters} if parameters else {}), status_code=status)

    return fault


def failing_after_effect(status: int = 500) -> Callable[..., Any]:
    """A fault: done, but the answer is an error."""

    async def fault(perform: Callable[[], Any]) -> Response:
        await perform()
        return Response("proxy page", status_code=status)

    return fault
