"""An X sandbox on a real socket, and what tests ask of it."""

import asyncio
import json
import socket
import threading
import urllib.request
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Mount

from platforms.x import XAccess
from sandbox import brand
from sandbox.ledger import Ledger
from sandbox.x import create_app
from sandbox.x.world import Fault, XWorld

BOT = f"@{brand.X_BOT_USERNAME}"


@dataclass(frozen=True, slots=True, kw_only=True)
class XRig:
    """`world` is for faults and for looking; changes go through the control API, as everybody's do."""

    base_url: str
    world: XWorld
    ledger: Ledger

    def control(self, method: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own loopback server
            f"{self.base_url}/_control{path}", json.dumps(body).encode(), {"Content-Type": "application/json"}, method=method
        )
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return json.loads(answer.read())

    def person(self, username: str, **facts: object) -> str:
        return str(self.control("POST", "/people", {"username": username, "display_name": username, **facts})["id"])

    def post(self, username: str, text: str, **facts: object) -> str:
        """Post as a person, who is made first if need be. Returns the post's id."""
        return str(self.control("POST", "/posts", {"author": self.person(username), "text": text, **facts})["id"])

    def fault(self, fault: Fault) -> None:
        self.world.faults.append(fault)

    def kinds(self, kind: str) -> list[dict[str, Any]]:
        return [entry for entry in self.ledger.entries() if entry["kind"] == kind]

    def delivered(self) -> set[str]:
        return {post_id for entry in self.kinds("delivered") for post_id in entry["ids"]}

    def access(self, **changes: Any) -> XAccess:
        return access(self.base_url, **changes)


def access(base_url: str, **changes: Any) -> XAccess:
    settings: dict[str, Any] = {
        "base_url": base_url,
        "bearer_token": brand.X_BEARER_TOKEN,
        "consumer_key": brand.X_CONSUMER_KEY,
        "consumer_secret": brand.X_CONSUMER_SECRET,
        "access_token": brand.X_ACCESS_TOKEN,
        "access_token_secret": brand.X_ACCESS_TOKEN_SECRET,
        "poll_s": 0.05,
    }
    return XAccess(**(settings | changes))


async def until(true: Callable[[], bool]) -> None:
    """Wait for something another thread or task does; the test's own timeout is the limit."""
    while not true():  # noqa: ASYNC110 - a server in a thread has no event to give
        await asyncio.sleep(0.01)


@contextmanager
def x_sandbox(port: int = 0) -> Generator[XRig]:
    listening = socket.create_server(("127.0.0.1", port))
    base_url = f"http://127.0.0.1:{listening.getsockname()[1]}/x"
    ledger = Ledger()
    app = create_app(ledger, base_url)
    config = uvicorn.Config(
        Starlette(routes=[Mount("/x", app)]),
        log_level="error",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    try:
        yield XRig(base_url=base_url, world=app.state.world, ledger=ledger)
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()
