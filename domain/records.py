"""Rows as the rest of the fleet sees them: what storage returns."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, get_args

from domain.deciding import Effect, Reason, ReviewKind, Tier
from domain.hearing import Mention
from domain.people import Platform
from domain.understanding import Assessment, Signal

MentionState = Literal["received", "handled", "failed"]
ActionState = Literal["pending", "sending", "sent", "shadowed", "unknown", "failed", "cancelled"]
ActionKind = Literal["reply", "alert"]
TicketState = Literal["open", "pending", "solved", "closed"]
FlagState = Literal["open", "confirmed", "dismissed"]
ReviewState = Literal["waiting", "decided"]
Role = Literal["viewer", "reviewer", "lead", "admin"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MentionRecord:
    """A stored mention. `mention.text` is redacted."""

    id: int
    mention: Mention
    secrets: frozenset[str]
    state: MentionState
    state_reason: str
    attempts: int
    heard_at: datetime
    handled_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRecord:
    """One effect that needs the network. `key` is unique: there is never a second action for the same purpose."""

    id: int
    key: str
    kind: ActionKind
    platform: Platform | None
    mention_id: int | None
    purpose: str
    text: str
    title: str
    link: str
    state: ActionState
    attempts: int
    not_before: datetime
    external_id: str | None
    detail: str
    created_at: datetime
    sending_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketRecord:
    id: int
    reference: str
    mention_id: int
    platform: Platform
    author_name: str
    intent: str
    urgency: str
    language: str
    state: TicketState
    excerpt: str
    created_at: datetime
    due_at: datetime
    """First human answer is due (SLA)."""
    assignee: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FlagRecord:
    id: int
    mention_id: int
    account_id: int
    platform: Platform
    author_name: str
    author_username: str | None
    tier: Tier
    scam_type: str
    signals: tuple[Signal, ...]
    state: FlagState
    excerpt: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewRecord:
    """One thing a human must decide. `proposed` is what approval would do.

    Kind `label` proposes nothing, and its `risk` is what the label is worth.
    """

    id: int
    mention_id: int
    kind: ReviewKind
    risk: float
    proposed: tuple[Effect, ...]
    reasons: tuple[Reason, ...]
    state: ReviewState
    claimed_by: str | None
    claimed_until: datetime | None
    due_at: datetime
    created_at: datetime
    platform: Platform
    language: str
    intent: str
    urgency: str
    excerpt: str
    author_name: str
    flag_id: int | None = None
    action_id: int | None = None
    """The unknown action a human must resolve, for kind `reply` items raised by the sender."""
    outcome: str | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseFile:
    """Everything about one mention, for the case page."""

    record: MentionRecord
    assessment: Assessment | None
    reasons: tuple[Reason, ...]
    thread: tuple[MentionRecord, ...]
    author_history: tuple[MentionRecord, ...]
    author_names: tuple[str, ...]
    """Names over time, oldest first."""
    actions: tuple[ActionRecord, ...]
    tickets: tuple[TicketRecord, ...]
    flags: tuple[FlagRecord, ...]
    reviews: tuple[ReviewRecord, ...]


Head = Literal["intent", "urgency", "sentiment", "threat", "action"]
"""What a reviewer labels. Actions: `reply_faq`, `open_ticket`, `flag`, `none`."""
HEADS: tuple[Head, ...] = get_args(Head)


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRecord:
    """What a reviewer said about one head of one sampled post. `was`: what the model said, and for actions what was done."""

    mention_id: int
    platform: Platform
    author_id: str
    """The platform's id of the author: training and evaluation must not share one."""
    language: str
    text: str
    """Redacted."""
    head: Head
    label: str
    was: str
    by: str
    at: datetime
    drawn: bool
    """At random: its label speaks for all posts handled without a human. The others were chosen for their doubt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadAgreement:
    """Of `n` labels of one head in one language, `agreed` say what the model had said."""

    head: Head
    language: str
    drawn: bool
    n: int
    agreed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchRecord:
    """Per platform: `killed` stops every send at once; `live` False is shadow mode."""

    platform: Platform
    live: bool
    killed: bool
    changed_by: str
    changed_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UserRecord:
    id: int
    username: str
    role: Role
    disabled: bool
    must_change_password: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    id: int
    at: datetime
    actor: str
    verb: str
    subject: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerRecord:
    platform: Platform
    state: str
    detail: str
    last_contact_at: datetime | None
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Live totals. `waiting` counts undecided reviews (sampled posts aside), `unknown` actions whose fate is not known."""

    heard: int
    answered: int
    tickets: int
    flagged: int
    waiting: int
    failed: int
    unknown: int
    shadowed: int
    pending: int
    quarantined: int
