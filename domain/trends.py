"""Counts over time, and what is unusual about them."""

from dataclasses import dataclass
from datetime import datetime

from domain.people import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicBin:
    """Mentions of one intent on one platform in one language within one bin of time that begins at `start`."""

    intent: str
    platform: Platform
    language: str
    start: datetime
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class JudgedGroup:
    """Posts of one language and intent that were judged within a span of time, and how sure the intents were."""

    language: str
    intent: str
    count: int
    confidence: float
    """Sum over the posts of the intent's probability."""
    squares: float
    """Sum of its squares."""
    doubtful: int
    """Posts whose intent is more likely wrong than right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spike:
    """A topic above its expected band in the newest bin."""

    topic: str
    start: datetime
    count: int
    expected: float
    bound: int
    """The largest count that would still be normal."""
    platforms: tuple[Platform, ...]
    languages: tuple[str, ...]
