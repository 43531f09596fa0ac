"""Local twins of the ports: they keep the protocols of `domain`, without a network or a model."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.acting import AlertOrder, CannotTell, Outcome, ReadBack, ReplyOrder, Sent
from domain.hearing import Batch, Heard, ListenerHealth, Mention
from domain.people import Platform
from domain.understanding import Assessment, Question
from tests.triage.builders import NOON, assessment, author, mention


@dataclass(slots=True)
class FakeClock:
    """Stands still until it is moved."""

    moment: datetime = NOON

    def __call__(self) -> datetime:
        return self.moment

    def move(self, **time: float) -> None:
        self.moment += timedelta(**time)


@dataclass(slots=True)
class KeywordClassifier:
    """Judges by one word in the text. `poison` raises; `on_assess` runs while a batch is being judged."""

    on_assess: Callable[[], None] = lambda: None
    sizes: list[int] = field(default_factory=list[int])

    @property
    def version(self) -> str:
        return "keywords"

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        self.sizes.append(len(batch))
        self.on_assess()
        return [self._judge(question.mention.text, question.secrets) for question in batch]

    def _judge(self, text: str, secrets: frozenset[str]) -> Assessment:
        if "poison" in text:
            raise ValueError("poison")
        if "scam" in text:
            return assessment(scam=0.99)
        if "withdrawal" in text:
            return assessment(intent="withdrawal", urgency="high", secrets=secrets)
        if "thanks" in text:
            return assessment(intent="praise", urgency="low", need="none")
        return assessment(faq={"reset-password": 0.95}, secrets=secrets)


@dataclass(slots=True)
class FakeResponder:
    """Answers with the prepared outcomes, then with `Sent`. Keeps the orders it got."""

    platform: Platform = "telegram"
    outcomes: list[Outcome] = field(default_factory=list[Outcome])
    found: ReadBack = field(default_factory=lambda: CannotTell(reason="no history"))
    orders: list[ReplyOrder] = field(default_factory=list[ReplyOrder])

    async def reply(self, order: ReplyOrder) -> Outcome:
        self.orders.append(order)
        return self.outcomes.pop(0) if self.outcomes else Sent(external_id=f"reply-{len(self.orders)}")

    async def find(self, order: ReplyOrder) -> ReadBack:
        _ = order
        return self.found

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class FakeAlerter:
    orders: list[AlertOrder] = field(default_factory=list[AlertOrder])

    async def alert(self, order: AlertOrder) -> Outcome:
        self.orders.append(order)
        return Sent(external_id=order.key)


@dataclass(slots=True)
class ListQueue:
    """Remembers what was asked for."""

    asked: list[tuple[str, list[int]]] = field(default_factory=list[tuple[str, list[int]]])

    async def put(self, job: str, ids: Sequence[int]) -> None:
        if ids:
            self.asked.append((job, list(ids)))

    async def serve(self, job: str, work: object, *, batch: int) -> None:  # noqa: ARG002
        raise AssertionError("the tests call the workers themselves")

    async def close(self) -> None:
        """Nothing is open."""


@dataclass(slots=True)
class FakeListener:
    """Yields the prepared batches once each, and remembers which were acknowledged by being resumed."""

    prepared: list[Batch]
    acknowledged: int = 0
    began_at: Mapping[str, str] = field(default_factory=dict[str, str])
    platform: Platform = "telegram"
    health: ListenerHealth = field(default_factory=lambda: ListenerHealth(state="connected"))

    async def batches(self, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        self.began_at = dict(cursors)
        for batch in self.prepared:
            yield batch
            self.acknowledged += 1

    async def close(self) -> None:
        """Nothing is open."""


def heard(number: int, text: str, *, who: str = "42", raw: str = "{}") -> Heard:
    return Heard(event=post(number, text, who=who), raw=raw)


def post(number: int, text: str, *, who: str = "42") -> Mention:
    return mention(text, external_id=f"-100:{number}", author=author(id=who, username=f"user{who}"))


def batch(*events: Heard, offset: int = 1) -> Batch:
    return Batch(platform="telegram", heard=events, cursors={"updates": str(offset)})
