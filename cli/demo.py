"""Starts the sandbox platforms and the scenario, for a fleet that has no platform tokens yet."""

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.load import ROOT
from config.settings import Discord, Settings, Telegram, X
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
        return settings.model_copy(
            update={
                "x": X.model_validate(settings.x.model_dump() | self.setup["x"] | {"poll_s": POLL_S}),
                "telegram": Telegram.model_validate(settings.telegram.model_dump() | self.setup["telegram"]),
                "discord": Discord.model_validate(settings.discord.model_dump() | self.setup["discord"]),
            }
        )

    def play(self, speed: float | None) -> None:
        command = [sys.executable, "-m", "sandbox.player", "--url", self.url, "--scenario", str(SCENARIO)]
        self.player = subprocess.Popen(
            command + (["--speed", str(speed)] if speed else []), cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )


@contextmanager
def sandbox(data_dir: Path) -> Generator[Sandbox]:
    """Stops with the block, and by itself when this process dies: it watches its standard input."""
    command = [sys.executable, "-m", "sandbox", "--data", str(data_dir), "--parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        running = _ready(process)
        try:
            yield running
        finally:
            for child in filter(None, (running.player, process)):
                child.terminate()
                child.wait(STOP_S)


def _ready(process: "subprocess.Popen[bytes]") -> Sandbox:
    """Waits for the one line that a sandbox prints as soon as it answers."""
    line = process.stdout.readline() if process.stdout else b""
    if not line:
        raise FleetwatchError("The sandbox did not start; `./fleetwatch sandbox --data DIR` shows why.")
    ready = json.loads(line)
    return Sandbox(url=ready["url"], setup=ready["setup"])
