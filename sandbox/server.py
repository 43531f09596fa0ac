"""The three local platforms behind one address."""

import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from sandbox import brand, discord, telegram, x
from sandbox.ledger import Ledger

PLATFORMS = {"x": x.create_app, "telegram": telegram.create_app, "discord": discord.create_app}
_GRACE_S = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The app and the ledgers it writes: one for each platform, and `notes` for what a player tells about its scenario."""

    app: Starlette
    ledgers: dict[str, Ledger]
    hang_up: Callable[[], None]
    """Ends what would keep the server from stopping."""

    def close(self) -> None:
        for ledger in self.ledgers.values():
            ledger.close()


def build(url: str, data_dir: Path | None = None) -> Sandbox:
    """The sandbox as it will be reached at `url`. Ledgers go to `data_dir`/<name>.jsonl, or stay in memory."""
    if data_dir:
        data_dir.mkdir(parents=True, exist_ok=True)
    names = (*PLATFORMS, "notes")
    ledgers = {name: Ledger(data_dir / f"{name}.jsonl" if data_dir else None) for name in names}
    apps = {name: create(ledgers[name], f"{url}/{name}") for name, create in PLATFORMS.items()}
    mounts = [Mount(f"/{name}", app) for name, app in apps.items()]
    return Sandbox(
        app=Starlette(routes=[*_control(url, ledgers["notes"]), *mounts]),
        ledgers=ledgers,
        hang_up=apps["telegram"].state.world.queue.hang_up,
    )


def setup(url: str) -> dict[str, dict[str, Any]]:
    """What a client needs to connect to each platform of the sandbox at `url`."""
    return {
        "x": {
            "base_url": f"{url}/x",
            "bearer_token": brand.X_BEARER_TOKEN,
            "consumer_key": brand.X_CONSUMER_KEY,
            "consumer_secret": brand.X_CONSUMER_SECRET,
            "access_token": brand.X_ACCESS_TOKEN,
            "access_token_secret": brand.X_ACCESS_TOKEN_SECRET,
        },
        "telegram": {"base_url": f"{url}/telegram", "token": brand.TELEGRAM_TOKEN},
        "discord": {"base_url": f"{url}/discord", "token": brand.DISCORD_TOKEN},
    }


def serve(*, host: str, port: int, data_dir: Path, watch_stdin: bool) -> None:
    """Serve until SIGTERM, SIGINT or, with `watch_stdin`, the end of standard input. Raises OSError when the port is taken."""
    listening = socket.create_server((host, port))
    # asyncio does this only for sockets it made itself; without it every answer waits for the client's delayed ACK.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    url = f"http://{host}:{listening.getsockname()[1]}"
    sandbox = build(url, data_dir)
    config = uvicorn.Config(
        sandbox.app,
        log_level="warning",
        access_log=False,
        ws="websockets-sansio",
        lifespan="off",
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config, json.dumps({"url": url, "setup": setup(url)}), sandbox.hang_up)
    if watch_stdin:
        threading.Thread(target=_stop_at_end_of_stdin, args=(server,), daemon=True).start()
    # uvicorn raises the signal that stopped it once more when it is done; being asked to stop is no failure here.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _let_pass)
    try:
        server.run(sockets=[listening])
    finally:
        sandbox.close()


class _Server(uvicorn.Server):
    """Prints one line on standard output as soon as it answers, and lets nobody wait when it stops."""

    def __init__(self, config: uvicorn.Config, ready_line: str, hang_up: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready_line = ready_line
        self._hang_up = hang_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        sys.stdout.write(self._ready_line + "\n")
        sys.stdout.flush()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hang_up()
        await super().shutdown(sockets)


def _let_pass(_number: int, _frame: FrameType | None) -> None:
    """A signal that uvicorn has already acted on."""


def _stop_at_end_of_stdin(server: uvicorn.Server) -> None:
    # os.read, because a thread blocked inside sys.stdin would hold its lock when the interpreter ends.
    while os.read(sys.stdin.fileno(), 4096):
        pass
    server.should_exit = True


def _control(url: str, notes: Ledger) -> list[Route]:
    def health(_: Request) -> JSONResponse:
        return JSONResponse({"ok": True})

    def connection(_: Request) -> JSONResponse:
        return JSONResponse(setup(url))

    async def add_note(request: Request) -> JSONResponse:
        note = await request.json()
        notes.append(note.pop("kind"), **note)
        return JSONResponse({"ok": True})

    def read_notes(request: Request) -> JSONResponse:
        return JSONResponse({"entries": notes.entries(int(request.query_params.get("after", 0)))})

    return [
        Route("/_control/health", health),
        Route("/_control/setup", connection),
        Route("/_control/notes", add_note, methods=["POST"]),
        Route("/_control/notes", read_notes),
    ]
