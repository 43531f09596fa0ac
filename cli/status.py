"""`fleetwatch status`: counts and listeners, read from the data folder beside a running or stopped fleet."""

import asyncio
import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.counts import describe
from cli.fleet_database import open_database
from domain.records import Counts
from storage import audit, counts, listener_states, switches


def run(data_dir: Path, as_json: bool) -> int:
    totals, listeners, model = asyncio.run(_read(data_dir))
    if as_json:
        sys.stdout.write(json.dumps(asdict(totals) | {"listeners": listeners, "model": model}, indent=2) + "\n")
        return 0
    sys.stdout.write(describe(totals) + f" · unknown {totals.unknown}\n")
    for platform, facts in listeners.items():
        mode = "live" if facts["live"] else "shadow"
        sys.stdout.write(f"{platform:9} {facts['state']:10} {mode}{' KILLED' if facts['killed'] else ''}  {facts['detail']}\n")
    if model:
        sys.stdout.write(f"model     {model['version']}  {model['problem']}\n")
    return 0


async def _read(data_dir: Path) -> tuple[Counts, dict[str, dict[str, Any]], dict[str, str] | None]:
    async with open_database(data_dir) as database, database.reading() as tx:
        totals = await counts.totals(tx)
        modes = {switch.platform: switch for switch in await switches.all(tx)}
        listeners: dict[str, dict[str, Any]] = {}
        for one in await listener_states.all(tx):
            switch = modes.get(one.platform)
            listeners[one.platform] = {
                "state": one.state,
                "detail": one.detail,
                "last_contact_at": one.last_contact_at.isoformat() if one.last_contact_at else None,
                "updated_at": one.updated_at.isoformat(),
                "live": bool(switch and switch.live),
                "killed": bool(switch and switch.killed),
            }
        noted = await audit.last(tx, audit.MODEL_VERBS)
        model = {"version": noted.subject, "problem": noted.detail} if noted else None
    return totals, listeners, model
