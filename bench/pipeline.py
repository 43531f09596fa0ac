"""Mentions a second through intake, understanding, decision and outbox, beside the classifier alone, in one run."""

import argparse
import asyncio
import json
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from itertools import count
from pathlib import Path
from uuid import uuid4

from bench.rig import machine
from bench.servers import postgresql
from classifier.redaction import redact, redact_json
from config.load import ROOT, load_settings
from domain.errors import FleetwatchError
from domain.hearing import Batch, Heard, Mention
from domain.people import Account, AccountKind
from domain.understanding import Classifier, Question
from responders.alerts import AppriseAlerter
from responders.shadow import ShadowResponder
from sandbox.scenario import Post, load
from storage.db import Database
from triage.policy import Policy
from workers.clock import new_reference, utc_now
from workers.handle import Handler
from workers.intake import Intake
from workers.perform import Performer
from workers.queue import InProcessQueue
from workers.wiring import build_classifier, build_policy

BATCH = 64
"""Mentions a batch, as in the fleet."""

Mentions = Sequence[Mention]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="fleetwatch bench pipeline", description=__doc__)
    parser.add_argument("--mentions", type=int, default=2000, help="a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(argv)
    rates = run(wanted.mentions, wanted.rounds)
    middle = {name: round(statistics.median(values), 1) for name, values in rates.items()}
    facts = {"mentions": wanted.mentions, "rounds": wanted.rounds, "per_second": middle, "machine": machine()}
    print(json.dumps(facts) if wanted.json else _render(facts, middle))
    return 0


def run(number: int, rounds: int) -> dict[str, list[float]]:
    """Mentions a second by name, one value a round; the ways take turns, so that a noisy machine is noisy to all."""
    settings = load_settings()
    classifier = build_classifier(settings)
    policy = build_policy(settings)
    rates: dict[str, list[float]] = {"classifier alone": []}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fleetwatch-pipeline-")))
        urls = {"pipeline on SQLite": f"sqlite+aiosqlite:///{folder / 'pipeline.sqlite3'}"}
        try:
            urls["pipeline on PostgreSQL"] = stack.enter_context(postgresql(durable=True)) + "postgres"
        except FleetwatchError as absent:
            print(f"PostgreSQL is left out: {absent}")
        for _ in range(rounds):
            mentions = day_mentions(number)
            rates["classifier alone"].append(_alone(classifier, mentions))
            for name, url in urls.items():
                rates.setdefault(name, []).append(asyncio.run(_through(url, classifier, policy, mentions)))
    return rates


def _alone(classifier: Classifier, mentions: Mentions) -> float:
    began = time.perf_counter()
    for batch in _batches(mentions):
        classifier.assess([Question(mention=mention) for mention in batch])
    return len(mentions) / (time.perf_counter() - began)


async def _through(url: str, classifier: Classifier, policy: Policy, mentions: Mentions) -> float:
    """From batches of parsed mentions to the last reply recorded in shadow mode; nothing overlaps."""
    database, queue = Database(url), InProcessQueue()
    await database.migrate()
    intake = Intake(database=database, queue=queue, redact=redact, redact_json=redact_json, now=utc_now)
    handler = Handler(
        database=database,
        queue=queue,
        classifier=classifier,
        policy=lambda: policy,
        officials={},
        new_reference=partial(new_reference, "KST"),
        now=utc_now,
        owner="bench",
    )
    shadow = ShadowResponder(platform="telegram")
    performer = Performer(
        database=database,
        responders={"telegram": shadow},
        shadows={"telegram": shadow},
        alerter=AppriseAlerter([]),
        policy=lambda: policy,
        now=utc_now,
        owner="bench",
    )
    began = time.perf_counter()
    for number, batch in enumerate(_batches(mentions)):
        heard = tuple(Heard(event=mention, raw=json.dumps({"message": {"text": mention.text}})) for mention in batch)
        ids = await intake.take(Batch(platform="telegram", heard=heard, cursors={"updates": str(number)}))
        await performer.perform(await handler.handle(ids))
    elapsed = time.perf_counter() - began
    await database.close()
    return len(mentions) / elapsed


def day_texts() -> list[str]:
    """What people post on the bundled day."""
    scenario = load(ROOT / "sandbox" / "scenarios" / "kestrel_day.toml")
    return [step.text for step in scenario.steps if isinstance(step, Post)]


def day_mentions(number: int) -> list[Mention]:
    """The bundled day's own posts over and over, each by a new author under a new id."""
    texts = day_texts()
    run_id, ids = uuid4().hex, count()
    return [_mention(texts[place % len(texts)], f"{run_id}:{next(ids)}") for place in range(number)]


def _mention(text: str, unique: str) -> Mention:
    author = Account(platform="telegram", id=unique, kind=AccountKind.PERSON, username=None, display_name="Somebody")
    return Mention(
        platform="telegram",
        external_id=unique,
        channel_id="-100",
        channel_name="Kestrel Community",
        thread_id=unique,
        reply_to_id=None,
        author=author,
        text=text,
        posted_at=datetime.now(UTC),
        addressed=True,
    )


def _batches(mentions: Mentions) -> list[Mentions]:
    return [mentions[start : start + BATCH] for start in range(0, len(mentions), BATCH)]


def _render(facts: Mapping[str, object], rates: Mapping[str, float]) -> str:
    alone = rates["classifier alone"]
    lines = [f"{facts['mentions']} mentions a round, medians of {facts['rounds']} rounds · {facts['machine']}"]
    lines += [f"{'':<24}{'a second':>10}{'of classifier':>15}"]
    return "\n".join([*lines, *(f"{name:<24}{rate:>10.0f}{rate / alone:>15.2f}" for name, rate in rates.items())])
