"""Counts to alerts: when one topic bursts, leads are woken once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from domain.trends import Spike
from storage import actions, counts
from storage.actions import NewAction
from storage.db import Database
from triage.policy import Policy
from triage.trends import spikes
from workers.clock import Clock
from workers.queue import Queue

EVERY_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    database: Database
    queue: Queue
    policy: Callable[[], Policy]
    now: Clock
    public_url: str

    async def run(self) -> None:
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        """One alert an incident: a topic that alerted is quiet for a while."""
        now, policy = self.now(), self.policy()
        trends = policy.trends
        async with self.database.transaction() as tx:
            bins = await counts.per_topic(tx, since=now - trends.history, until=now, bin=trends.bin)
            woken = await actions.alert_keys(tx, since=now - trends.quiet)
            found = spikes(bins, now=now, policy=trends, silent=policy.silent_intents)
            ids = [
                await actions.add(tx, self._alert(spike), now=now, not_before=now)
                for spike in found
                if not any(key.startswith(f"alert:{spike.topic}:") for key in woken)
            ]
        await self.queue.put("perform", [action_id for action_id in ids if action_id is not None])

    def _alert(self, spike: Spike) -> NewAction:
        where = ", ".join(spike.platforms)
        body = (
            f"{spike.count} posts about {spike.topic} since {spike.start:%H:%M} UTC on {where} "
            f"in {', '.join(spike.languages)}; expected about {spike.expected:.1f}, normal up to {spike.bound}."
        )
        return NewAction(
            key=f"alert:{spike.topic}:{spike.start.isoformat()}",
            kind="alert",
            platform=None,
            mention_id=None,
            purpose="trend",
            text=body,
            title=f"{spike.topic}: {spike.count} posts in a few minutes",
            link=f"{self.public_url}/",
        )
