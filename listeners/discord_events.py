"""What Discord's events mean: plain values in, plain values out. Total, whatever strangers send."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal

from domain.hearing import AccountSeen, Deleted, Edited, Event, Media, Mention, Unparsable
from domain.people import Account, AccountKind

Json = Mapping[str, Any]

_PEOPLE_WROTE: Final = frozenset({0, 19, 20, 23})
"""Message types: default, reply, and the answers to commands. The others are notices of Discord's own."""
_REPLY_TYPE: Final = 19
_EPOCH_MS: Final = 1_420_070_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A channel or thread."""

    name: str
    guild_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What must be known to understand an event: who we are, and what the server told us before."""

    us: str
    brand_words: tuple[str, ...] = ()
    support_channels: frozenset[str] = frozenset()
    cdn_url: str = ""
    places: Mapping[str, Place] = field(default_factory=dict[str, Place])
    nicks: Mapping[str, str] = field(default_factory=dict[str, str])
    """User id -> server nickname; history does not carry them."""


def parse(name: str, data: Json, scene: Scene) -> Event | None:
    """The event `name` of the gateway, or None when it says nothing about posts or people.

    Total: strange data is Unparsable.
    """
    try:
        match name:
            case "MESSAGE_CREATE":
                return _mention(data, scene) if data["type"] in _PEOPLE_WROTE else None
            case "MESSAGE_UPDATE":
                return _edited(data)
            case "MESSAGE_DELETE":
                return Deleted(platform="discord", external_id=str(data["id"]))
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
                return AccountSeen(account=_account(data["user"], data.get("nick"), scene))
            case _:
                return None
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError) as error:
        return Unparsable(platform="discord", error=f"{name}: {type(error).__name__}")


def _mention(data: Json, scene: Scene) -> Mention:
    channel_id, message_id, text = str(data["channel_id"]), str(data["id"]), _text(data)
    place = scene.places.get(channel_id)
    guild_id = data.get("guild_id") or (place.guild_id if place else None)
    author: Json = data["author"]
    member: Json = data.get("member") or {}
    return Mention(
        platform="discord",
        external_id=message_id,
        channel_id=channel_id,
        channel_name=place.name if place else "",
        thread_id=channel_id,
        reply_to_id=_replied_to(data),
        author=_account(author, member.get("nick") or scene.nicks.get(str(author["id"])), scene, data.get("webhook_id")),
        text=text,
        posted_at=_time(data["timestamp"]),
        addressed=_addressed(data, text, scene),
        url=f"https://discord.com/channels/{guild_id}/{channel_id}/{message_id}" if guild_id else None,
        media=tuple(_media(attachment) for attachment in data.get("attachments") or ()),
    )


def _text(data: Json) -> str:
    """What was written; of a forwarded post, what it forwards."""
    forwarded: Iterable[Json] = data.get("message_snapshots") or ()
    return str(data["content"] or "\n".join(str(each["message"]["content"]) for each in forwarded))


def _replied_to(data: Json) -> str | None:
    reference: Json = data.get("message_reference") or {}
    target = reference.get("message_id")
    return str(target) if target and data["type"] == _REPLY_TYPE else None


def _addressed(data: Json, text: str, scene: Scene) -> bool:
    """It mentions or answers our bot, names a brand word, or stands in a support channel."""
    parent: Json = data.get("referenced_message") or {}
    answered: Json = parent.get("author") or {}
    place = scene.places.get(str(data["channel_id"]))
    return (
        any(str(user["id"]) == scene.us for user in data.get("mentions") or ())
        or (_replied_to(data) is not None and answered.get("id") == scene.us)
        or str(data["channel_id"]) in scene.support_channels
        or (place is not None and place.name in scene.support_channels)
        or any(_names(text, word) for word in scene.brand_words)
    )


def _names(text: str, word: str) -> bool:
    # Boundaries in ASCII only: Chinese and Japanese write the brand's name without spaces around it.
    return re.search(rf"(?<![a-z0-9_]){re.escape(word.casefold())}(?![a-z0-9_])", text.casefold()) is not None


def _account(user: Json, nick: object, scene: Scene, webhook_id: object = None) -> Account:
    user_id = str(user["id"])
    avatar = user.get("avatar")
    return Account(
        platform="discord",
        id=user_id,
        kind=_kind(user, scene, webhook_id),
        username=str(user["username"]),
        display_name=str(user.get("global_name") or user["username"]),
        title=str(nick) if nick else None,
        created_at=datetime.fromtimestamp(((int(user_id) >> 22) + _EPOCH_MS) / 1000, UTC),
        avatar_url=f"{scene.cdn_url}/avatars/{user_id}/{avatar}.png" if avatar else None,
    )


def _kind(user: Json, scene: Scene, webhook_id: object) -> AccountKind:
    if str(user["id"]) == scene.us:
        return AccountKind.OURSELVES
    if webhook_id:
        return AccountKind.WEBHOOK
    return AccountKind.BOT if user.get("bot") or user.get("system") else AccountKind.PERSON


def _edited(data: Json) -> Edited | None:
    """None for updates that nobody wrote, such as a link preview that was added."""
    if not data.get("edited_timestamp") or "content" not in data:
        return None
    external_id, edited_at = str(data["id"]), _time(data["edited_timestamp"])
    return Edited(platform="discord", external_id=external_id, text=str(data["content"]), edited_at=edited_at)


def _media(attachment: Json) -> Media:
    mime: str | None = attachment.get("content_type")
    kinds: dict[str, Literal["photo", "video", "audio"]] = {"image": "photo", "video": "video", "audio": "audio"}
    return Media(
        kind=kinds.get((mime or "").partition("/")[0], "document"),
        external_id=str(attachment["id"]),
        url=attachment.get("url"),
        mime=mime,
        size_bytes=attachment.get("size"),
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)
