"""The tables. Columns carry domain types; `storage.columns` says how they are kept."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from domain.deciding import Effect, Reason, ReviewKind, Tier
from domain.hearing import ListenerState, Media
from domain.people import AccountKind, Platform
from domain.records import ActionKind, ActionState, FlagState, Head, MentionState, ReviewState, Role, TicketState
from domain.understanding import Assessment, Signal
from storage import codec
from storage.columns import CleanText, Coded, Utc

EFFECTS = Coded(codec.effects_to_json, codec.effects_from_json)
REASONS = Coded(codec.reasons_to_json, codec.reasons_from_json)
SIGNALS = Coded(codec.signals_to_json, codec.signals_from_json)
ASSESSMENT = Coded(codec.assessment_to_json, codec.assessment_from_json)
MEDIA = Coded(codec.media_to_json, codec.media_from_json)
SECRETS = Coded(codec.secrets_to_json, codec.secrets_from_json)
ACCOUNT_KIND = Coded(str, AccountKind)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {  # noqa: RUF012  (SQLAlchemy reads it from the class)
        datetime: Utc(),
        # 64 bits, for on PostgreSQL every ignored duplicate uses up an id. SQLite counts rows in a type of this name only.
        int: BigInteger().with_variant(Integer, "sqlite"),
        **dict.fromkeys(
            (str, Platform, MentionState, ActionKind, ActionState, TicketState, FlagState, ReviewState, ReviewKind, Tier, Role),
            CleanText(),
        ),
        Head: CleanText(),
        ListenerState: CleanText(),
        AccountKind: ACCOUNT_KIND,
        tuple[Effect, ...]: EFFECTS,
        tuple[Reason, ...]: REASONS,
        tuple[Signal, ...]: SIGNALS,
        tuple[Media, ...]: MEDIA,
        frozenset[str]: SECRETS,
        Assessment: ASSESSMENT,
    }


class AccountRow(Base):
    """One account as it was last seen."""

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("platform", "external_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[Platform]
    external_id: Mapped[str]
    kind: Mapped[AccountKind]
    username: Mapped[str | None]
    display_name: Mapped[str]
    title: Mapped[str | None]
    bio: Mapped[str | None]
    created_at: Mapped[datetime | None]
    followers: Mapped[int | None]
    following: Mapped[int | None]
    posts: Mapped[int | None]
    verified: Mapped[bool | None]
    avatar_url: Mapped[str | None]
    opted_out: Mapped[bool] = mapped_column(default=False)
    cleared_at: Mapped[datetime | None]
    """A human looked at a flag and found the account harmless."""
    seen_at: Mapped[datetime]


class AccountNameRow(Base):
    """Every name an account was seen under."""

    __tablename__ = "account_names"
    __table_args__ = (UniqueConstraint("account_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str]
    first_seen_at: Mapped[datetime]


class MentionRow(Base):
    """The inbox. `owner` and `lease_until` say who is deciding on it now."""

    __tablename__ = "mentions"
    __table_args__ = (
        UniqueConstraint("platform", "external_id"),
        Index(None, "state", "id"),
        Index(None, "account_id", "posted_at"),
        Index(None, "platform", "thread_id", "posted_at"),
        Index(None, "posted_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[Platform]
    external_id: Mapped[str]
    channel_id: Mapped[str]
    channel_name: Mapped[str]
    thread_id: Mapped[str]
    reply_to_id: Mapped[str | None]
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    text: Mapped[str]
    posted_at: Mapped[datetime]
    addressed: Mapped[bool]
    url: Mapped[str | None]
    media: Mapped[tuple[Media, ...]]
    secrets: Mapped[frozenset[str]]
    raw: Mapped[str]
    state: Mapped[MentionState] = mapped_column(default="received")
    state_reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    heard_at: Mapped[datetime]
    handled_at: Mapped[datetime | None]
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class AssessmentRow(Base):
    """What the classifier last said about a mention; the labels are columns so that they can be counted."""

    __tablename__ = "assessments"
    # It holds all that the drift of a week of posts is counted from, so that no assessment is read for it.
    __table_args__ = (Index("ix_assessments_judged", "assessed_at", "threat", "language", "intent", "confidence"),)

    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), primary_key=True, autoincrement=False)
    language: Mapped[str]
    intent: Mapped[str]
    urgency: Mapped[str]
    sentiment: Mapped[str]
    threat: Mapped[str]
    confidence: Mapped[float | None]
    """Of the intent. None: judged by a version that did not keep it apart."""
    assessment: Mapped[Assessment]
    model_version: Mapped[str]
    assessed_at: Mapped[datetime]


class DecisionRow(Base):
    """Every decision taken about a mention, by triage or by a person."""

    __tablename__ = "decisions"

    id: Mapped[int] = mapped_column(primary_key=True)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), index=True)
    effects: Mapped[tuple[Effect, ...]]
    reasons: Mapped[tuple[Reason, ...]]
    decided_by: Mapped[str]
    decided_at: Mapped[datetime]


class ActionRow(Base):
    """The outbox. Account and thread are copied from the mention: the governor asks for them before every send."""

    __tablename__ = "actions"
    __table_args__ = (
        Index(None, "state", "not_before"),
        Index(None, "account_id", "counts_from"),
        Index(None, "platform", "thread_id", "counts_from"),
        Index("ix_actions_day", "platform", "kind", "counts_from", "state", "cost_usd"),
        Index(None, "kind", "created_at"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[ActionKind]
    platform: Mapped[Platform | None]
    mention_id: Mapped[int | None] = mapped_column(ForeignKey("mentions.id"), index=True)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("accounts.id"))
    thread_id: Mapped[str | None]
    purpose: Mapped[str]
    text: Mapped[str]
    title: Mapped[str]
    link: Mapped[str]
    cost_usd: Mapped[float]
    state: Mapped[ActionState] = mapped_column(default="pending")
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None]
    not_before: Mapped[datetime]
    external_id: Mapped[str | None]
    detail: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    sending_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    counts_from: Mapped[datetime]
    """When it was created, then when it finished: the moment cool-downs, caps and spend count from."""


class TicketRow(Base):
    """A case on our own desk."""

    __tablename__ = "tickets"
    __table_args__ = (Index(None, "account_id", "thread_id"), Index(None, "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    reference: Mapped[str] = mapped_column(unique=True)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    thread_id: Mapped[str]
    intent: Mapped[str]
    urgency: Mapped[str]
    language: Mapped[str]
    state: Mapped[TicketState] = mapped_column(default="open")
    created_at: Mapped[datetime]
    due_at: Mapped[datetime]
    assignee: Mapped[str | None]


class TicketMentionRow(Base):
    """Mentions that belong to a ticket: the one that opened it, and those that joined."""

    __tablename__ = "ticket_mentions"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id"), primary_key=True, autoincrement=False)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), primary_key=True, autoincrement=False, index=True)


class FlagRow(Base):
    """Suspicion against an account, because of one mention."""

    __tablename__ = "flags"
    __table_args__ = (Index(None, "account_id", "state"), Index(None, "state", "id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    tier: Mapped[Tier]
    scam_type: Mapped[str]
    signals: Mapped[tuple[Signal, ...]]
    state: Mapped[FlagState] = mapped_column(default="open")
    created_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]


class ReviewRow(Base):
    """One question to a human."""

    __tablename__ = "reviews"
    __table_args__ = (Index(None, "state", "due_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), index=True)
    kind: Mapped[ReviewKind]
    risk: Mapped[float]
    proposed: Mapped[tuple[Effect, ...]]
    reasons: Mapped[tuple[Reason, ...]]
    state: Mapped[ReviewState] = mapped_column(default="waiting")
    claimed_by: Mapped[str | None]
    claimed_until: Mapped[datetime | None]
    due_at: Mapped[datetime]
    created_at: Mapped[datetime]
    flag_id: Mapped[int | None] = mapped_column(ForeignKey("flags.id"), index=True)
    action_id: Mapped[int | None] = mapped_column(ForeignKey("actions.id"), index=True)
    outcome: Mapped[str | None]
    decided_by: Mapped[str | None]
    decided_at: Mapped[datetime | None]


class LabelRow(Base):
    """What a reviewer said about one head of a sampled post."""

    __tablename__ = "labels"
    __table_args__ = (UniqueConstraint("review_id", "head"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    mention_id: Mapped[int] = mapped_column(ForeignKey("mentions.id"), index=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id"))
    head: Mapped[Head]
    label: Mapped[str]
    was: Mapped[str]
    """What the model said; for actions, what was done."""
    drawn: Mapped[bool]
    """The post was drawn at random."""
    labelled_by: Mapped[str]
    labelled_at: Mapped[datetime] = mapped_column(index=True)
