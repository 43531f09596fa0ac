"""Starts the sandbox platforms and the scenario, for a fleet that has no platform tokens yet."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.load import ROOT
from config.settings import Settings
from domain.errors import FleetwatchError

SCENARIO = ROOT / "sandbox" / "scenarios" / "kestrel_day.toml"
POLL_S = 2.0
STOP_S = 5.0


@dataclass(slots=True)
class Sandbox:
    """A running sandbox process and, once `play` was called, its player."""

    url: str
    setup: dict[str, dict[str, Any]]
    player: "subprocess.Popen[bytes] | None" = None

    def connect(self, settings: Settings) -> Settings:
        """The same settings, pointed at the sandbox as if at any other address."""
        platforms = {name: getattr(settings, name) for name in self.setup}
        return settings.model_copy(
            update={
                name: type(section).model_validate(section.model_dump() | self.setup[name] | self._pace(name))
                for name, section in platforms.items()
            }
        )

    @staticmethod
    def _pace(name: str) -> dict[str, Any]:
        return {"poll_s": POLL_S} if name == "x" else {}

    def play(self, speed: float | None) -> None:
        command = [sys.executable, "-m", "sandbox.player", "--url", self.url, "--scenario", str(SCENARIO)]
        self.player = subprocess.Popen(
            command + (["--speed", str(speed)] if speed else []), cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )


@contextmanager
def sandbox(data_dir: Path) -> Iterator[Sandbox]:
    """Stops with the block, and by itself when this process dies: it watches its standard input."""
    process = subprocess.Popen(
        [sys.executable, "-m", "sandbox", "--data", str(data_dir), "--parent"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise FleetwatchError("The sandbox did not start; `./fleetwatch sandbox` shows why.")
    ready = json.loads(line)
    running = Sandbox(url=ready["url"], setup=ready["setup"])
    try:
        yield running
    finally:
        for child in filter(None, (running.player, process)):
            child.terminate()
            child.wait(STOP_S)
