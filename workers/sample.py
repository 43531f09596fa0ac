"""Puts a few posts that nobody was asked about before reviewers each day, to learn from."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from domain.sampling import Sample
from storage import counts, labels, leases, reviews
from storage.db import Database, Tx
from triage.policy import Policy
from triage.sampling import Scene, allowance, choose, worth
from workers.clock import Clock

EVERY_S = 60.0
WINDOW = timedelta(days=1)
HISTORY = timedelta(days=30)
LOOKED_AT = 500
"""The newest posts, of which a few are chosen: a stored assessment takes a while to read."""
PATIENCE = timedelta(days=7)
"""A label is never urgent."""
_LEASE = timedelta(seconds=EVERY_S - 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """`owner` names this process: of several fleets on one database one samples at a time."""

    database: Database
    policy: Callable[[], Policy]
    now: Clock
    owner: str

    async def run(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> list[int]:
        """Returns the ids of the new reviews."""
        policy, now = self.policy(), self.now()
        if not policy.samples_per_day:
            return []
        async with self.database.transaction() as tx:
            if await leases.acquire(tx, "sample", owner=self.owner, now=now, until=now + _LEASE) is None:
                return []
        async with self.database.reading() as tx:
            samples = await _choose(tx, policy, now)
        if not samples:
            return []
        async with self.database.transaction() as tx:
            return [await _ask(tx, sample, now) for sample in samples]


async def _choose(tx: Tx, policy: Policy, now: datetime) -> list[Sample]:
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    taken, waiting = await labels.sampled(tx, since=midnight)
    count = allowance(policy.samples_per_day, taken=taken, waiting=waiting, now=now)
    if not count:
        return []
    groups = await counts.judged(tx, since=now - WINDOW, until=now)
    scene = Scene(
        now=now,
        alike={(group.intent, group.language): group.count for group in groups},
        history=await labels.history(tx, since=now - HISTORY),
        silent=policy.silent_intents,
    )
    found = await labels.candidates(tx, since=now - WINDOW, limit=LOOKED_AT)
    return choose(found, scene, taken=taken, count=count)


async def _ask(tx: Tx, sample: Sample, now: datetime) -> int:
    return await reviews.add(
        tx,
        mention_id=sample.mention_id,
        kind="label",
        risk=worth(sample.value),
        proposed=(),
        reasons=sample.reasons,
        due_at=now + PATIENCE,
        now=now,
    )
