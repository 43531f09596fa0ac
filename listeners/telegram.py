"""Hears Telegram: an own getUpdates loop that acknowledges updates only once they are committed."""

import json
import random
from asyncio import sleep
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Literal, TypeVar, cast

import structlog
from pydantic import ValidationError
from telegram.error import Conflict, InvalidToken, RetryAfter, TelegramError

from domain.errors import PlatformRefused
from domain.hearing import AccountSeen, Batch, Edited, Event, Heard, ListenerHealth, Media, Mention, Unparsable
from domain.people import Account, AccountKind, Platform
from platforms.telegram import (
    TelegramAccess,
    TelegramChat,
    TelegramEntity,
    TelegramFile,
    TelegramLine,
    TelegramMessage,
    TelegramUpdate,
    TelegramUser,
    asked_wait_s,
    what_is_wrong,
)

log = structlog.get_logger(__name__)

T = TypeVar("T")

STREAM = "updates"
UPDATE_KINDS = ("message", "edited_message", "chat_member", "my_chat_member")
LONGEST_WAIT_S = 60.0
PRESENT = ("creator", "administrator", "member", "restricted")

_BAD_TOKEN = "Telegram refuses the bot token: put the one BotFather gave into the Telegram token setting and start again."  # noqa: S105
_DEAF = (
    "privacy mode is on: make the bot an administrator or turn privacy off with BotFather, or it hears only who addresses it"
)


class TelegramListener:
    """One poller of one bot. `first_wait_s` starts the backoff after a fault."""

    def __init__(self, access: TelegramAccess, *, first_wait_s: float = 1.0) -> None:
        self._access = access
        self._line = TelegramLine(access)
        self._first_wait_s = first_wait_s
        self._health = ListenerHealth(state="starting")
        self._advice = ""

    @property
    def platform(self) -> Platform:
        return "telegram"

    @property
    def health(self) -> ListenerHealth:
        return self._health

    async def batches(self, cursors: Mapping[str, str]) -> AsyncIterator[Batch]:
        """One batch an answer with updates. The next request's offset confirms a batch, and goes out only after the yield."""
        me = await self._patiently(self._who_am_i)
        self._advice = "" if me.can_read_all_group_messages else _DEAF
        offset = int(cursors[STREAM]) if cursors.get(STREAM, "").isdecimal() else None
        while True:
            updates = await self._patiently(partial(self._fetch, offset))
            if not updates:
                continue
            # Not the greater of this and the old offset: Telegram may start over with lower ids after a week of silence.
            offset = max(_ids(updates)) + 1
            heard = tuple(heard for update in updates for heard in _hear(update, self._access, me))
            yield Batch(platform="telegram", heard=heard, cursors={STREAM: str(offset)})

    async def close(self) -> None:
        if self._health.state != "refused":
            self._health = replace(self._health, state="stopped", detail="")
        await self._line.close()

    async def _who_am_i(self) -> TelegramUser:
        try:
            return TelegramUser.model_validate(await self._line.ask("getme"))
        except ValidationError as error:
            raise TelegramError(f"getMe: {what_is_wrong(error)}") from None

    async def _fetch(self, offset: int | None) -> list[object]:
        timeout_s = self._access.poll_timeout_s
        wanted: dict[str, Any] = {"timeout": timeout_s, "allowed_updates": list(UPDATE_KINDS)}
        if offset is not None:
            wanted["offset"] = offset
        updates = await self._line.ask("getupdates", wanted, timeout_s=timeout_s + 10)
        if not isinstance(updates, list):
            raise TelegramError("getUpdates: the result is no list")
        found = cast("list[object]", updates)
        if found and not _ids(found):
            raise TelegramError("getUpdates: no update has an id")
        return found

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """The answer, however long it takes. Raises PlatformRefused when the token is bad."""
        waits = _backoff(self._first_wait_s)
        while True:
            try:
                answer = await ask()
            except InvalidToken:
                self._health = replace(self._health, state="refused", detail=_BAD_TOKEN)
                # The library's message may quote the token.
                raise PlatformRefused(_BAD_TOKEN) from None
            except TelegramError as error:
                await self._wait_out(error, next(waits))
            else:
                self._health = ListenerHealth(state="connected", detail=self._advice, last_contact_at=datetime.now(UTC))
                return answer

    async def _wait_out(self, error: TelegramError, backoff_s: float) -> None:
        wait_s = max(backoff_s, asked_wait_s(error)) if isinstance(error, RetryAfter) else backoff_s
        self._health = replace(self._health, state="waiting", detail=_explain(error))
        log.warning("telegram_waits", fault=type(error).__name__, wait_s=round(wait_s, 1))
        await sleep(wait_s)


def parse(update: object, access: TelegramAccess, me: TelegramUser) -> tuple[Event, ...]:
    """What one update tells us: usually one event, several when several people join at once, none when it is not for us."""
    try:
        known = TelegramUpdate.model_validate(update)
    except ValidationError as error:
        return (Unparsable(platform="telegram", error=what_is_wrong(error)),)
    if known.message:
        return _message_events(known.message, access, me)
    if known.edited_message:
        return _edit_events(known.edited_message)
    if known.chat_member and known.chat_member.new_chat_member.status in PRESENT:
        member = known.chat_member.new_chat_member
        return (AccountSeen(account=_account(member.user, me, title=member.tag or member.custom_title)),)
    return ()


def _message_events(message: TelegramMessage, access: TelegramAccess, me: TelegramUser) -> tuple[Event, ...]:
    if message.new_chat_members:
        return tuple(AccountSeen(account=_account(user, me)) for user in message.new_chat_members)
    return (_mention(message, access, me),) if _has_content(message) else ()


def _edit_events(message: TelegramMessage) -> tuple[Event, ...]:
    if not _has_content(message):
        return ()
    edited_at = message.edit_date or message.date
    return (Edited(platform="telegram", external_id=_external_id(message), text=_text(message), edited_at=edited_at),)


def _mention(message: TelegramMessage, access: TelegramAccess, me: TelegramUser) -> Mention:
    answered = _answered(message)
    return Mention(
        platform="telegram",
        external_id=_external_id(message),
        channel_id=str(message.chat.id),
        channel_name=_chat_name(message.chat),
        thread_id=_thread_id(message),
        reply_to_id=_external_id(answered) if answered else None,
        author=_author(message, me),
        text=_text(message),
        posted_at=message.date,
        addressed=_is_addressed(message, answered, access, me),
        url=_url(message),
        media=_media(message),
    )


def _answered(message: TelegramMessage) -> TelegramMessage | None:
    """The post it answers. In a topic every message formally answers the message that opened the topic."""
    answered = message.reply_to_message
    return None if answered is None or answered.forum_topic_created is not None else answered


def _author(message: TelegramMessage, me: TelegramUser) -> Account:
    """Who speaks: a chat for channels and anonymous administrators (`from` is then a stand-in bot), else the user."""
    if message.from_user and not message.sender_chat:
        return _account(message.from_user, me, title=message.sender_tag)
    chat = message.sender_chat or message.chat
    return Account(
        platform="telegram",
        id=str(chat.id),
        kind=AccountKind.CHANNEL,
        username=chat.username,
        display_name=_chat_name(chat),
        title=message.author_signature or message.sender_tag,
    )


def _account(user: TelegramUser, me: TelegramUser, *, title: str | None = None) -> Account:
    kind = AccountKind.OURSELVES if user.id == me.id else AccountKind.BOT if user.is_bot else AccountKind.PERSON
    name = _clean(f"{user.first_name} {user.last_name}".strip())
    return Account(platform="telegram", id=str(user.id), kind=kind, username=user.username, display_name=name, title=title)


def _is_addressed(message: TelegramMessage, answered: TelegramMessage | None, access: TelegramAccess, me: TelegramUser) -> bool:
    if message.chat.type == "private" or access.support_channels & {str(message.chat.id), _thread_id(message)}:
        return True
    if answered and answered.from_user and answered.from_user.id == me.id:
        return True
    text = _text(message).casefold()
    return any(word.casefold() in text for word in access.brand_words) or _names(message, me)


def _names(message: TelegramMessage, me: TelegramUser) -> bool:
    """Whether an entity mentions the bot or sends it a command; `@KestrelHelpBot2` is somebody else."""
    handle = f"@{me.username}".lower()
    return any(
        (entity.type == "mention" and said == handle)
        or (entity.type == "bot_command" and said.endswith(handle))
        or (entity.type == "text_mention" and entity.user is not None and entity.user.id == me.id)
        for entity, said in _entities(message)
    )


def _entities(message: TelegramMessage) -> Iterator[tuple[TelegramEntity, str]]:
    """Each entity with the words it covers, in lower case. Offsets count UTF-16 units."""
    units = (message.text or message.caption).encode("utf-16-le", "replace")
    for entity in message.entities or message.caption_entities:
        said = units[entity.offset * 2 : (entity.offset + entity.length) * 2]
        yield entity, said.decode("utf-16-le", "replace").lower()


def _media(message: TelegramMessage) -> tuple[Media, ...]:
    found = [_file("photo", message.photo[-1])] if message.photo else []
    # Telegram repeats an animation as a document for old clients.
    document = None if message.animation else message.document
    found += [_file("video", file) for file in (message.video, message.animation, message.video_note) if file]
    found += [_file("audio", file) for file in (message.audio, message.voice) if file]
    found += [_file("document", document)] if document else []
    found += [_file("other", message.sticker)] if message.sticker else []
    # Only links hidden behind words: open ones stand in the text.
    found += [Media(kind="link", external_id=entity.url, url=entity.url) for entity, _ in _entities(message) if entity.url]
    return tuple(found)


def _file(kind: Literal["photo", "video", "audio", "document", "other"], file: TelegramFile) -> Media:
    return Media(kind=kind, external_id=file.file_id, mime=file.mime_type, size_bytes=file.file_size)


def _url(message: TelegramMessage) -> str | None:
    """A public link, or the link that opens for members of a private supergroup; basic groups and private chats have none."""
    if message.chat.username:
        return f"https://t.me/{message.chat.username}/{message.message_id}"
    inner = str(message.chat.id).removeprefix("-100")
    return f"https://t.me/c/{inner}/{message.message_id}" if message.chat.type == "supergroup" else None


def _external_id(message: TelegramMessage) -> str:
    return f"{message.chat.id}:{message.message_id}"


def _thread_id(message: TelegramMessage) -> str:
    """Outside forum topics a message_thread_id only numbers a chain of replies."""
    topic = message.message_thread_id if message.is_topic_message else 0
    return f"{message.chat.id}:{topic or 0}"


def _chat_name(chat: TelegramChat) -> str:
    return _clean(chat.title or f"{chat.first_name} {chat.last_name}".strip())


def _has_content(message: TelegramMessage) -> bool:
    return bool(message.text or message.caption or _media(message))


def _text(message: TelegramMessage) -> str:
    return _clean(message.text or message.caption)


def _clean(text: str) -> str:
    """Without NUL, which PostgreSQL cannot store."""
    return text.replace("\x00", "")


def _hear(update: object, access: TelegramAccess, me: TelegramUser) -> list[Heard]:
    # A lone surrogate, which JSON can escape, has no UTF-8 form.
    raw = json.dumps(update, ensure_ascii=False).encode("utf-8", "replace").decode()
    return [Heard(event=event, raw=raw) for event in parse(update, access, me)]


def _ids(updates: Sequence[object]) -> list[int]:
    bodies = [cast("dict[str, object]", update) for update in updates if isinstance(update, dict)]
    return [update_id for body in bodies if isinstance(update_id := body.get("update_id"), int)]


def _backoff(first_s: float) -> Iterator[float]:
    """Doubling waits with jitter, so that a fleet does not return in step."""
    wait_s = first_s
    while True:
        yield wait_s * random.uniform(0.5, 1.0)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


def _explain(error: TelegramError) -> str:
    """For health: never the library's own words for network faults, which may quote addresses or answers."""
    if isinstance(error, Conflict):
        if "webhook" in error.message:
            return "a webhook is set for this bot: remove it with deleteWebhook, polling goes on by itself"
        return "another process polls with the same token: stop it, polling goes on by itself"
    if isinstance(error, RetryAfter):
        return "Telegram asks us to slow down"
    return f"Telegram cannot be reached ({type(error).__name__}); trying again"
