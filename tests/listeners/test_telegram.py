"""The Telegram listener against the sandbox, and its parser alone."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import PlatformRefused
from domain.hearing import AccountSeen, Batch, Edited, Event, Media, Mention, Unparsable
from domain.people import AccountKind
from listeners.telegram import TelegramListener, parse
from platforms.telegram import TelegramAccess, TelegramUser
from tests.sandbox.telegram_rig import GROUP, TOKEN, Rig, refusing, telegram_sandbox, until

ME = TelegramUser(id=7000000001, is_bot=True, first_name="Kestrel", username="KestrelHelpBot")
ACCESS = TelegramAccess(token=TOKEN, brand_words=("kestrel",), support_channels=frozenset({"-100200", "-100100:7"}))
ANN = {"id": 5, "is_bot": False, "first_name": "Ann", "last_name": "Lee", "username": "ann"}
CHAT = {"id": -100100, "type": "supergroup", "title": "Community"}


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


@asynccontextmanager
async def listening(
    rig: Rig, cursors: Mapping[str, str] | None = None, **changes: Any
) -> AsyncGenerator[tuple[TelegramListener, AsyncGenerator[Batch]]]:
    listener = TelegramListener(rig.access(**changes), first_wait_s=0.01)
    try:
        async with aclosing(cast("AsyncGenerator[Batch]", listener.batches(cursors or {}))) as batches:
            yield listener, batches
    finally:
        await listener.close()


def events(batch: Batch) -> list[Event]:
    return [heard.event for heard in batch.heard]


def texts(batch: Batch) -> list[str]:
    return [event.text for event in events(batch) if isinstance(event, Mention)]


async def test_a_post_is_heard(rig: Rig) -> None:
    posted = await rig.post(await rig.person(display_name="Ann Lee"), "where is my money?")
    async with listening(rig) as (_, batches):
        (mention,) = events(await anext(batches))
    assert isinstance(mention, Mention)
    assert (mention.external_id, mention.text, mention.author.display_name) == (posted, "where is my money?", "Ann Lee")
    assert (mention.channel_name, mention.thread_id) == ("Kestrel Community", f"{GROUP}:0")


async def test_raw_is_what_telegram_sent(rig: Rig) -> None:
    await rig.post(await rig.person(), "сообщение 👋")
    async with listening(rig) as (_, batches):
        raw = (await anext(batches)).heard[0].raw
    assert '"text": "сообщение 👋"' in raw


async def test_nothing_is_acknowledged_before_it_is_committed(rig: Rig) -> None:
    await rig.post(await rig.person(), "hello")
    async with listening(rig) as (_, batches):
        await anext(batches)
        assert len(rig.world.queue) == 1
        committed = asyncio.create_task(anext(batches))
        await until(lambda: len(rig.world.queue) == 0)
        await rig.post(await rig.person(), "again")
        assert texts(await committed) == ["again"]


async def test_what_was_fetched_but_not_committed_is_heard_again(rig: Rig) -> None:
    ann = await rig.person()
    await rig.post(ann, "first")
    async with listening(rig) as (_, batches):
        committed = dict((await anext(batches)).cursors)
    await rig.post(ann, "second")
    async with listening(rig, committed) as (_, batches):
        assert texts(await anext(batches)) == ["second"]
    async with listening(rig, committed) as (_, batches):
        assert texts(await anext(batches)) == ["second"]


async def test_no_update_is_lost_over_many_kills(rig: Rig) -> None:
    ann = await rig.person()
    stored: set[str] = set()
    cursors: dict[str, str] = {}
    for round_ in range(8):
        for number in range(3):
            await rig.post(ann, f"{round_}.{number}")
        async with listening(rig, cursors) as (_, batches):
            batch = await anext(batches)
            if round_ % 2:
                stored |= set(texts(batch))
                cursors = dict(batch.cursors)
    assert stored == {f"{round_}.{number}" for round_ in range(8) for number in range(3)}


async def test_an_unparsable_update_is_passed_over(rig: Rig) -> None:
    rig.world.queue.push("message", {"message_id": "?", "text": "my secret"})
    await rig.post(await rig.person(), "hello")
    async with listening(rig) as (_, batches):
        batch = await anext(batches)
        bad, good = events(batch)
    assert isinstance(bad, Unparsable)
    assert "message.message_id" in bad.error
    assert "secret" not in bad.error
    assert isinstance(good, Mention)
    assert set(batch.cursors) == {"updates"}


async def test_updates_for_nobody_still_move_the_cursor(rig: Rig) -> None:
    await rig.do("POST", f"/people/{await rig.person()}/leave")
    async with listening(rig) as (_, batches):
        batch = await anext(batches)
    assert (batch.heard, set(batch.cursors)) == ((), {"updates"})


async def test_a_cursor_far_above_the_platforms_ids_comes_down_again(rig: Rig) -> None:
    await rig.post(await rig.person(), "hello")
    async with listening(rig, {"updates": "9999999999999"}) as (_, batches):
        batch = await anext(batches)
    assert texts(batch) == ["hello"]
    assert int(batch.cursors["updates"]) < 9999999999999


async def test_joins_are_seen(rig: Rig) -> None:
    async with listening(rig) as (listener, batches):
        heard = asyncio.create_task(anext(batches))
        await until(lambda: rig.world.queue.is_awaited and listener.health.state == "connected")
        await rig.do("POST", f"/people/{await rig.person(display_name='Kestrel Support')}/join")
        seen = events(await heard)
    assert {event.account.display_name for event in seen if isinstance(event, AccountSeen)} == {"Kestrel Support"}


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (refusing(409, "Conflict: terminated by other getUpdates request"), "another process polls"),
        (refusing(409, "Conflict: can't use getUpdates method while webhook is active"), "webhook"),
        (refusing(429, "Too Many Requests: retry after 1", retry_after=1), "slow down"),
        (refusing(502), "cannot be reached"),
    ],
)
async def test_trouble_is_waited_out_and_shown(rig: Rig, fault: Any, said: str) -> None:
    rig.world.faults["getupdates"].append(fault)
    await rig.post(await rig.person(), "hello")
    async with listening(rig) as (listener, batches):
        heard = asyncio.create_task(anext(batches))
        await until(lambda: listener.health.state == "waiting")
        assert said in listener.health.detail
        assert texts(await heard) == ["hello"]
        assert listener.health.state == "connected"


async def test_a_page_that_is_no_answer_is_waited_out(rig: Rig) -> None:
    async def portal(_: Any) -> Any:
        from starlette.responses import JSONResponse

        return JSONResponse(["welcome to the hotel"])

    rig.world.faults["getme"].append(portal)
    rig.world.faults["getupdates"].append(portal)
    await rig.post(await rig.person(), "hello")
    async with listening(rig) as (_, batches):
        assert texts(await anext(batches)) == ["hello"]


async def test_an_absent_platform_is_waited_for() -> None:
    listener = TelegramListener(TelegramAccess(token=TOKEN, base_url="http://127.0.0.1:9"), first_wait_s=0.01)
    waiting = asyncio.ensure_future(anext(listener.batches({})))
    await until(lambda: listener.health.state == "waiting")
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await listener.close()
    assert listener.health.state == "stopped"


@pytest.mark.parametrize("token", ["7000000001:revoked", "nonsense"])
async def test_a_bad_token_needs_a_human(rig: Rig, token: str) -> None:
    async with listening(rig, token=token) as (listener, batches):
        with pytest.raises(PlatformRefused, match="token") as refusal:
            await anext(batches)
    assert token not in str(refusal.value)
    assert (listener.health.state, listener.health.detail) == ("refused", str(refusal.value))


async def test_a_token_revoked_while_polling_needs_a_human(rig: Rig) -> None:
    await rig.post(await rig.person(), "hello")
    async with listening(rig) as (listener, batches):
        await anext(batches)
        rig.world.token = "7000000001:new"
        with pytest.raises(PlatformRefused):
            await anext(batches)
        assert listener.health.state == "refused"


async def test_privacy_mode_is_pointed_out(rig: Rig) -> None:
    rig.world.visibility.privacy_mode = True
    await rig.post(await rig.person(), "hello @KestrelHelpBot")
    async with listening(rig) as (listener, batches):
        await anext(batches)
        assert "privacy mode" in listener.health.detail


async def test_the_token_is_never_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    rig.world.faults["getupdates"].append(refusing(500))
    await rig.post(await rig.person(), "a private matter")
    async with listening(rig) as (_, batches):
        await anext(batches)
    assert TOKEN not in caplog.text
    assert "a private matter" not in caplog.text


def update(**message: Any) -> dict[str, Any]:
    body = {"message_id": 9, "date": 1_800_000_000, "chat": CHAT, "from": ANN, "text": "hello"}
    return {"update_id": 1, "message": {name: value for name, value in (body | message).items() if value is not None}}


def mention_of(**message: Any) -> Mention:
    (event,) = parse(update(**message), ACCESS, ME)
    assert isinstance(event, Mention)
    return event


def earlier(**message: Any) -> dict[str, Any]:
    return update(message_id=8, **message)["message"]


def test_a_message_in_full() -> None:
    mention = mention_of(sender_tag="VIP")
    assert (mention.external_id, mention.channel_id, mention.posted_at) == (
        "-100100:9",
        "-100100",
        datetime.fromtimestamp(1_800_000_000, UTC),
    )
    author = mention.author
    assert (author.id, author.kind, author.username, author.display_name, author.title) == (
        "5",
        "person",
        "ann",
        "Ann Lee",
        "VIP",
    )


BOT = {"id": 6, "is_bot": True, "first_name": "Other"}
OURS = {"id": ME.id, "is_bot": True, "first_name": "Kestrel"}
CHANNEL = {"id": -100300, "type": "channel", "title": "News", "username": "news"}


@pytest.mark.parametrize(
    ("message", "kind", "author_id"),
    [
        ({"from": ANN}, AccountKind.PERSON, "5"),
        ({"from": BOT}, AccountKind.BOT, "6"),
        ({"from": OURS}, AccountKind.OURSELVES, "7000000001"),
        ({"from": BOT, "sender_chat": CHANNEL}, AccountKind.CHANNEL, "-100300"),
        ({"from": BOT, "sender_chat": CHAT}, AccountKind.CHANNEL, "-100100"),
        ({"from": None}, AccountKind.CHANNEL, "-100100"),
    ],
)
def test_who_speaks(message: dict[str, Any], kind: AccountKind, author_id: str) -> None:
    author = mention_of(**message).author
    assert (author.kind, author.id) == (kind, author_id)


def entity(kind: str, offset: int, length: int, **more: Any) -> dict[str, Any]:
    return {"type": kind, "offset": offset, "length": length, **more}


ADDRESSED: list[tuple[dict[str, Any], bool]] = [
    ({"text": "hello"}, False),
    ({"text": "is KESTREL down?"}, True),
    ({"text": "👋 @kestrelhelpbot", "entities": [entity("mention", 3, 15)]}, True),
    ({"text": "@KestrelHelpBot2 x", "entities": [entity("mention", 0, 16)], "chat": CHAT}, True),
    ({"text": "@other", "entities": [entity("mention", 0, 6)]}, False),
    ({"text": "you", "entities": [entity("text_mention", 0, 3, user=OURS)]}, True),
    ({"text": "you", "entities": [entity("text_mention", 0, 3, user=ANN)]}, False),
    ({"text": "/help@KestrelHelpBot", "entities": [entity("bot_command", 0, 20)]}, True),
    ({"text": "/help", "entities": [entity("bot_command", 0, 5)]}, False),
    ({"reply_to_message": earlier(**{"from": OURS})}, True),
    ({"reply_to_message": earlier()}, False),
    ({"chat": {"id": 5, "type": "private", "first_name": "Ann"}}, True),
    ({"chat": {**CHAT, "id": -100200}}, True),
    ({"message_thread_id": 7, "is_topic_message": True}, True),
    ({"message_thread_id": 7}, False),
]


@pytest.mark.parametrize(("message", "addressed"), ADDRESSED)
def test_who_asks_us(message: dict[str, Any], addressed: bool) -> None:
    assert mention_of(**message).addressed is addressed


def test_a_longer_username_is_somebody_else() -> None:
    (event,) = parse(
        update(text="@KestrelHelpBot2", entities=[entity("mention", 0, 16)]), TelegramAccess(token=TOKEN, brand_words=()), ME
    )
    assert isinstance(event, Mention)
    assert not event.addressed


OPENING = {"forum_topic_created": {"name": "Help", "icon_color": 1}, "text": None}


@pytest.mark.parametrize(
    ("message", "thread", "answered"),
    [
        ({}, "-100100:0", None),
        ({"reply_to_message": earlier()}, "-100100:0", "-100100:8"),
        ({"reply_to_message": earlier(), "message_thread_id": 8}, "-100100:0", "-100100:8"),
        ({"message_thread_id": 3, "is_topic_message": True}, "-100100:3", None),
        ({"message_thread_id": 3, "is_topic_message": True, "reply_to_message": earlier(**OPENING)}, "-100100:3", None),
        ({"message_thread_id": 3, "is_topic_message": True, "reply_to_message": earlier()}, "-100100:3", "-100100:8"),
    ],
)
def test_threads_and_replies(message: dict[str, Any], thread: str, answered: str | None) -> None:
    mention = mention_of(**message)
    assert (mention.thread_id, mention.reply_to_id) == (thread, answered)


@pytest.mark.parametrize(
    ("chat", "url"),
    [
        ({"id": -1001234, "type": "supergroup", "title": "G"}, "https://t.me/c/1234/9"),
        ({"id": -1001234, "type": "supergroup", "title": "G", "username": "kestrel"}, "https://t.me/kestrel/9"),
        ({"id": -1234, "type": "group", "title": "G"}, None),
        ({"id": 5, "type": "private", "first_name": "Ann"}, None),
    ],
)
def test_links_to_posts(chat: dict[str, Any], url: str | None) -> None:
    assert mention_of(chat=chat).url == url


FILE = {"file_id": "F", "file_unique_id": "U", "mime_type": "application/pdf", "file_size": 5}
LINK = entity("text_link", 0, 5, url="https://phish.example")


@pytest.mark.parametrize(
    ("message", "media"),
    [
        ({"photo": [{"file_id": "s"}, {"file_id": "L", "file_size": 9}]}, Media(kind="photo", external_id="L", size_bytes=9)),
        ({"document": FILE}, Media(kind="document", external_id="F", mime="application/pdf", size_bytes=5)),
        ({"animation": {"file_id": "A"}, "document": FILE}, Media(kind="video", external_id="A")),
        ({"voice": {"file_id": "V"}}, Media(kind="audio", external_id="V")),
        ({"sticker": {"file_id": "S"}}, Media(kind="other", external_id="S")),
        (
            {"caption": "click", "caption_entities": [LINK]},
            Media(kind="link", external_id="https://phish.example", url="https://phish.example"),
        ),
    ],
)
def test_media_are_referred_to(message: dict[str, Any], media: Media) -> None:
    assert mention_of(text=None, **message).media == (media,)


def test_a_caption_is_the_text() -> None:
    assert mention_of(text=None, caption="look", document=FILE).text == "look"


def test_nul_is_left_out() -> None:
    assert mention_of(text="a\x00b").text == "ab"


def test_an_edit() -> None:
    edited = {"update_id": 1, "edited_message": earlier(text="better", edit_date=1_800_000_060)}
    at = datetime.fromtimestamp(1_800_000_060, UTC)
    assert parse(edited, ACCESS, ME) == (Edited(platform="telegram", external_id="-100100:8", text="better", edited_at=at),)


def test_everybody_who_joins_at_once_is_seen() -> None:
    seen = parse(update(text=None, new_chat_members=[ANN, BOT]), ACCESS, ME)
    assert [event.account.kind for event in seen if isinstance(event, AccountSeen)] == ["person", "bot"]


@pytest.mark.parametrize(
    ("status", "count"), [("member", 1), ("administrator", 1), ("restricted", 1), ("left", 0), ("kicked", 0)]
)
def test_a_change_of_a_member(status: str, count: int) -> None:
    change = {"new_chat_member": {"status": status, "user": ANN, "tag": "Support"}}
    seen = parse({"update_id": 1, "chat_member": change}, ACCESS, ME)
    assert [event.account.title for event in seen if isinstance(event, AccountSeen)] == ["Support"] * count


@pytest.mark.parametrize(
    "nothing",
    [
        {"update_id": 1},
        {"update_id": 1, "poll": {"id": "1"}},
        update(text=None, left_chat_member=ANN),
        update(text=None, pinned_message=earlier()),
        {"update_id": 1, "edited_message": earlier(text=None)},
    ],
)
def test_what_is_not_for_us(nothing: dict[str, Any]) -> None:
    assert parse(nothing, ACCESS, ME) == ()


@pytest.mark.parametrize(
    "broken", [None, 5, "text", [], {}, {"update_id": "x"}, {"update_id": 1, "message": {}}, update(date="never")]
)
def test_what_cannot_be_read(broken: object) -> None:
    (event,) = parse(broken, ACCESS, ME)
    assert isinstance(event, Unparsable)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    field=st.sampled_from(sorted({*update()["message"], "entities", "photo", "reply_to_message", "sender_chat"})), value=JSON
)
def test_strangers_data_never_raises(field: str, value: Any) -> None:
    parse(update(**{field: value}), ACCESS, ME)
