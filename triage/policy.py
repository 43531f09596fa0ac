"""Everything a rule may consult besides the case: thresholds, limits, texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from domain.people import Platform
from domain.phrases import Phrasebook
from domain.understanding import Article


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Calibrated probabilities below which nothing is done automatically."""

    answer: float
    """An article answers the post: reply by itself."""
    propose: float
    """An article perhaps answers it: propose the reply to a reviewer."""
    scam: float
    """The post is a scam: flag it, never reply."""
    suspect: float
    """The post may be a scam: a reviewer looks before anything is sent."""
    ticket: float
    """The post surely needs a ticket: open one without a reviewer."""
    chatter: float
    """The post surely needs nothing, though it was addressed to us: leave it alone."""
    alarm: float
    """The post may be critical: no article answers it by itself, and a human sees it as pressing."""
    language: float
    """The language is sure enough to reply in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformBudget:
    """What one platform allows in a UTC day, and what a reply costs there."""

    replies_per_day: int
    spend_per_day_usd: float
    reply_cost_usd: float
    reply_with_link_cost_usd: float


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendPolicy:
    """When a burst of one topic wakes a lead."""

    bin: timedelta
    history: timedelta
    quiet: timedelta
    """A topic that alerted stays quiet this long: one alert an incident."""
    least_count: int
    prior_per_bin: float
    dispersion: float
    tail: float
    """Probability that a normal bin exceeds the band."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Read-only while a decision is made; swapped as a whole when config changes."""

    brand: str
    thresholds: Thresholds
    """Where a language and platform have none of their own."""
    trends: TrendPolicy
    phrases: Phrasebook
    articles: Mapping[str, Article]
    budgets: Mapping[Platform, PlatformBudget]
    allowed_hosts: frozenset[str]
    """Hosts that a public reply may link to, exactly."""
    author_cooldown: timedelta
    thread_cooldown: timedelta
    reply_within: timedelta
    """An automatic reply to an older post goes to a reviewer instead."""
    due: Mapping[str, timedelta]
    """Urgency -> time until the first human answer."""
    silent_intents: frozenset[str]
    """Intents whose bursts wake nobody: praise, feedback, chatter."""
    samples_per_day: int = 0
    """Posts handled without a human that are put before one each UTC day, to learn from."""
    opt_out_words: frozenset[str] = field(default_factory=frozenset[str])
    own_thresholds: Mapping[tuple[str, Platform], Thresholds] = field(default_factory=dict[tuple[str, Platform], Thresholds])
    """By language and platform."""

    def thresholds_for(self, language: str, platform: Platform) -> Thresholds:
        return self.own_thresholds.get((language, platform), self.thresholds)
