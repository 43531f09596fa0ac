"""The live counts in the terminal."""

import asyncio
import sys
from dataclasses import asdict

from domain.records import Counts
from storage import counts
from storage.db import Database

SHOWN = {
    "heard": "heard",
    "answered": "answered",
    "tickets": "tickets",
    "flagged": "flagged",
    "waiting": "waiting for review",
    "failed": "failed",
}
EVERY_S = 1.0
QUIET_EVERY_S = 5.0
"""How often a line is written when the output is not a terminal."""


async def show_counts(database: Database) -> None:
    """One line that is written over in a terminal; elsewhere a line whenever something changed. Until cancelled."""
    terminal = sys.stdout.isatty()
    last = ""
    try:
        while True:
            async with database.reading() as tx:
                line = describe(await counts.totals(tx))
            if terminal:
                sys.stdout.write("\r\x1b[K" + line)
            elif line != last:
                sys.stdout.write(line + "\n")
            sys.stdout.flush()
            last = line
            await asyncio.sleep(EVERY_S if terminal else QUIET_EVERY_S)
    finally:
        if terminal:
            sys.stdout.write("\n")


def describe(totals: Counts) -> str:
    values = asdict(totals)
    return " · ".join(f"{name} {values[key]}" for key, name in SHOWN.items())
