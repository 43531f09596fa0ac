"""Effects to rows: what a batch of decisions will insert, worked out without touching the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, assert_never

from domain.deciding import AskReview, Decision, Effect, FlagMention, JoinTicket, OpenTicket, OptOut, PostReply
from domain.people import Platform
from domain.records import MentionRecord
from storage.actions import NewAction

FLAG_RISK = {"review": 0.7, "likely": 0.95}
"""Where a flag stands in the review queue. Tier watch asks nobody."""
FLAG_URGENCY = "critical"
"""A scammer at work hurts people by the minute."""

Row = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """One mention and what was decided on it. `cost_usd` is the price of its reply."""

    record: MentionRecord
    decision: Decision
    cost_usd: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What rows need beyond the MentionRecord. `urgency` is the assessed one."""

    account_id: int
    urgency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Rows to insert, in lists by table. `due`: urgency -> time until a human must have answered."""

    now: datetime
    due: Mapping[str, timedelta]
    actions: list[NewAction] = field(default_factory=list[NewAction])
    tickets: list[Row] = field(default_factory=list[Row])
    joins: list[tuple[int, str]] = field(default_factory=list[tuple[int, str]])
    """Mention id, reference of its ticket."""
    flags: list[Row] = field(default_factory=list[Row])
    reviews: list[Row] = field(default_factory=list[Row])
    opted_out: set[int] = field(default_factory=set[int])
    """Account ids."""

    def add(self, item: Decided, effect: Effect, place: Place) -> None:
        match effect:
            case PostReply():
                self.actions.append(_reply(item, effect))
            case OpenTicket():
                self.tickets.append(self._ticket(item.record, effect, place))
                self.joins.append((item.record.id, effect.reference))
            case JoinTicket():
                self.joins.append((item.record.id, effect.reference))
            case FlagMention():
                self._flag(item, effect, place)
            case OptOut():
                self.opted_out.add(place.account_id)
            case AskReview():
                self._review(item, effect, place.urgency)
            case _:
                assert_never(effect)

    def _ticket(self, record: MentionRecord, effect: OpenTicket, place: Place) -> Row:
        return {
            "reference": effect.reference,
            "mention_id": record.id,
            "account_id": place.account_id,
            "thread_id": record.mention.thread_id,
            "intent": effect.intent,
            "urgency": effect.urgency,
            "language": effect.language,
            "created_at": self.now,
            "due_at": self.now + self.due[effect.urgency],
        }

    def _flag(self, item: Decided, effect: FlagMention, place: Place) -> None:
        row = {"mention_id": item.record.id, "account_id": place.account_id, "created_at": self.now}
        state = "confirmed" if effect.confirmed else "open"
        self.flags.append(
            {**row, "state": state, "tier": effect.tier, "scam_type": effect.scam_type, "signals": effect.signals}
        )
        if effect.tier != "watch" and not effect.confirmed:
            self._review(item, AskReview(kind="flag", risk=FLAG_RISK[effect.tier], proposed=()), FLAG_URGENCY)

    def _review(self, item: Decided, effect: AskReview, urgency: str) -> None:
        row = {"mention_id": item.record.id, "kind": effect.kind, "risk": effect.risk, "proposed": effect.proposed}
        times = {"created_at": self.now, "due_at": self.now + self.due[urgency]}
        self.reviews.append({**row, **times, "reasons": item.decision.reasons})


def reply_key(platform: Platform, external_id: str) -> str:
    """The key of the one reply a mention may get: `<platform>:<external id>:reply:0`."""
    return f"{platform}:{external_id}:reply:0"


def _reply(item: Decided, effect: PostReply) -> NewAction:
    mention = item.record.mention
    return NewAction(
        key=reply_key(mention.platform, mention.external_id),
        kind="reply",
        platform=mention.platform,
        mention_id=item.record.id,
        purpose=effect.purpose,
        text=effect.text,
        cost_usd=item.cost_usd,
    )
