"""What listeners hear, and how a batch of it travels to storage."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from domain.people import Account, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A reference to a picture or file in a post; never its bytes."""

    kind: Literal["photo", "video", "audio", "document", "link", "other"]
    external_id: str
    url: str | None = None
    mime: str | None = None
    size_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A public post or message that concerns the brand. `(platform, external_id)` is its identity."""

    platform: Platform
    external_id: str
    """X: post id. Telegram: `<chat id>:<message id>`. Discord: message id."""
    channel_id: str
    """X: "" (the whole of X is one room). Telegram: chat id. Discord: channel or thread id."""
    channel_name: str
    thread_id: str
    """X: conversation id. Telegram: `<chat id>:<topic id>`, or `<chat id>:0` outside topics. Discord: channel or thread id."""
    reply_to_id: str | None
    """External id of the post this one answers, in the form of `external_id`."""
    author: Account
    text: str
    posted_at: datetime
    addressed: bool
    """The author asked us: mentions or quotes the brand's account, or replies to it."""
    url: str | None = None
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """The author changed a post. Unknown posts are ignored by intake."""

    platform: Platform
    external_id: str
    text: str
    edited_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Deleted:
    """A post is gone from the platform."""

    platform: Platform
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """Somebody joined or changed names without posting."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class Unparsable:
    """A payload no parser understood: quarantined with its raw text, never fatal."""

    platform: Platform
    error: str


Event = Mention | Edited | Deleted | AccountSeen | Unparsable


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """One event and the raw JSON it came from (as the platform sent it; intake redacts before storing)."""

    event: Event
    raw: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Events and the cursors that become true once they are stored: both commit in one transaction."""

    platform: Platform
    heard: tuple[Heard, ...]
    cursors: Mapping[str, str] = field(default_factory=dict[str, str])
    """Stream name -> position.

    X: {"mentions": since_id}. Telegram: {"updates": next offset}. Discord: {"channel:<id>": last message id}.
    """


ListenerState = Literal["starting", "connected", "waiting", "refused", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListenerHealth:
    """What a listener says about itself. `refused` needs a human (bad token, missing intent): `detail` says the mend."""

    state: ListenerState
    detail: str = ""
    last_contact_at: datetime | None = None
    """Last good answer or event from the platform."""


class Listener(Protocol):
    """Hears one platform.

    `batches` is an async generator: when it is resumed after a yield, that batch has been committed and the platform may be
    acknowledged. It never ends by itself and never raises on strangers' data; network trouble is waited out inside, with
    backoff, and shown in `health`. Raises `domain.errors.PlatformRefused` when only a human can mend it.
    """

    @property
    def platform(self) -> Platform: ...

    @property
    def health(self) -> ListenerHealth: ...

    def batches(self, cursors: Mapping[str, str]) -> AsyncIterator[Batch]: ...

    async def close(self) -> None: ...
