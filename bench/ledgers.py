"""What the platforms emitted and received, beside what the fleet stored: was anything lost or doubled?"""

import argparse
import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import ColumnElement, select

from bench.comparing import Entry, Ref, Report, Stored, StoredReply, compare
from bench.tongues import Tongues
from classifier.faq import load_articles
from config.load import ROOT, load_phrases, load_settings
from domain.errors import FleetwatchError
from domain.people import PLATFORMS
from storage.db import Database, Tx
from storage.tables import ActionRow, FlagRow, MentionRow, ReviewRow, TicketMentionRow

_SHOWN = 10
"""So many of one kind of fault are listed; the rest are counted."""


def main(argv: Sequence[str]) -> int:
    """0 when every post is stored and settled and every reply is accounted for, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="fleetwatch bench ledgers", description=__doc__)
    parser.add_argument("--data-dir", type=Path, default=Path("var"), help="where the fleet's state lives")
    parser.add_argument(
        "--sandbox", metavar="URL", help="a running sandbox; without it, the ledger files in the data folder are read"
    )
    parser.add_argument("--database", metavar="URL", help="instead of the configured one")
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    entries = read_sandbox(wanted.sandbox.rstrip("/")) if wanted.sandbox else read_files(wanted.data_dir / "sandbox")
    settings = load_settings()
    stored = asyncio.run(read_stored(wanted.database or settings.storage.url_at(wanted.data_dir)))
    tongues = Tongues(load_articles(ROOT / settings.files.faq), load_phrases(ROOT / settings.files.replies))
    report = compare({platform: entries[platform] for platform in PLATFORMS}, entries["notes"], stored, tongues.of)
    print(json.dumps({"ok": report.ok, **asdict(report)}, ensure_ascii=False) if wanted.json else render(report))
    return 0 if report.ok else 1


def read_sandbox(url: str) -> dict[str, list[Entry]]:
    """The ledgers and notes of a running sandbox. Raises FleetwatchError."""
    paths = {platform: f"/{platform}/_control/ledger" for platform in PLATFORMS} | {"notes": "/_control/notes"}
    try:
        return {name: _get(url, path)["entries"] for name, path in paths.items()}
    except (OSError, ValueError, KeyError) as error:
        raise FleetwatchError(f"The sandbox at {url} gives no ledgers ({error!r}); start it, or correct --sandbox.") from error


def read_files(folder: Path) -> dict[str, list[Entry]]:
    """The ledgers and notes that a sandbox wrote to `folder`. Raises FleetwatchError."""
    try:
        return {name: [json.loads(line) for line in _lines(folder / f"{name}.jsonl")] for name in (*PLATFORMS, "notes")}
    except (OSError, ValueError) as error:
        raise FleetwatchError(
            f"{folder} holds no readable ledgers ({error}); name another --data-dir, or --sandbox."
        ) from error


def _lines(file: Path) -> list[str]:
    """Whole lines only: a killed sandbox may leave half of the last one."""
    return [line for line in file.read_text(encoding="utf-8").splitlines(keepends=True) if line.endswith("\n")]


def _get(url: str, path: str) -> Any:
    connection = HTTPConnection(urlsplit(url).netloc, timeout=30)
    try:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())
    finally:
        connection.close()


async def read_stored(url: str) -> Stored:
    """What the comparison needs of a fleet's database."""
    database = Database(url)
    try:
        async with database.reading() as tx:
            states = await tx.execute(select(MentionRow.platform, MentionRow.external_id, MentionRow.state))
            return Stored(
                mentions={(platform, external_id): state for platform, external_id, state in states},
                replies=await _replies(tx),
                tickets=await _posts(tx, MentionRow.id.in_(select(TicketMentionRow.mention_id))),
                flags=await _posts(tx, MentionRow.id.in_(select(FlagRow.mention_id).where(FlagRow.tier != "watch"))),
                reviews=await _posts(tx, MentionRow.id.in_(select(ReviewRow.mention_id).where(ReviewRow.kind != "label"))),
            )
    finally:
        await database.close()


async def _posts(tx: Tx, which: ColumnElement[bool]) -> frozenset[Ref]:
    found = await tx.execute(select(MentionRow.platform, MentionRow.external_id).where(which))
    return frozenset((platform, external_id) for platform, external_id in found)


async def _replies(tx: Tx) -> list[StoredReply]:
    columns = (MentionRow.platform, MentionRow.external_id, ActionRow.purpose, ActionRow.state, ActionRow.external_id)
    found = await tx.execute(
        select(*columns).join(ActionRow, ActionRow.mention_id == MentionRow.id).where(ActionRow.kind == "reply")
    )
    return [
        StoredReply(platform=platform, mention_id=mention, purpose=purpose, state=state, external_id=external_id)
        for platform, mention, purpose, state, external_id in found
    ]


def render(report: Report) -> str:
    """The report as a person reads it."""
    lines = [f"{'':<10}{'posts owed':>12}{'stored':>12}{'replies':>12}"]
    columns = (report.emitted, report.stored, report.replies)
    lines += [f"{name:<10}{''.join(f'{counts.get(name, 0):>12}' for counts in columns)}" for name in PLATFORMS]
    lines += ["", f"about posts: {report.tickets} tickets, {report.flags} flags, {report.reviews} reviews", ""]
    lines += [line for name, found in report.faults.items() for line in _listed(name, found)]
    lines += [line for name, found in report.notices.items() if found for line in _listed(f"({name})", found)]
    lines += ["", *_outcome_table(report.outcomes)]
    return "\n".join([*lines, "", "nothing lost, nothing doubled" if report.ok else "NOT IN ORDER: see the faults above"])


def _listed(name: str, found: Sequence[str]) -> list[str]:
    rest = [f"    and {len(found) - _SHOWN} more"] if len(found) > _SHOWN else []
    return [f"{name:<16}{len(found):>6}", *(f"    {one}" for one in found[:_SHOWN]), *rest]


def _outcome_table(outcomes: Mapping[str, Mapping[str, int]]) -> list[str]:
    done = ("reply_faq", "open_ticket", "flag", "review", "none")
    if not outcomes:
        return []
    rows = [
        f"{wanted:<14}" + "".join(f"{outcomes[wanted].get(name, 0):>13}" for name in done)
        for wanted in done
        if wanted in outcomes
    ]
    return [f"{'wanted / done':<14}" + "".join(f"{name:>13}" for name in done), *rows]
