"""Who speaks: accounts as one platform shows them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

Platform = Literal["x", "telegram", "discord"]
PLATFORMS: tuple[Platform, ...] = ("x", "telegram", "discord")


class AccountKind(StrEnum):
    """What stands behind an account; only a PERSON is ever answered."""

    PERSON = "person"
    BOT = "bot"
    WEBHOOK = "webhook"
    CHANNEL = "channel"
    OURSELVES = "ourselves"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One account on one platform. `id` is the platform's immutable id; every other name can change."""

    platform: Platform
    id: str
    kind: AccountKind
    username: str | None
    display_name: str
    title: str | None = None
    """A costume the platform shows beside the name: Telegram custom title or tag, Discord server nickname."""
    bio: str | None = None
    created_at: datetime | None = None
    followers: int | None = None
    following: int | None = None
    posts: int | None = None
    verified: bool | None = None
    avatar_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """An official account, member of staff or partner in the brand's registry. Looked up by immutable id."""

    platform: Platform
    id: str | None
    username: str | None
    display_name: str
    role: str
    """brand | staff | region | partner | bot"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Who officially speaks for the brand, and the words by which others pretend to."""

    brand_words: tuple[str, ...]
    domains: tuple[str, ...]
    role_words: Mapping[str, tuple[str, ...]]
    """Language -> words that claim a function: support, admin, official."""
    identities: tuple[Identity, ...]
