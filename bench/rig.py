"""A sandbox and a fleet, each in a process of its own, as a user would start them."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from config.load import ROOT
from domain.errors import FleetwatchError
from domain.people import PLATFORMS

START_S = 120.0
STOP_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """A running sandbox. `setup` is what a client needs to connect to each platform."""

    url: str
    setup: Mapping[str, Mapping[str, str]]

    def control(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """One call of the control API, for example `("POST", "/x/_control/posts", {...})`."""
        connection = HTTPConnection(urlsplit(self.url).netloc, timeout=30)
        try:
            connection.request(method, path, json.dumps(body or {}), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        if answer.status >= 400:
            raise FleetwatchError(f"The sandbox refused {method} {path}: {content[:200]!r}.")
        return cast("dict[str, Any]", json.loads(content)) if content else {}

    def environment(self) -> dict[str, str]:
        """The variables by which any user points the fleet at an address and gives it tokens."""
        facts = {f"{platform}__{name}": value for platform, access in self.setup.items() for name, value in access.items()}
        return {f"FLEETWATCH_{name}".upper(): str(value) for name, value in facts.items()} | {"FLEETWATCH_X__POLL_S": "2"}


@contextmanager
def sandbox(data_dir: Path) -> Generator[Sandbox]:
    """A sandbox that outlives killed fleets. Its ledgers go to `data_dir`/sandbox, where `bench ledgers` looks for them."""
    command = [sys.executable, "-m", "sandbox", "--data", str(data_dir / "sandbox"), "--parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        line = process.stdout.readline() if process.stdout else b""
        if not line:
            raise FleetwatchError("The sandbox did not start; `./fleetwatch sandbox --data DIR` shows why.")
        ready = json.loads(line)
        try:
            yield Sandbox(url=ready["url"], setup=ready["setup"])
        finally:
            process.terminate()


@dataclass(slots=True)
class Fleet:
    """`fleetwatch up` in a process group of its own, on `data_dir`, against a sandbox."""

    data_dir: Path
    environment: Mapping[str, str]
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self) -> None:
        """Returns as soon as the process runs; see `wait_until_listening`."""
        with (self.data_dir / "up.out").open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "up", "--port", "0", "--data-dir", str(self.data_dir)],
                cwd=ROOT,
                env=os.environ | self.environment,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def go_live(self) -> None:
        self.command("live")

    def kill(self) -> None:
        """SIGKILL to the whole process group, unless it has ended by itself."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self) -> int:
        """As Ctrl-C does. Returns the exit status."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(STOP_S)

    def status(self) -> dict[str, Any]:
        """Raises FleetwatchError while there is no database yet."""
        answer = self.command("status", "--json")
        return cast("dict[str, Any]", json.loads(answer))

    def command(self, *arguments: str) -> str:
        ran = subprocess.run(
            [sys.executable, "-m", "cli.main", *arguments, "--data-dir", str(self.data_dir)],
            cwd=ROOT,
            env=os.environ | self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode:
            raise FleetwatchError(f"{arguments[0]}: {ran.stderr.strip()}")
        return ran.stdout

    def wait_until_listening(self) -> None:
        """Every platform's listener is connected. Raises FleetwatchError when that takes too long."""
        self._wait(lambda: all(self._listener(platform) == "connected" for platform in PLATFORMS), "did not connect")

    def _listener(self, platform: str) -> str:
        return self.status()["listeners"].get(platform, {}).get("state", "")

    def _wait(self, done: Any, problem: str) -> None:
        deadline = time.monotonic() + START_S
        while time.monotonic() < deadline:
            if self.process is not None and self.process.poll() is not None:
                lines = (self.data_dir / "up.out").read_text(encoding="utf-8").splitlines()
                raise FleetwatchError(f"The fleet ended at once: {lines[-1] if lines else 'without a word'}")
            try:
                if done():
                    return
            except FleetwatchError:
                time.sleep(0.2)  # no database yet
            time.sleep(0.3)
        raise FleetwatchError(f"The fleet {problem} within {START_S:.0f} s; see {self.data_dir / 'up.out'}.")


@contextmanager
def fleet(data_dir: Path, environment: Mapping[str, str]) -> Generator[Fleet]:
    """Live on all three platforms, and gone at the end of the block."""
    running = Fleet(data_dir, environment)
    running.start()
    try:
        running.wait_until_listening()
        running.go_live()
        yield running
    finally:
        running.kill()


def machine() -> str:
    """Where and when a figure was measured."""
    model = next((line.split(":", 1)[1].strip() for line in _cpuinfo() if line.startswith("model name")), "unknown processor")
    return f"{os.cpu_count()} cores of {model}, Python {sys.version.split()[0]}, {time.strftime('%Y-%m-%d', time.gmtime())}"


def _cpuinfo() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
