"""What responders are asked to do, and what came of it."""

from dataclasses import dataclass
from typing import Protocol

from domain.people import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyOrder:
    """One public reply to one mention. `key` is stable over retries: `<platform>:<external id>:<purpose>:<chunk>`."""

    platform: Platform
    key: str
    mention_id: str
    """External id of the mention answered."""
    channel_id: str
    thread_id: str
    author_id: str
    """Platform id of the person answered."""
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """The platform has it, under this external id."""

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Withheld:
    """Recorded instead of sent (shadow mode)."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The platform refuses it for good; it is not there and will never be."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryLater:
    """Certainly not posted (rate limit, no connection made): try again after so many seconds."""

    after_s: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """Perhaps posted (timeout, reset, 5xx): never sent again blindly."""

    reason: str


Outcome = Sent | Withheld | Refused | RetryLater | Unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Read-back: our reply is there."""

    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Read-back: proven not there; sending is safe."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CannotTell:
    """Read-back: the platform cannot say, or did not answer. A human decides."""

    reason: str


ReadBack = Found | Absent | CannotTell


class Responder(Protocol):
    """Acts on one platform. Never raises for the platform's or the network's faults: they are outcomes."""

    @property
    def platform(self) -> Platform: ...

    async def reply(self, order: ReplyOrder) -> Outcome: ...

    async def find(self, order: ReplyOrder) -> ReadBack: ...

    async def close(self) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class AlertOrder:
    """One message to support leads."""

    key: str
    title: str
    body: str
    link: str


class Alerter(Protocol):
    """Wakes leads. Same outcomes as a responder."""

    async def alert(self, order: AlertOrder) -> Outcome: ...
