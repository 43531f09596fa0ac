"""From a post to its reply, both as the sandbox's ledgers saw them, at a steady rate."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path

from bench.idle import wait_until_idle
from bench.ledgers import read_sandbox
from bench.rig import Sandbox, fleet, machine, sandbox
from classifier.faq import load_articles
from config.load import ROOT, load_settings
from domain.people import PLATFORMS, Platform
from storage.db import Database

ROOMS = 20
"""Rooms a platform: Telegram allows 20 replies a minute in each."""
PLENTY = 1_000_000
PATIENCE_S = 120.0


def main(argv: Sequence[str]) -> int:
    """0 when every answered post was answered once."""
    parser = argparse.ArgumentParser(prog="fleetwatch bench latency", description=__doc__)
    parser.add_argument("--rate", type=float, default=5.0, help="posts a second over the three platforms")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    with tempfile.TemporaryDirectory(prefix="fleetwatch-latency-") as folder:
        posts, waits = run(Path(folder), wanted.rate, wanted.seconds)
    rows = {name: _row(waits[name]) for name in PLATFORMS} | {"all": _row([one for some in waits.values() for one in some])}
    facts = {"rate": wanted.rate, "posts": posts, "machine": machine(), "seconds_to_reply": rows}
    print(json.dumps(facts) if wanted.json else _render(facts, rows))
    return 0


def run(data_dir: Path, rate: float, seconds: float) -> tuple[int, dict[Platform, list[float]]]:
    """Number of posts, and seconds from post to reply by platform."""
    with sandbox(data_dir) as platforms:
        places = _prepare(platforms)
        with fleet(data_dir, platforms.environment()) as running:
            posts = _post(platforms, places, rate, seconds)
            asyncio.run(_rest(data_dir))
            running.stop()
            return posts, _waits(platforms)


def _prepare(platforms: Sandbox) -> dict[Platform, list[dict[str, str]]]:
    """Rooms to post in. X counts replies in quarter hours, which a benchmark would exhaust at once."""
    platforms.control("POST", "/x/_control/limits", {"POST /2/tweets": PLENTY})
    rooms = range(ROOMS)
    places: dict[Platform, list[dict[str, str]]] = {"x": [{}]}
    for platform in ("telegram", "discord"):
        made = [platforms.control("POST", f"/{platform}/_control/channels", {"name": f"support-{room}"}) for room in rooms]
        places[platform] = [{"channel": room["id"]} for room in made]
    return places


def _questions() -> Iterator[str]:
    """The FAQ's own English questions: what is measured is the way, not the understanding."""
    articles = load_articles(ROOT / load_settings().files.faq)
    return cycle([question for article in articles for question in article.questions.get("en", ())])


def _post(platforms: Sandbox, places: Mapping[Platform, Sequence[dict[str, str]]], rate: float, seconds: float) -> int:
    """One post every 1/rate seconds, each by somebody else."""
    began, number = time.monotonic(), 0
    for number, question in enumerate(islice(_questions(), int(rate * seconds)), start=1):
        time.sleep(max(0.0, began + number / rate - time.monotonic()))
        platform = PLATFORMS[number % len(PLATFORMS)]
        person = {"username": f"asker{number}", "display_name": f"Asker {number}", "created_days_ago": 900}
        author = platforms.control("POST", f"/{platform}/_control/people", person)["id"]
        place = places[platform][number // len(PLATFORMS) % len(places[platform])]
        text = f"@KestrelHelp {question}" if platform == "x" else f"Kestrel: {question}"
        platforms.control("POST", f"/{platform}/_control/posts", {"author": author, "text": text, **place})
    return number


async def _rest(data_dir: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{data_dir / 'fleetwatch.sqlite3'}")
    try:
        await wait_until_idle(database, patience_s=PATIENCE_S)
    finally:
        await database.close()


def _waits(platforms: Sandbox) -> dict[Platform, list[float]]:
    entries = read_sandbox(platforms.url)
    waits: dict[Platform, list[float]] = {}
    for platform in PLATFORMS:
        posted = {entry["id"]: float(entry["at"]) for entry in entries[platform] if entry["kind"] == "posted"}
        replies = [entry for entry in entries[platform] if entry["kind"] == "replied" and entry["reply_to"] in posted]
        waits[platform] = [float(reply["at"]) - posted[reply["reply_to"]] for reply in replies]
    return waits


def _row(waits: Sequence[float]) -> dict[str, float]:
    if len(waits) < 2:
        return {"replies": len(waits)}
    centiles = statistics.quantiles(waits, n=100, method="inclusive")
    return {"replies": len(waits), "median": round(centiles[49], 3), "p99": round(centiles[98], 3)}


def _render(facts: Mapping[str, object], rows: Mapping[str, Mapping[str, float]]) -> str:
    lines = [
        f"{facts['posts']} posts at {facts['rate']}/s · {facts['machine']}",
        f"{'':<10}{'replies':>9}{'median s':>10}{'p99 s':>9}",
    ]
    shown = ("replies", "median", "p99")
    lines += [
        f"{name:<10}" + "".join(f"{row.get(key, '-'):>{9 if key != 'median' else 10}}" for key in shown)
        for name, row in rows.items()
    ]
    return "\n".join(lines)
