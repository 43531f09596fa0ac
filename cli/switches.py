"""`fleetwatch live|shadow|kill`: the switches of the console's fleet page, from the command line."""

import asyncio
import getpass
import sys
from collections.abc import Sequence
from pathlib import Path

from cli.fleet_database import open_database
from domain.people import Platform
from storage import audit, switches
from storage.db import Tx
from workers.clock import utc_now


def run(verb: str, platforms: Sequence[Platform], data_dir: Path) -> int:
    asyncio.run(_switch(verb, platforms, data_dir))
    sys.stdout.write(f"{', '.join(platforms)}: {verb}\n")
    return 0


async def _switch(verb: str, platforms: Sequence[Platform], data_dir: Path) -> None:
    actor = f"{getpass.getuser()} (command line)"
    async with open_database(data_dir) as database, database.transaction() as tx:
        await switches.ensure(tx, platforms, utc_now())
        for platform in platforms:
            await _set(tx, verb, platform, actor)
            await audit.add(tx, actor=actor, verb=verb, subject=f"platform:{platform}", detail="", now=utc_now())


async def _set(tx: Tx, verb: str, platform: Platform, actor: str) -> None:
    """`live` and `shadow` also lift the kill switch: each names the whole state wanted."""
    killed = verb == "kill"
    await switches.set_killed(tx, platform, killed, by=actor, now=utc_now())
    if not killed:
        await switches.set_live(tx, platform, verb == "live", by=actor, now=utc_now())
