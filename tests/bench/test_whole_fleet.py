"""The whole fleet as a user starts it, against the sandbox over real sockets, killed in the middle of a scenario."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from bench import ledgers
from bench.comparing import compare
from bench.idle import wait_until_idle
from bench.rig import Fleet, Sandbox, fleet, sandbox
from config.load import ROOT
from domain.people import PLATFORMS
from storage.db import Database

pytestmark = pytest.mark.timeout(300)

CALM_HOUR = ROOT / "sandbox" / "scenarios" / "calm_hour.toml"


@pytest.fixture
def platforms(tmp_path: Path) -> Generator[Sandbox]:
    with sandbox(tmp_path) as running:
        yield running


def play(platforms: Sandbox, speed: str) -> "subprocess.Popen[bytes]":
    command = [sys.executable, "-m", "sandbox.player", "--url", platforms.url, "--scenario", str(CALM_HOUR)]
    return subprocess.Popen([*command, "--speed", speed], cwd=ROOT, stdout=subprocess.DEVNULL)


async def settle(database_url: str) -> None:
    database = Database(database_url)
    try:
        assert await wait_until_idle(database, patience_s=150), "the fleet did not come to rest"
    finally:
        await database.close()


def stop_and_compare(running: Fleet, platforms: Sandbox, data_dir: Path) -> Any:
    url = f"sqlite+aiosqlite:///{data_dir / 'fleetwatch.sqlite3'}"
    asyncio.run(settle(url))
    assert running.stop() == 0
    entries = ledgers.read_sandbox(platforms.url)
    stored = asyncio.run(ledgers.read_stored(url))
    return compare({name: entries[name] for name in PLATFORMS}, entries["notes"], stored, lambda _: None)


def test_nothing_is_lost_or_doubled_when_the_fleet_is_killed(platforms: Sandbox, tmp_path: Path) -> None:
    with fleet(tmp_path, platforms.environment()) as running:
        player = play(platforms, speed="300")
        for _ in range(2):
            time.sleep(3)
            running.kill()
            running.start()
        assert player.wait() == 0
        running.wait_until_listening()
        report = stop_and_compare(running, platforms, tmp_path)
    assert {name: found for name, found in report.faults.items() if found} == {}
    assert sum(report.emitted.values()) >= 15
    assert sum(report.replies.values()) >= 1


def test_in_shadow_mode_nothing_is_posted_and_everything_is_decided(platforms: Sandbox, tmp_path: Path) -> None:
    running = Fleet(tmp_path, platforms.environment())
    running.start()
    try:
        running.wait_until_listening()
        assert play(platforms, speed="max").wait() == 0
        report = stop_and_compare(running, platforms, tmp_path)
        status = running.status()
    finally:
        running.kill()
    assert sum(report.replies.values()) == 0
    assert (status["heard"] > 15, status["shadowed"] > 0, status["answered"]) == (True, True, 0)
