"""The Bot API's own objects, built from what the world knows."""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
PersonKind = Literal["person", "bot", "channel"]

ANONYMOUS_ADMIN: Json = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
CHANNEL_BOT: Json = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}

_ENTITY = re.compile(
    r"(?P<url>https?://\S+)|(?P<email>[\w.+-]+@[\w-]+\.\w[\w.]*)|(?<!\w)(?P<mention>@\w{4,32})|(?<![\w/])(?P<bot_command>/\w{1,64}(?:@\w{4,32})?)"
)


@dataclass(slots=True, kw_only=True)
class Person:
    """A user, another bot, or a channel that speaks in groups (`id` is then the channel's, negative)."""

    id: int
    username: str | None
    display_name: str
    kind: PersonKind = "person"
    title: str | None = None
    bio: str | None = None
    started: bool = False
    """Has opened a private chat with the bot."""
    blocked: bool = False
    """Has blocked the bot."""


@dataclass(slots=True, kw_only=True)
class Group:
    """A supergroup the bot sits in."""

    id: int
    title: str
    username: str | None = None
    description: str | None = None
    is_forum: bool = False
    bot_status: str = "administrator"
    members: dict[int, str] = field(default_factory=dict[int, str])
    """Status by person id, departed people included."""
    topics: dict[int, str] = field(default_factory=dict[int, str])
    """Names by the id of the message that opened the topic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """One picture or document; its bytes are made up when they are asked for."""

    file_id: str
    path: str
    size: int
    mime: str


def user(person: Person) -> Json:
    first, _, last = person.display_name.partition(" ")
    facts: Json = {"id": person.id, "is_bot": person.kind == "bot", "first_name": first}
    return facts | _present(last_name=last, username=person.username)


def group_chat(group: Group) -> Json:
    facts: Json = {"id": group.id, "type": "supergroup", "title": group.title}
    return facts | _present(username=group.username, is_forum=group.is_forum)


def private_chat(person: Person) -> Json:
    first, _, last = person.display_name.partition(" ")
    return {"id": person.id, "type": "private", "first_name": first} | _present(last_name=last, username=person.username)


def channel_chat(person: Person) -> Json:
    return {"id": person.id, "type": "channel", "title": person.display_name} | _present(username=person.username)


def full_info(chat: Json, **more: str | None) -> Json:
    """ChatFullInfo: `chat` with the fields that only getChat shows."""
    gifts = ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels")
    always: Json = {"accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": dict.fromkeys(gifts, False)}
    return chat | always | _present(**more)


def member(person: Person, status: str) -> Json:
    facts: Json = {"status": status, "user": user(person)}
    if status == "creator":
        return facts | {"is_anonymous": False} | _present(custom_title=person.title)
    if status == "administrator":
        return facts | _WITHHELD | _GRANTED | _present(custom_title=person.title)
    if status == "kicked":
        return facts | {"until_date": 0}
    return facts | (_present(tag=person.title) if status == "member" else {})


def entities(text: str) -> list[Json]:
    """Mentions, commands and links, with offsets in UTF-16 units."""
    return [
        {"type": found.lastgroup, "offset": units(text[: found.start()]), "length": units(found.group())}
        for found in _ENTITY.finditer(text)
    ]


def units(text: str) -> int:
    """Length as Telegram counts it: UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def text_fields(text: str, *, caption: bool) -> Json:
    if not text:
        return {}
    prefix = "caption" if caption else "text"
    facts: Json = {prefix: text}
    return facts | _present(**{"caption_entities" if caption else "entities": entities(text)})


def photo(file: StoredFile) -> Json:
    side = {"width": 90, "height": 90}
    small = {"file_id": f"{file.file_id}-s", "file_unique_id": f"{file.file_id}us", **side}
    large = {
        "file_id": file.file_id,
        "file_unique_id": f"{file.file_id}u",
        "width": 1280,
        "height": 1280,
        "file_size": file.size,
    }
    return {"photo": [small, large]}


def document(file: StoredFile) -> Json:
    name = file.path.rpartition("/")[2]
    facts: Json = {"file_id": file.file_id, "file_unique_id": f"{file.file_id}u", "file_name": name}
    return {"document": facts | {"mime_type": file.mime, "file_size": file.size}}


def _present(**facts: Any) -> Json:
    return {name: value for name, value in facts.items() if value}


_WITHHELD: Json = dict.fromkeys(
    (
        "can_be_edited",
        "is_anonymous",
        "can_manage_video_chats",
        "can_promote_members",
        "can_change_info",
        "can_invite_users",
        "can_post_stories",
        "can_edit_stories",
        "can_delete_stories",
    ),
    False,
)
_GRANTED: Json = dict.fromkeys(("can_manage_chat", "can_delete_messages", "can_restrict_members"), True)
