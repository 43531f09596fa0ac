"""Telegram as its listener and its responder share it: access, the connection, and the parts of its objects that we read."""

import asyncio
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from telegram import Bot
from telegram.error import RetryAfter, TelegramError
from telegram.request import HTTPXRequest

CONNECT_S = 5.0
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True, slots=True, kw_only=True)
class TelegramAccess:
    """How to reach Telegram, what concerns the brand there, and how fast we may speak.

    `support_channels` holds chat ids ("-100...") and topics ("<chat id>:<topic id>").
    """

    token: str
    base_url: str = "https://api.telegram.org"
    poll_timeout_s: int = 25
    brand_words: tuple[str, ...] = ()
    support_channels: frozenset[str] = frozenset()
    send_timeout_s: float = 10.0
    sends_per_chat_s: int = 1
    sends_per_group_min: int = 20
    sends_per_s: int = 30


class TelegramLine:
    """One bot's connection, through python-telegram-bot."""

    def __init__(self, access: TelegramAccess) -> None:
        _tame_the_library()
        base = access.base_url.rstrip("/")
        self._timeout_s = access.send_timeout_s
        self._request = HTTPXRequest(
            connection_pool_size=16,
            connect_timeout=CONNECT_S,
            write_timeout=self._timeout_s,
            # A proxy named in the environment cannot reach a server on this machine.
            httpx_kwargs={"trust_env": urlsplit(base).hostname not in LOOPBACK},
        )
        # One pool for both roles: a listener only polls and a responder only sends.
        self._bot = Bot(
            access.token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._request,
            get_updates_request=self._request,
        )

    async def ask(self, method: str, parameters: Mapping[str, Any] | None = None, *, timeout_s: float | None = None) -> object:
        """The raw `result` of one Bot API method, named in lower case.

        Lower case because the library warns when it has a method of its own by the given name, and its own would parse the
        answer at once; the Bot API does not mind the case. Raises TelegramError for whatever goes wrong; `was_not_sent` tells
        whether the request left.
        """
        read_s = timeout_s or self._timeout_s
        try:
            # The read timeout starts anew with every byte; the outer one ends an answer that trickles.
            async with asyncio.timeout(CONNECT_S + read_s + 5):
                return cast("object", await self._bot.do_api_request(method, dict(parameters or {}), read_timeout=read_s))
        except TimeoutError as error:
            raise TelegramError("no answer in time") from error
        except (LookupError, TypeError, AttributeError) as error:
            # What the library stumbles over when a proxy answers in Telegram's place.
            raise TelegramError("the answer is none of the Bot API's") from error

    async def close(self) -> None:
        await self._request.shutdown()


def asked_wait_s(error: RetryAfter) -> float:
    """The seconds Telegram asks us to wait: at least one, at most an hour, whatever it says."""
    asked = error.retry_after
    return min(max(float(asked) if isinstance(asked, int) else asked.total_seconds(), 1.0), 3600.0)


def was_not_sent(error: TelegramError) -> bool:
    """True when no connection was made, so that nothing can have happened on the other side."""
    return isinstance(error.__cause__, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout | httpx.ProxyError)


def _tame_the_library() -> None:
    """Keep the token, which stands in every request URL, and people's texts out of the logs.

    httpx and httpcore log URLs at INFO and DEBUG; the library logs texts at DEBUG and unreadable answers at ERROR. Whatever
    goes wrong reaches us as exceptions, which we log ourselves.
    """
    for name, level in (("httpx", logging.WARNING), ("httpcore", logging.WARNING), ("telegram", logging.CRITICAL)):
        logging.getLogger(name).setLevel(level)
    # The library's own switch for retry_after as timedelta; without it every 429 is a deprecation warning.
    os.environ.setdefault("PTB_TIMEDELTA", "true")


class _Wire(BaseModel):
    """Only the fields that we read; Telegram adds others at any time."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TelegramUser(_Wire):
    id: int
    is_bot: bool = False
    first_name: str = ""
    last_name: str = ""
    username: str | None = None
    can_read_all_group_messages: bool = True


class TelegramChat(_Wire):
    id: int
    type: str = ""
    title: str = ""
    username: str | None = None
    first_name: str = ""
    last_name: str = ""


class TelegramEntity(_Wire):
    type: str
    offset: int = Field(ge=0)
    length: int = Field(ge=0)
    url: str | None = None
    user: TelegramUser | None = None


class TelegramFile(_Wire):
    file_id: str
    mime_type: str | None = None
    file_size: int | None = None


class TelegramMessage(_Wire):
    message_id: int
    date: datetime
    chat: TelegramChat
    from_user: TelegramUser | None = Field(default=None, alias="from")
    sender_chat: TelegramChat | None = None
    sender_tag: str | None = None
    author_signature: str | None = None
    message_thread_id: int | None = None
    is_topic_message: bool = False
    reply_to_message: "TelegramMessage | None" = None
    forum_topic_created: dict[str, Any] | None = None
    edit_date: datetime | None = None
    new_chat_members: tuple[TelegramUser, ...] = ()
    text: str = ""
    caption: str = ""
    entities: tuple[TelegramEntity, ...] = ()
    caption_entities: tuple[TelegramEntity, ...] = ()
    photo: tuple[TelegramFile, ...] = ()
    video: TelegramFile | None = None
    animation: TelegramFile | None = None
    video_note: TelegramFile | None = None
    audio: TelegramFile | None = None
    voice: TelegramFile | None = None
    document: TelegramFile | None = None
    sticker: TelegramFile | None = None


class TelegramMember(_Wire):
    status: str
    user: TelegramUser
    tag: str | None = None
    custom_title: str | None = None


class TelegramMemberChange(_Wire):
    new_chat_member: TelegramMember


class TelegramUpdate(_Wire):
    update_id: int
    message: TelegramMessage | None = None
    edited_message: TelegramMessage | None = None
    chat_member: TelegramMemberChange | None = None


def what_is_wrong(error: ValidationError) -> str:
    """Where and how a payload fails, without any of its values: they may be private."""
    found = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'payload'}: {fault['type']}" for fault in found[:5])
