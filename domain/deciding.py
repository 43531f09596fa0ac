"""Decisions as data: effects with reasons, and the facts they rest on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.hearing import Mention
from domain.people import Identity
from domain.understanding import Assessment, Signal

ReplyPurpose = Literal["faq", "acknowledge", "custom"]
Tier = Literal["watch", "review", "likely"]
ReviewKind = Literal["reply", "ticket", "flag", "unsure", "label"]
"""`label` asks for no decision: a sampled post's true labels, to learn from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why: the rule's name and one sentence a reviewer can read."""

    rule: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PostReply:
    """Answer the mention in public, in `language`. Purpose `custom`: a human approved this very text."""

    purpose: ReplyPurpose
    language: str
    text: str
    article_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """Open a ticket on our own desk. `reference` is public and unguessable."""

    reference: str
    intent: str
    urgency: str
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinTicket:
    """The author already has an open ticket in this matter: add the mention to it."""

    reference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagMention:
    """Put the post and its author before community managers. Says nothing in public."""

    confirmed: bool = False
    """A manager said so: there is nothing left to review."""
    tier: Tier
    scam_type: str
    signals: tuple[Signal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOut:
    """The author asked us to stop: never answer this account again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskReview:
    """Doubt: a human decides over the proposed effects. `risk` orders the queue, 0 to 1."""

    kind: ReviewKind
    risk: float
    proposed: tuple["PostReply | OpenTicket", ...]


Effect = PostReply | OpenTicket | JoinTicket | FlagMention | OptOut | AskReview


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """No effects means: leave alone. There is always at least one reason."""

    effects: tuple[Effect, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the governor must know about one mention at one moment. Read in `decide`, and again just before sending."""

    now: datetime
    replies_to_mention: int = 0
    """Replies pending, sending, sent, shadowed or unknown for this mention; the action being sent is not counted."""
    last_reply_to_author_at: datetime | None = None
    last_reply_in_thread_at: datetime | None = None
    replies_today: int = 0
    """On this platform, UTC day."""
    spent_today_usd: float = 0.0
    """On this platform, UTC day."""
    author_flagged: bool = False
    author_opted_out: bool = False
    author_cleared: bool = False
    deleted: bool = False
    killed: bool = False
    """The platform's kill switch is on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One mention with everything that is known when it is decided."""

    mention: Mention
    assessment: Assessment
    standing: Standing
    open_ticket: str | None = None
    """Reference of the author's open ticket in the same thread, if any."""
    official: Identity | None = None
    """The author's entry in the registry of official identities."""
    reference: str
    """A fresh public reference, used if a ticket is opened."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a reviewer decided about a review item."""

    choice: Literal["approve", "ticket", "scam", "ignore"]
    reason: str
    text: str | None = None
    """The edited reply, when the reviewer changed it."""
