"""Replies on Telegram: one sendMessage an order, within the platform's pace, and an honest outcome."""

import time
from collections import deque
from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from telegram.error import BadRequest, ChatMigrated, Forbidden, InvalidToken, NetworkError, RetryAfter, TelegramError

from domain.acting import CannotTell, Outcome, ReadBack, Refused, ReplyOrder, RetryLater, Sent, Unknown
from domain.people import Platform
from platforms.telegram import TelegramAccess, TelegramLine, TelegramMessage, asked_wait_s, was_not_sent, what_is_wrong

NO_CONNECTION_S = 5.0
UNNAMED_WAIT_S = 30.0
BAD_TOKEN_S = 300.0
MAX_REASON = 200

_NO_HISTORY = "Telegram gives bots no history to look in."
_MIGRATED = "The group became a supergroup and its posts got new ids, so this one can no longer be answered."


class TelegramResponder:
    """Sends replies and never sleeps: an order beyond the pace comes back as RetryLater. `clock` is monotonic seconds."""

    def __init__(self, access: TelegramAccess, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._line = TelegramLine(access)
        self._pace = Pace(access)
        self._clock = clock

    @property
    def platform(self) -> Platform:
        return "telegram"

    async def reply(self, order: ReplyOrder) -> Outcome:
        wait_s = self._pace.take(order.channel_id, self._clock())
        if wait_s > 0:
            return RetryLater(after_s=wait_s, reason="our own pace for Telegram")
        try:
            answer = await self._line.ask("sendmessage", _message(order))
        except TelegramError as error:
            outcome = outcome_of(error)
            if isinstance(error, RetryAfter) and isinstance(outcome, RetryLater):
                self._pace.hold(order.channel_id, until=self._clock() + outcome.after_s)
            return outcome
        return _sent(answer)

    async def find(self, order: ReplyOrder) -> ReadBack:  # noqa: ARG002 - the protocol's signature
        return CannotTell(reason=_NO_HISTORY)

    async def close(self) -> None:
        await self._line.close()


class Pace:
    """How fast we speak: Telegram's soft limits as sliding windows, per chat, per group and overall."""

    def __init__(self, access: TelegramAccess) -> None:
        self._access = access
        self._sent: dict[str, deque[float]] = {}
        self._held: dict[str, float] = {}

    def take(self, chat_id: str, now: float) -> float:
        """0 and one message counted, or the seconds to wait and nothing counted."""
        windows = self._windows(chat_id)
        wait_s = max(self._held.get(chat_id, now) - now, *(self._wait(*window, now) for window in windows))
        if wait_s > 0:
            return wait_s
        self._held.pop(chat_id, None)
        for name, _, _ in windows:
            self._sent[name].append(now)
        return 0.0

    def hold(self, chat_id: str, *, until: float) -> None:
        """Nothing more into this chat until then: Telegram said so."""
        self._held[chat_id] = until

    def _windows(self, chat_id: str) -> list[tuple[str, int, float]]:
        windows = [("", self._access.sends_per_s, 1.0), (f"{chat_id}/s", self._access.sends_per_chat_s, 1.0)]
        if chat_id.startswith("-"):
            windows.append((f"{chat_id}/min", self._access.sends_per_group_min, 60.0))
        return windows

    def _wait(self, name: str, count: int, seconds: float, now: float) -> float:
        sent = self._sent.setdefault(name, deque())
        while sent and sent[0] <= now - seconds:
            sent.popleft()
        return sent[0] + seconds - now if len(sent) >= count else 0.0


def outcome_of(error: TelegramError) -> Outcome:
    """What a failed send means: certainly not there, not there for good, or perhaps there."""
    match error:
        case RetryAfter():
            return RetryLater(after_s=asked_wait_s(error), reason="Telegram asks us to slow down")
        case NetworkError() if error.message.startswith("Too Many Requests"):
            # A 429 that names no wait: the library has no error of its own for it.
            return RetryLater(after_s=UNNAMED_WAIT_S, reason="Telegram asks us to slow down")
        case ChatMigrated():
            return Refused(reason=_MIGRATED)
        case Forbidden() | BadRequest():
            return Refused(reason=error.message[:MAX_REASON])
        case InvalidToken():
            # The token can be mended, and nothing was posted.
            return RetryLater(after_s=BAD_TOKEN_S, reason="Telegram refuses the bot token")
        case _ if was_not_sent(error):
            return RetryLater(after_s=NO_CONNECTION_S, reason="no connection to Telegram")
        case _:
            return Unknown(reason=f"no clear answer from Telegram ({type(error).__name__})")


def _message(order: ReplyOrder) -> dict[str, Any]:
    """Plain text without parse_mode: nothing to escape, nothing a stranger's words could switch on."""
    _, _, message_id = order.mention_id.rpartition(":")
    _, _, topic = order.thread_id.rpartition(":")
    message: dict[str, Any] = {
        "chat_id": int(order.channel_id),
        "text": order.text,
        "reply_parameters": {"message_id": int(message_id)},
        "link_preview_options": {"is_disabled": True},
    }
    return message | ({"message_thread_id": int(topic)} if int(topic or 0) else {})


def _sent(answer: object) -> Outcome:
    try:
        message = TelegramMessage.model_validate(answer)
    except ValidationError as error:
        return Unknown(reason=f"Telegram took it but the answer is unreadable: {what_is_wrong(error)}")
    return Sent(external_id=f"{message.chat.id}:{message.message_id}")
