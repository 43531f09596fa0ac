"""What one run of the Discord listener knows: places, nicknames, and how far each channel's history was read. No I/O."""

import json
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from domain.hearing import Batch, Deleted, Heard, Mention, Unparsable
from listeners.discord_events import Json, Place, Scene, parse
from platforms.discord import DiscordAccess

_REMEMBERED: Final = 20_000
_CHANNELS_WITH_TEXT: Final = frozenset({0, 2, 5, 10, 11, 12, 13})


@dataclass(frozen=True, slots=True)
class Payload:
    """One payload of the gateway as it came, and what it holds."""

    name: str
    data: Json
    raw: str


class _Memory:
    """The latest message ids that were yielded."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}

    def add(self, message_id: str) -> bool:
        """Whether it is new."""
        if message_id in self._ids:
            return False
        self._ids[message_id] = None
        if len(self._ids) > _REMEMBERED:
            del self._ids[next(iter(self._ids))]
        return True


class Hearing:
    """Turns payloads and pages of history into batches, each post once, and keeps the marks that become cursors."""

    def __init__(self, access: DiscordAccess, cursors: Mapping[str, str]) -> None:
        self.places: dict[str, Place] = {}
        self.nicks: dict[str, str] = {}
        self.scene = Scene(
            us="",
            brand_words=access.brand_words,
            support_channels=access.support_channels,
            cdn_url=access.cdn_url,
            places=self.places,
            nicks=self.nicks,
        )
        self.marks = {name.removeprefix("channel:"): int(mark) for name, mark in cursors.items() if name.startswith("channel:")}
        self._started_after = max(self.marks.values(), default=None)
        """Channels younger than anything read before the start were made while we were away: all of them is new."""
        self.due: deque[str] = deque()
        """Channels whose history is to be read."""
        self._memory = _Memory()

    def batch(self, payloads: Iterable[Payload]) -> Batch:
        """Events of the gateway. Its cursors are only those of channels met for the first time."""
        known = set(self.marks)
        heard = [each for payload in payloads for each in self._hear(payload)]
        cursors = {f"channel:{id_}": str(mark) for id_, mark in self.marks.items() if id_ not in known}
        return Batch(platform="discord", heard=tuple(heard), cursors=cursors)

    def page(self, channel_id: str, messages: list[Json]) -> Batch:
        """One page of history, in any order, that begins right after the channel's mark; the mark moves to its end."""
        ordered = sorted(messages, key=lambda message: int(message["id"]))
        heard: list[Heard] = []
        for message in ordered:
            raw = json.dumps(message, ensure_ascii=False)
            heard += self._once("MESSAGE_CREATE", message, raw)
            if edited := parse("MESSAGE_UPDATE", message, self.scene):
                heard.append(Heard(event=edited, raw=raw))
        if ordered:
            self.marks[channel_id] = int(ordered[-1]["id"])
        return Batch(platform="discord", heard=tuple(heard), cursors={f"channel:{channel_id}": str(self.marks[channel_id])})

    def read_all(self) -> None:
        """Have the history of every known channel read."""
        self.due = deque(self.places)

    def forget(self, channel_id: str) -> None:
        """Read no more of this channel, until the server speaks of it again."""
        self.places.pop(channel_id, None)
        self.due = deque(id_ for id_ in self.due if id_ != channel_id)

    def _hear(self, payload: Payload) -> Iterable[Heard]:
        try:
            self._learn(payload.name, payload.data)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            yield Heard(event=Unparsable(platform="discord", error=f"{payload.name}: {type(error).__name__}"), raw=payload.raw)
            return
        if payload.name == "MALFORMED":
            yield Heard(event=Unparsable(platform="discord", error="a gateway payload is no JSON object"), raw=payload.raw)
        elif payload.name == "MESSAGE_DELETE_BULK":
            for message_id in payload.data.get("ids") or ():
                yield Heard(event=Deleted(platform="discord", external_id=str(message_id)), raw=payload.raw)
        else:
            yield from self._once(payload.name, payload.data, payload.raw)

    def _once(self, name: str, data: Json, raw: str) -> Iterable[Heard]:
        event = parse(name, data, self.scene)
        if event and (not isinstance(event, Mention) or self._memory.add(event.external_id)):
            yield Heard(event=event, raw=raw)

    def _learn(self, name: str, data: Json) -> None:
        match name:
            case "READY":
                self.scene = replace(self.scene, us=str(data["user"]["id"]))
            case "RESUMED":
                self.read_all()
            case "GUILD_CREATE":
                self._learn_guild(data)
            case "CHANNEL_CREATE" | "CHANNEL_UPDATE" | "THREAD_CREATE" | "THREAD_UPDATE":
                fresh = name == "CHANNEL_CREATE" or bool(data.get("newly_created"))
                self._learn_place(data, str(data["guild_id"]), fresh=fresh)
            case "CHANNEL_DELETE" | "THREAD_DELETE":
                self.forget(str(data["id"]))
            case "GUILD_MEMBER_ADD" | "GUILD_MEMBER_UPDATE":
                self._learn_nick(data["user"], data)
            case "MESSAGE_CREATE" if data.get("member"):
                self._learn_nick(data["author"], data["member"])
            case _:
                pass

    def _learn_guild(self, data: Json) -> None:
        for member in data.get("members") or ():
            self._learn_nick(member["user"], member)
        for channel in (*(data.get("channels") or ()), *(data.get("threads") or ())):
            made_while_away = self._started_after is not None and int(channel["id"]) > self._started_after
            self._learn_place(channel, str(data["id"]), fresh=made_while_away)

    def _learn_place(self, channel: Json, guild_id: str, *, fresh: bool) -> None:
        """`fresh`: everything in it is new to us. Otherwise a channel without a mark is heard from its newest message on."""
        if channel["type"] not in _CHANNELS_WITH_TEXT:
            return
        channel_id = str(channel["id"])
        self.places[channel_id] = Place(name=str(channel["name"]), guild_id=guild_id)
        start = channel_id if fresh else channel.get("last_message_id") or channel_id
        self.marks.setdefault(channel_id, int(start))
        if channel_id not in self.due:
            self.due.append(channel_id)

    def _learn_nick(self, user: Json, member: Json) -> None:
        if nick := member.get("nick"):
            self.nicks[str(user["id"])] = str(nick)
        else:
            self.nicks.pop(str(user["id"]), None)
