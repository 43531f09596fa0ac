"""Everything the local Discord knows: one guild, its people, channels, messages and gateway sessions."""

import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from secrets import token_hex

from sandbox import brand
from sandbox.discord import render, rules
from sandbox.discord.faults import Fault
from sandbox.discord.limits import Limiter
from sandbox.discord.render import Channel, Json, Person, Post
from sandbox.discord.session import Outbox, Session
from sandbox.ledger import Ledger

_EPOCH_MS = 1_420_070_400_000
_USER_MENTION = re.compile(r"<@!?(\d+)>")
_NONCE_REMEMBERED = timedelta(minutes=5)
_APPLICATION_FLAGS = {rules.GUILD_PRESENCES: 1 << 13, rules.GUILD_MEMBERS: 1 << 15, rules.MESSAGE_CONTENT: 1 << 19}


class DiscordWorld:
    """Reached at `base_url`. Every change goes through a method that tells the gateway's sessions and the ledger."""

    def __init__(self, ledger: Ledger, base_url: str) -> None:
        self.ledger = ledger
        self.base_url = base_url
        self.gateway_url = base_url.replace("http", "ws", 1) + "/gateway"
        self.granted_intents = rules.PRIVILEGED
        """Privileged intents the application was given in the developer portal."""
        self.heartbeat_ms = 41_250
        self.identify_every_s = 5.0
        self.identified: list[float] = []
        self.limiter = Limiter()
        self.faults: list[Fault] = []
        self.sessions: dict[str, Session] = {}
        self.people: dict[str, Person] = {}
        self.channels: dict[str, Channel] = {}
        self.posts: dict[str, Post] = {}
        self._timelines: dict[str, list[Post]] = {}
        self._last_id = 0
        self.bot = self._found(
            Person(id=brand.DISCORD_BOT_ID, username=brand.DISCORD_BOT_USERNAME, display_name="", kind="bot")
        )
        self.bot.display_name = brand.DISCORD_BOT_USERNAME
        self.bot.joined_at = datetime.now(UTC)
        for channel_id, name in (
            (brand.DISCORD_GENERAL_ID, brand.DISCORD_GENERAL_NAME),
            (brand.DISCORD_SUPPORT_ID, brand.DISCORD_SUPPORT_NAME),
        ):
            self.add_channel(Channel(id=channel_id, name=name))

    # Reading

    @property
    def application_flags(self) -> int:
        return sum(flag for intent, flag in _APPLICATION_FLAGS.items() if self.granted_intents & intent)

    def members(self) -> list[Person]:
        return [person for person in self.people.values() if person.joined_at]

    def history(self, channel_id: str) -> list[Post]:
        """Live posts, oldest first."""
        return self._timelines.get(channel_id, [])

    def message(self, post: Post, *, readable: bool) -> Json:
        """The message object; without `readable` the message content rule hides its text."""
        body = render.message(post, self.people[post.author_id], [self.people[id_] for id_ in post.mentions])
        if post.reply_to:
            parent = self.posts.get(post.reply_to)
            body["referenced_message"] = self._parent(parent, readable=readable) if parent else None
        return body if readable else rules.hide_content(body, self.bot.id)

    def _parent(self, post: Post, *, readable: bool) -> Json:
        body = render.message(post, self.people[post.author_id], [self.people[id_] for id_ in post.mentions])
        return body if readable else rules.hide_content(body, self.bot.id)

    # People

    def add_person(self, person: Person) -> Person:
        """Register `person`, or return the one who has its id or username already."""
        known = self.people.get(person.id) or next((p for p in self.people.values() if p.username == person.username), None)
        return known or self._found(person)

    def _found(self, person: Person) -> Person:
        self.people[person.id] = person
        return person

    def join(self, person: Person) -> None:
        if person.joined_at or person.kind == "webhook":
            return
        person.joined_at = datetime.now(UTC)
        event = render.member(person) | {"guild_id": brand.DISCORD_GUILD_ID}
        self._tell(rules.GUILD_MEMBERS, "GUILD_MEMBER_ADD", event)

    def leave(self, person: Person) -> None:
        if person.joined_at:
            person.joined_at = None
            event: Json = {"guild_id": brand.DISCORD_GUILD_ID, "user": render.user(person)}
            self._tell(rules.GUILD_MEMBERS, "GUILD_MEMBER_REMOVE", event)

    def renamed(self, person: Person) -> None:
        """Tell those who may know that names or picture of `person` changed."""
        if person.joined_at:
            event = render.member(person) | {"guild_id": brand.DISCORD_GUILD_ID}
            self._tell(rules.GUILD_MEMBERS, "GUILD_MEMBER_UPDATE", event)

    # Channels and posts

    def add_channel(self, channel: Channel) -> Channel:
        known = self.channels.get(channel.id) or next((c for c in self.channels.values() if c.name == channel.name), None)
        if known:
            return known
        self.channels[channel.id] = channel
        self._timelines[channel.id] = []
        self._tell(rules.GUILDS, "CHANNEL_CREATE", render.channel(channel, len(self.channels)))
        return channel

    def publish(self, post: Post, *, kind: str, allowed: Json | None = None) -> Post:
        """Add a new post; `kind` is the ledger's word for it, `allowed` the API's allowed_mentions."""
        self.join(self.people[post.author_id])
        post.mentions = self._notified(post, allowed)
        self.posts[post.id] = post
        self._timelines[post.channel_id].append(post)
        self.channels[post.channel_id].last_message_id = post.id
        facts = {
            "id": post.id,
            "author": post.author_id,
            "text": post.text,
            "channel": post.channel_id,
            "reply_to": post.reply_to,
        }
        self.ledger.append(kind, **facts)
        self._tell_message("MESSAGE_CREATE", post)
        return post

    def edit(self, post: Post, text: str) -> None:
        post.text, post.edited_at = text, datetime.now(UTC)
        self.ledger.append("edited", id=post.id, text=text)
        self._tell_message("MESSAGE_UPDATE", post)

    def delete(self, post: Post) -> None:
        del self.posts[post.id]
        self._timelines[post.channel_id].remove(post)
        self.ledger.append("deleted", id=post.id)
        place = {"channel_id": post.channel_id, "guild_id": brand.DISCORD_GUILD_ID}
        self._tell(rules.GUILD_MESSAGES, "MESSAGE_DELETE", {"id": post.id, **place})

    def with_nonce(self, channel_id: str, nonce: str) -> Post | None:
        """The bot's post of the last minutes that carries this nonce."""
        oldest = datetime.now(UTC) - _NONCE_REMEMBERED
        recent = takewhile(lambda post: post.at > oldest, reversed(self.history(channel_id)))
        return next((post for post in recent if post.nonce == nonce and post.author_id == self.bot.id), None)

    def _notified(self, post: Post, allowed: Json | None) -> list[str]:
        named = [id_ for id_ in _USER_MENTION.findall(post.text) if id_ in self.people and rules.may_notify(allowed, id_)]
        parent = self.posts.get(post.reply_to or "")
        if parent and rules.may_notify_replied(allowed):
            named.append(parent.author_id)
        return list(dict.fromkeys(named))

    # Identity and sessions

    def new_id(self, at: float | None = None) -> str:
        """A snowflake for the moment `at` (unix seconds; now if None). Those for now always grow."""
        moment = (int((time.time() if at is None else at) * 1000) - _EPOCH_MS) << 22
        if at is None:
            moment = self._last_id = max(moment, self._last_id + 1)
        while str(moment) in self.people:
            moment += 1
        return str(moment)

    def open_session(self, intents: int, outbox: Outbox) -> Session:
        session = Session(token_hex(16), intents, outbox)
        self.sessions[session.id] = session
        return session

    def live_sessions(self) -> Iterable[Session]:
        return [session for session in self.sessions.values() if session.outbox]

    def _tell(self, intent: int, name: str, data: Json) -> None:
        for session in self.sessions.values():
            if session.intents & intent:
                session.dispatch(name, data)

    def _tell_message(self, name: str, post: Post) -> None:
        author = self.people[post.author_id]
        extra: Json = {"guild_id": brand.DISCORD_GUILD_ID}
        if author.joined_at:
            extra["member"] = render.membership_in_message(author)
        if post.nonce and name == "MESSAGE_CREATE":
            extra["nonce"] = post.nonce
        for session in self.sessions.values():
            if session.intents & rules.GUILD_MESSAGES:
                readable = bool(session.intents & rules.MESSAGE_CONTENT)
                session.dispatch(name, self.message(post, readable=readable) | extra)
