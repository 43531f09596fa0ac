"""The workers over a real database, with local twins where the network and the model would be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count

from domain.hearing import Heard
from domain.records import ActionRecord, MentionRecord
from domain.understanding import Redacted
from responders.shadow import ShadowResponder
from storage import actions, mentions, switches
from storage.db import Database
from tests.triage.builders import policy
from tests.workers.fakes import FakeAlerter, FakeClock, FakeResponder, KeywordClassifier, ListQueue, batch
from triage.policy import Policy
from workers.handle import Handler
from workers.intake import Intake
from workers.perform import Performer
from workers.sweep import Sweep
from workers.watch import Watch


def redact(text: str) -> Redacted:
    return Redacted(text=text.replace("hunter2", "[secret]"), found=frozenset({"seed_phrase"} if "hunter2" in text else ()))


def redact_json(raw: str) -> tuple[str, frozenset[str]]:
    clean = redact(raw)
    return clean.text, clean.found


def _references() -> Iterator[str]:
    return (f"KST-{number:07d}" for number in count(1))


@dataclass(slots=True)
class Rig:
    database: Database
    clock: FakeClock = field(default_factory=FakeClock)
    queue: ListQueue = field(default_factory=ListQueue)
    classifier: KeywordClassifier = field(default_factory=KeywordClassifier)
    responder: FakeResponder = field(default_factory=FakeResponder)
    alerter: FakeAlerter = field(default_factory=FakeAlerter)
    references: Iterator[str] = field(default_factory=_references)
    rules: Policy = field(default_factory=policy)

    @property
    def intake(self) -> Intake:
        return Intake(database=self.database, queue=self.queue, redact=redact, redact_json=redact_json, now=self.clock)

    def handler(self, owner: str = "worker-1") -> Handler:
        return Handler(
            database=self.database,
            queue=self.queue,
            classifier=self.classifier,
            policy=lambda: self.rules,
            officials={},
            new_reference=lambda: next(self.references),
            now=self.clock,
            owner=owner,
        )

    @property
    def performer(self) -> Performer:
        return Performer(
            database=self.database,
            responders={"telegram": self.responder},
            shadows={"telegram": ShadowResponder(platform="telegram")},
            alerter=self.alerter,
            policy=lambda: self.rules,
            now=self.clock,
            owner="worker-1",
        )

    @property
    def sweep(self) -> Sweep:
        return Sweep(database=self.database, queue=self.queue, performer=self.performer, now=self.clock)

    @property
    def watch(self) -> Watch:
        return Watch(
            database=self.database, queue=self.queue, policy=lambda: self.rules, now=self.clock, public_url="http://console"
        )

    async def hear(self, *events: Heard) -> list[int]:
        return await self.intake.take(batch(*events))

    async def decide(self, *events: Heard) -> list[int]:
        """Hear and handle. Returns the ids of the actions that wait for the network."""
        await self.handler().handle(await self.hear(*events))
        async with self.database.reading() as tx:
            return await actions.due(tx, now=self.clock(), limit=100)

    async def go_live(self) -> None:
        async with self.database.transaction() as tx:
            await switches.ensure(tx, ["telegram"], self.clock())
            await switches.set_live(tx, "telegram", True, by="test", now=self.clock())

    async def kill(self, killed: bool) -> None:
        async with self.database.transaction() as tx:
            await switches.set_killed(tx, "telegram", killed, by="test", now=self.clock())

    async def mention(self, mention_id: int) -> MentionRecord:
        async with self.database.reading() as tx:
            record = await mentions.get(tx, mention_id)
        assert record is not None
        return record

    async def actions(self, ids: Sequence[int]) -> list[ActionRecord]:
        async with self.database.reading() as tx:
            found = [await actions.get(tx, action_id) for action_id in ids]
        return [action for action in found if action is not None]
