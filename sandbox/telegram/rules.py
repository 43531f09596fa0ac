"""The platform's rules, one place each: what the bot may send, how often, and what it is shown."""

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field

from sandbox.telegram import wire
from sandbox.telegram.errors import bad_request, too_many_requests
from sandbox.telegram.wire import Json, Person

MAX_TEXT = 4096


@dataclass(slots=True, kw_only=True)
class Visibility:
    """Which posts in groups reach the bot."""

    privacy_mode: bool = False
    """On: only commands, mentions and replies to the bot. Off here, and the bot is an administrator."""
    bot_to_bot: bool = True
    """Other bots are heard when they answer the bot or command it; off: never."""

    def shows(self, message: Json, author: Person, bot: Person) -> bool:
        if author.kind == "bot":
            return self.bot_to_bot and (_answers(message, bot) or _commands(message, bot))
        if self.privacy_mode and message["chat"]["type"] != "private":
            return _answers(message, bot) or _commands(message, bot) or _names(message, bot)
        return True


@dataclass(slots=True, kw_only=True)
class FloodGate:
    """Soft limits on sending as (count, seconds) windows: generous, because the real numbers are not published."""

    clock: Callable[[], float] = field(kw_only=False)
    per_chat: tuple[int, float] = (30, 1.0)
    per_group: tuple[int, float] = (1200, 60.0)
    overall: tuple[int, float] = (300, 1.0)
    _sent: dict[str, deque[float]] = field(default_factory=lambda: defaultdict[str, deque[float]](deque))

    def pass_through(self, chat_id: int) -> None:
        """Count one message. Raises ApiError 429 with the whole seconds to wait."""
        windows = [("overall", self.overall), (f"chat {chat_id}", self.per_chat)]
        if chat_id < 0:
            windows.append((f"group {chat_id}", self.per_group))
        wait = max(self._wait(name, window) for name, window in windows)
        if wait > 0:
            raise too_many_requests(math.ceil(wait))
        for name, _ in windows:
            self._sent[name].append(self.clock())

    def _wait(self, name: str, window: tuple[int, float]) -> float:
        count, seconds = window
        sent, now = self._sent[name], self.clock()
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds - now if len(sent) >= count else 0.0


def check_text(text: str) -> None:
    if not text.strip():
        raise bad_request("message text is empty")
    if wire.units(text) > MAX_TEXT:
        raise bad_request("message is too long")


def file_bytes(name: str) -> bytes:
    """What a made-up file contains."""
    return f"sandbox file {name}\n".encode()


def _answers(message: Json, bot: Person) -> bool:
    return message.get("reply_to_message", {}).get("from", {}).get("id") == bot.id


def _commands(message: Json, bot: Person) -> bool:
    return any("@" not in said or said.endswith(f"@{bot.username}") for said in _said(message, "bot_command"))


def _names(message: Json, bot: Person) -> bool:
    return f"@{bot.username}".lower() in (said.lower() for said in _said(message, "mention"))


def _said(message: Json, entity_type: str) -> list[str]:
    units = message.get("text", message.get("caption", "")).encode("utf-16-le", "surrogatepass")
    found = message.get("entities", message.get("caption_entities", []))
    spans = [
        (entity["offset"] * 2, (entity["offset"] + entity["length"]) * 2) for entity in found if entity["type"] == entity_type
    ]
    return [units[start:end].decode("utf-16-le", "replace") for start, end in spans]
