"""`fleetwatch up`: listeners, workers and console in one process, until Ctrl-C."""

import asyncio
import fcntl
import signal
import socket
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

from cli import demo
from cli.counts import show_counts
from cli.logs import log_to
from config.load import load_settings
from config.settings import Settings
from console.app import create_app
from console.bootstrap import ensure_first_user
from console.server import ConsoleServer
from domain.errors import ConfigError, FleetwatchError
from storage import listener_states, switches
from storage.db import Database
from workers.clock import new_reference, utc_now
from workers.fleet import Fleet
from workers.wiring import build_fleet, build_policy, configured, keep_models

LOOK_EVERY_S = 0.2


def run(*, port: int | None, speed: float | None, data_dir: Path) -> int:
    """Exit status 0 after a clean stop. Raises FleetwatchError for what the user must mend."""
    settings = _at_port(load_settings(), port)
    _make(data_dir)
    with ExitStack() as stack:
        stack.enter_context(_alone(data_dir))
        stack.enter_context(log_to(data_dir / "fleetwatch.log"))
        listening = stack.enter_context(_listen(settings))
        settings = _at_port(settings, listening.getsockname()[1])
        sandbox = None
        if not configured(settings):
            sandbox = stack.enter_context(demo.sandbox(data_dir / "sandbox"))
            settings = sandbox.connect(settings)
        asyncio.run(_Up(settings, data_dir, listening, sandbox, speed).run())
    return 0


class _Up:
    """One run of the fleet in the foreground."""

    def __init__(
        self, settings: Settings, data_dir: Path, listening: socket.socket, sandbox: "demo.Sandbox | None", speed: float | None
    ) -> None:
        self._settings = settings
        self._data_dir = data_dir
        self._database = Database(settings.storage.url_at(data_dir))
        self._listening = listening
        self._sandbox = sandbox
        self._speed = speed
        self._stop = asyncio.Event()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._stop.set)
        try:
            await self._database.migrate()
            await self._welcome()
            await self._serve()
        finally:
            await self._database.close()
        say("Stopped. Nothing is half done; the same command goes on from here.")

    async def _welcome(self) -> None:
        say(f"Console:     {self._settings.console.public_url}")
        login = await ensure_first_user(self._database, utc_now())
        say(f"First login: {login[0]} / {login[1]}  (you choose a new password then)" if login else "Sign in as before.")
        for platform in configured(self._settings):
            say(f"Listening:   {platform}" + (" (sandbox)" if self._sandbox else ""))

    async def _serve(self) -> None:
        policy = build_policy(self._settings)
        reference = partial(new_reference, self._settings.brand.ticket_prefix)
        server = ConsoleServer(create_app(self._settings, self._database, policy, clock=utc_now, new_reference=reference))
        tasks: list[asyncio.Task[Any]] = [asyncio.create_task(server.serve(sockets=[self._listening]))]
        try:
            models = await asyncio.to_thread(keep_models, self._settings, self._data_dir)
            fleet = build_fleet(self._settings, self._database, models)
            tasks.append(asyncio.create_task(fleet.run()))
            tasks.append(asyncio.create_task(show_counts(self._database)))
            tasks.append(asyncio.create_task(self._stop.wait()))
            tasks.append(asyncio.create_task(self._play(fleet)))
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            server.should_exit = True
            for task in tasks[1:]:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException) and not isinstance(result, asyncio.CancelledError):
                raise result

    async def _play(self, fleet: Fleet) -> None:
        """The sandbox's people talk once everybody listens; nothing is at stake there, so its platforms are live."""
        if self._sandbox is not None:
            await self._connected(fleet)
            async with self._database.transaction() as tx:
                for platform in fleet.listeners:
                    await switches.set_live(tx, platform, True, by="sandbox", now=utc_now())
            self._sandbox.play(self._speed)
        await self._stop.wait()

    async def _connected(self, fleet: Fleet) -> None:
        began = utc_now()
        while True:
            async with self._database.reading() as tx:
                states = [one for one in await listener_states.all(tx) if one.updated_at >= began]
            if {one.platform for one in states if one.state == "connected"} >= fleet.listeners.keys():
                return
            await asyncio.sleep(LOOK_EVERY_S)


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _at_port(settings: Settings, port: int | None) -> Settings:
    if port is None or port == settings.console.port:
        return settings
    console = settings.console.model_copy(update={"port": port, "public_url": f"http://{settings.console.host}:{port}"})
    return settings.model_copy(update={"console": console})


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FleetwatchError(f"{data_dir}: cannot be made ({error.strerror}); choose another --data-dir.") from None


@contextmanager
def _alone(data_dir: Path) -> Generator[IO[str]]:
    """Two fleets in one folder would both answer: the second is told so."""
    with (data_dir / "fleet.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise FleetwatchError(f"{data_dir}: another fleet runs here; stop it or choose another --data-dir.") from None
        yield lock


@contextmanager
def _listen(settings: Settings) -> Generator[socket.socket]:
    host, port = settings.console.host, settings.console.port
    try:
        listening = socket.create_server((host, port))
    except OSError as error:
        raise ConfigError(
            f"console.port: {host}:{port} cannot be used ({error.strerror}); choose another with --port."
        ) from None
    with listening:
        # asyncio does this only for sockets it made itself; without it every answer waits for the browser's delayed ACK.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield listening
