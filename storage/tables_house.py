"""The tables of the fleet itself: positions, switches, people of the console, the audit."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from domain.hearing import ListenerState
from domain.people import Platform
from domain.records import Role
from storage.tables import Base


class CursorRow(Base):
    """How far a listener has read one stream of its platform."""

    __tablename__ = "cursors"

    platform: Mapped[Platform] = mapped_column(primary_key=True)
    stream: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[str]
    updated_at: Mapped[datetime]


class QuarantineRow(Base):
    """A payload no parser understood."""

    __tablename__ = "quarantine"

    id: Mapped[int] = mapped_column(primary_key=True)
    platform: Mapped[Platform]
    raw: Mapped[str]
    error: Mapped[str]
    at: Mapped[datetime]


class SwitchRow(Base):
    """Kill switch and live switch of one platform."""

    __tablename__ = "switches"

    platform: Mapped[Platform] = mapped_column(primary_key=True)
    live: Mapped[bool]
    killed: Mapped[bool]
    changed_by: Mapped[str]
    changed_at: Mapped[datetime]


class ListenerRow(Base):
    """What a listener last said about itself."""

    __tablename__ = "listeners"

    platform: Mapped[Platform] = mapped_column(primary_key=True)
    state: Mapped[ListenerState]
    detail: Mapped[str]
    last_contact_at: Mapped[datetime | None]
    updated_at: Mapped[datetime]


class UserRow(Base):
    """Somebody who may use the console."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    role: Mapped[Role]
    disabled: Mapped[bool] = mapped_column(default=False)
    must_change_password: Mapped[bool]
    created_at: Mapped[datetime]


class SessionRow(Base):
    """A login. Only the hash of its token is kept."""

    __tablename__ = "sessions"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what, for ever."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    verb: Mapped[str]
    subject: Mapped[str]
    detail: Mapped[str]


class LeaseRow(Base):
    """A named right to do something alone. `fence` grows with every change of hands."""

    __tablename__ = "leases"

    name: Mapped[str] = mapped_column(primary_key=True)
    owner: Mapped[str]
    lease_until: Mapped[datetime]
    fence: Mapped[int]


class ChangeRow(Base):
    """SQLite only: one row that counts the transactions that changed something (see `counts.change_token`)."""

    __tablename__ = "changes"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
