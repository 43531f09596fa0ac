"""A local Discord on a real port, and a hand on its control API."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from platforms.discord import DiscordAccess
from sandbox import brand
from sandbox.discord import create_app
from sandbox.ledger import Ledger

SEND_ROUTE = "POST /channels/{channel_id}/messages"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rig:
    url: str
    ledger: Ledger
    http: aiohttp.ClientSession

    def access(self, **changes: Any) -> DiscordAccess:
        facts: dict[str, Any] = {"base_url": self.url, "token": brand.DISCORD_TOKEN}
        return DiscordAccess(**facts | changes)

    async def control(self, method: str, path: str, **body: Any) -> dict[str, Any]:
        async with self.http.request(method, f"{self.url}/_control{path}", json=body) as answer:
            answer.raise_for_status()
            return await answer.json()

    async def person(self, name: str, **facts: Any) -> str:
        return (
            await self.control("POST", "/people", username=name, **{"display_name": name.title(), "kind": "person"} | facts)
        )["id"]

    async def post(self, author: str, text: str, **facts: Any) -> str:
        return (await self.control("POST", "/posts", author=author, text=text, **facts))["id"]

    async def api(self, method: str, path: str, **options: Any) -> tuple[int, Any, dict[str, str]]:
        headers = {"Authorization": f"Bot {brand.DISCORD_TOKEN}"}
        async with self.http.request(method, f"{self.url}{path}", headers=headers, **options) as answer:
            body = await answer.json() if answer.content_type == "application/json" else await answer.read()
            return answer.status, body, {name.lower(): value for name, value in answer.headers.items()}

    def entries(self, kind: str, **facts: Any) -> list[dict[str, Any]]:
        return [
            e for e in self.ledger.entries() if e["kind"] == kind and all(e.get(name) == fact for name, fact in facts.items())
        ]

    async def until(self, kind: str, count: int = 1, **facts: Any) -> None:
        """Wait for the ledger to hold so many entries like this."""
        for _ in range(3000):
            if len(self.entries(kind, **facts)) >= count:
                return
            await asyncio.sleep(0.01)
        raise AssertionError(f"the ledger never held {count} of {kind} {facts}")


@asynccontextmanager
async def running(**settings: Any) -> AsyncGenerator[Rig]:
    """Serve until the block ends. Identifying twice at once is allowed unless `settings` say otherwise."""
    listening = socket.create_server(("127.0.0.1", 0))
    # asyncio does this only for sockets it made itself; without it every answer waits 40 ms for a delayed acknowledgement.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/discord"
    ledger = Ledger()
    app = Starlette(routes=[Mount("/discord", create_app(ledger, url))])
    config = uvicorn.Config(app, log_level="warning", lifespan="off", ws="websockets-sansio", timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        async with aiohttp.ClientSession() as http:
            rig = Rig(url=url, ledger=ledger, http=http)
            await rig.control("POST", "/settings", **{"identify_every_s": 0} | settings)
            yield rig
    finally:
        server.should_exit = True
        await serving
