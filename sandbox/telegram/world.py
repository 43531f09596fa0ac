"""Everything that is true in the sandbox's Telegram: people, groups, messages, and what the bot is told of them."""

import time
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from zlib import crc32

from starlette.responses import Response

from sandbox import brand
from sandbox.ledger import Ledger
from sandbox.telegram import rules, wire
from sandbox.telegram.errors import bad_request
from sandbox.telegram.updates import UpdateQueue
from sandbox.telegram.wire import Group, Json, Person, PersonKind, StoredFile

Fault = Callable[[Callable[[], Awaitable[Response]]], Awaitable[Response]]
"""Given the real handling of one request, answers in its place: before it, after it, or without it."""

_FIRST_PERSON = 5_000_000_000
_FIRST_GROUP = 1_003_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A message about to be sent."""

    chat_id: int
    text: str
    reply_to: int | None = None
    topic: int | None = None
    media: tuple[tuple[str, str], ...] = ()
    """(kind, file name) pairs; the first is shown, as one Telegram message carries one file."""


class TelegramWorld:
    """State in memory. The bot is an administrator of the brand's community group and sees what the platform would show it."""

    def __init__(self, ledger: Ledger, clock: Callable[[], float] = time.time) -> None:
        self.ledger = ledger
        self.clock = clock
        self.token = brand.TELEGRAM_TOKEN
        self.webhook_url = ""
        self.queue = UpdateQueue(clock)
        self.flood = rules.FloodGate(clock)
        self.visibility = rules.Visibility()
        self.faults: dict[str, deque[Fault]] = defaultdict(deque)
        """Faults for the next calls of a method, by its name in lower case."""
        self.bot = Person(
            id=brand.TELEGRAM_BOT_ID, username=brand.TELEGRAM_BOT_USERNAME, display_name=brand.TELEGRAM_BOT_NAME, kind="bot"
        )
        self.people: dict[int, Person] = {self.bot.id: self.bot}
        self.groups: dict[int, Group] = {}
        self.messages: dict[tuple[int, int], Json] = {}
        self.files: dict[str, StoredFile] = {}
        # Message ids go on above those of an earlier run for the same reason as update ids.
        self._last_message_id = int(clock() * 1000)
        self.add_group(brand.TELEGRAM_GROUP_TITLE, group_id=brand.TELEGRAM_GROUP_ID)

    def add_person(self, username: str | None, display_name: str, *, kind: PersonKind, person_id: int | None = None) -> Person:
        """The person with this id or username, new if need be. A username gives the same id in every run."""
        known = self.people.get(person_id or 0) or self.by_username(username)
        if known:
            return known
        made_up = _FIRST_PERSON + crc32((username or display_name).lower().encode())
        new_id = person_id or (-_FIRST_GROUP - made_up if kind == "channel" else made_up)
        while new_id in self.people:
            new_id += 1
        self.people[new_id] = Person(id=new_id, username=username, display_name=display_name, kind=kind)
        return self.people[new_id]

    def by_username(self, username: str | None) -> Person | None:
        wanted = (username or "").lower()
        return next((person for person in self.people.values() if wanted and (person.username or "").lower() == wanted), None)

    def add_group(self, title: str, *, group_id: int | None = None, description: str | None = None) -> Group:
        """The group with this id or title, new if need be."""
        new_id = group_id or -_FIRST_GROUP - crc32(title.encode())
        group = self.groups.setdefault(new_id, Group(id=new_id, title=title, description=description))
        group.members.setdefault(self.bot.id, "administrator")
        return group

    def open_topic(self, group: Group, name: str) -> int:
        """Makes the group a forum if need be; returns the topic's message_thread_id."""
        group.is_forum = True
        opening = self._service(group, self.bot, {"forum_topic_created": {"name": name, "icon_color": 7322096}})
        opening |= {"message_thread_id": opening["message_id"], "is_topic_message": True}
        group.topics[opening["message_id"]] = name
        return opening["message_id"]

    def join(self, group: Group, person: Person) -> None:
        before = group.members.get(person.id, "left")
        if before == "member":
            return
        group.members[person.id] = "member"
        self.queue.push("message", self._service(group, person, {"new_chat_members": [wire.user(person)]}))
        self._member_changed(group, person, before)

    def leave(self, group: Group, person: Person) -> None:
        before = group.members.get(person.id, "left")
        group.members[person.id] = "left"
        self.queue.push("message", self._service(group, person, {"left_chat_member": wire.user(person)}))
        self._member_changed(group, person, before)

    def retitle(self, person: Person, title: str | None) -> None:
        """A new custom title or tag; groups tell it to administrators as a change of the member."""
        person.title = title
        for group in self.groups.values():
            if group.members.get(person.id, "left") != "left":
                self._member_changed(group, person, group.members[person.id])

    def post(self, author: Person, draft: Draft, *, anonymous: bool = False) -> Json:
        """A person speaks. Raises ApiError when the chat or the post answered is not there."""
        if draft.chat_id == author.id:
            author.started = True
        elif draft.chat_id in self.groups:
            self.groups[draft.chat_id].members.setdefault(author.id, "member")
        message = self._compose(self._sender(author, draft, anonymous=anonymous), draft)
        self._record("posted", author, message)
        if self.visibility.shows(message, author, self.bot):
            self.queue.push("message", message)
        return message

    def send(self, draft: Draft) -> Json:
        """The bot speaks. Raises ApiError when the platform would refuse it."""
        message = self._compose({"from": wire.user(self.bot)}, draft)
        self._record("replied", self.bot, message)
        return message

    def edit(self, key: tuple[int, int], text: str) -> None:
        old = self.messages[key]
        new: Json = {
            **old,
            "edit_date": int(self.clock()),
            **wire.text_fields(text, caption="photo" in old or "document" in old),
        }
        self.messages[key] = new
        self.ledger.append("edited", id=external_id(new), text=text)
        author = self.people.get(old["from"]["id"])
        if author is None or self.visibility.shows(new, author, self.bot):
            self.queue.push("edited_message", new)

    def delete(self, key: tuple[int, int]) -> None:
        """The Bot API has no such event for groups: the message is only gone."""
        self.ledger.append("deleted", id=external_id(self.messages.pop(key)))

    def chat(self, chat_id: int) -> Json:
        """The Chat object. Raises ApiError when the bot has never met it."""
        if chat_id in self.groups:
            return wire.group_chat(self.groups[chat_id])
        person = self.people.get(chat_id)
        if person is None:
            raise bad_request("chat not found")
        return wire.private_chat(person)

    def _sender(self, author: Person, draft: Draft, *, anonymous: bool) -> Json:
        if anonymous:
            signature = {"author_signature": author.title} if author.title else {}
            return {"from": wire.ANONYMOUS_ADMIN, "sender_chat": self.chat(draft.chat_id), **signature}
        if author.kind == "channel":
            return {"from": wire.CHANNEL_BOT, "sender_chat": wire.channel_chat(author)}
        tag = {"sender_tag": author.title} if author.title else {}
        return {"from": wire.user(author), **tag}

    def _compose(self, sender: Json, draft: Draft) -> Json:
        chat = self.chat(draft.chat_id)
        message: Json = {"message_id": self._new_message_id(), "date": int(self.clock()), "chat": chat, **sender}
        if draft.reply_to is not None:
            message |= self._reply(draft.chat_id, draft.reply_to)
        if draft.topic:
            message |= self._topic(draft.chat_id, draft.topic)
        message |= self._media(draft.media) | wire.text_fields(draft.text, caption=bool(draft.media))
        self.messages[draft.chat_id, message["message_id"]] = message
        return message

    def _reply(self, chat_id: int, target_id: int) -> Json:
        target = self.messages.get((chat_id, target_id))
        if target is None:
            raise bad_request("message to be replied not found")
        reply: Json = {"reply_to_message": {name: value for name, value in target.items() if name != "reply_to_message"}}
        if target.get("is_topic_message"):
            return reply | {"message_thread_id": target["message_thread_id"], "is_topic_message": True}
        if target["chat"]["type"] == "supergroup":
            # Supergroups number reply threads too; without is_topic_message such a number is no forum topic.
            return reply | {"message_thread_id": target.get("message_thread_id", target_id)}
        return reply

    def _topic(self, chat_id: int, topic: int) -> Json:
        group = self.groups.get(chat_id)
        if group is None or topic not in group.topics:
            raise bad_request("message thread not found")
        return {"message_thread_id": topic, "is_topic_message": True}

    def _media(self, media: tuple[tuple[str, str], ...]) -> Json:
        if not media:
            return {}
        kind, name = media[0]
        folder, mime = ("photos", "image/png") if kind == "photo" else ("documents", "application/octet-stream")
        file_id = f"AgAD{self._new_message_id()}"
        file = StoredFile(file_id=file_id, path=f"{folder}/{file_id}-{name}", size=len(rules.file_bytes(name)), mime=mime)
        self.files[file_id] = file
        return wire.photo(file) if kind == "photo" else wire.document(file)

    def _service(self, group: Group, person: Person, what: Json) -> Json:
        message: Json = {"message_id": self._new_message_id(), "date": int(self.clock()), "chat": wire.group_chat(group)}
        message |= {"from": wire.user(person), **what}
        self.messages[group.id, message["message_id"]] = message
        return message

    def _member_changed(self, group: Group, person: Person, before: str) -> None:
        after = wire.member(person, group.members[person.id])
        change = {"chat": wire.group_chat(group), "from": wire.user(person), "date": int(self.clock())}
        self.queue.push("chat_member", change | {"old_chat_member": wire.member(person, before), "new_chat_member": after})

    def _record(self, kind: str, author: Person, message: Json) -> None:
        target = message.get("reply_to_message")
        self.ledger.append(
            kind,
            id=external_id(message),
            author=str(author.id),
            text=message.get("text", message.get("caption", "")),
            channel=str(message["chat"]["id"]),
            reply_to=external_id(target) if target else None,
        )

    def _new_message_id(self) -> int:
        self._last_message_id += 1
        return self._last_message_id


def external_id(message: Any) -> str:
    return f"{message['chat']['id']}:{message['message_id']}"
