"""The whole fleet is killed again and again while a scenario plays; then the ledgers are compared."""

import argparse
import asyncio
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench import ledgers
from bench.comparing import Report, compare
from bench.idle import wait_until_idle
from bench.rig import Fleet, Sandbox, fleet, machine, sandbox
from bench.tongues import Tongues
from classifier.faq import load_articles
from config.load import ROOT, load_phrases, load_settings
from domain.people import PLATFORMS
from storage.db import Database

PATIENCE_S = 240.0


def main(argv: Sequence[str]) -> int:
    """0 when nothing was lost or doubled, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="fleetwatch bench kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--speed", type=float, default=200.0, help="scenario seconds a second")
    parser.add_argument("--scenario", type=Path, default=ROOT / "sandbox" / "scenarios" / "kestrel_day.toml")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fleetwatch-kills-") as folder:
        report, lives = run(Path(folder), wanted)
    facts = {"kills": len(lives) - 1, "seed": wanted.seed, "lives_s": [round(life, 1) for life in lives], "machine": machine()}
    if wanted.json:
        print(json.dumps(facts | {"ok": report.ok, **asdict(report)}, ensure_ascii=False))
    else:
        print(f"{facts['kills']} kills (seed {wanted.seed}), seconds between them: {facts['lives_s']}")
        print(f"{facts['machine']}\n\n{ledgers.render(report)}")
    return 0 if report.ok else 1


def run(data_dir: Path, wanted: argparse.Namespace) -> tuple[Report, list[float]]:
    """The comparison after the fleet came to rest, and how long it lived between the kills."""
    with sandbox(data_dir) as platforms, fleet(data_dir, platforms.environment()) as running:
        lives = _kill_often(platforms, running, wanted)
        database = f"sqlite+aiosqlite:///{data_dir / 'fleetwatch.sqlite3'}"
        asyncio.run(_rest(database))
        running.stop()
        entries = ledgers.read_sandbox(platforms.url)
        stored = asyncio.run(ledgers.read_stored(database))
    files = load_settings().files
    tongues = Tongues(load_articles(ROOT / files.faq), load_phrases(ROOT / files.replies))
    return compare({platform: entries[platform] for platform in PLATFORMS}, entries["notes"], stored, tongues.of), lives


def _kill_often(platforms: Sandbox, running: Fleet, wanted: argparse.Namespace) -> list[float]:
    """Kill at random moments until there were enough kills and the scenario is over."""
    chance = random.Random(wanted.seed)
    play = ["--url", platforms.url, "--scenario", str(wanted.scenario), "--speed", str(wanted.speed)]
    command = [sys.executable, "-m", "sandbox.player", *play]
    player = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    lives: list[float] = []
    while len(lives) < wanted.kills:
        life = chance.uniform(0.5, 16.0)
        time.sleep(life)
        running.kill()
        lives.append(life)
        running.start()
    began = time.monotonic()
    player.wait()
    running.wait_until_listening()
    return [*lives, time.monotonic() - began]


async def _rest(url: str) -> None:
    database = Database(url)
    try:
        if not await wait_until_idle(database, patience_s=PATIENCE_S):
            print(f"the fleet did not come to rest within {PATIENCE_S:.0f} s", file=sys.stderr)
    finally:
        await database.close()
