"""The Discord listener, through the real discord.py, against the local Discord."""

import asyncio
import gc
import threading
import warnings
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from discord.gateway import KeepAliveHandler

from domain.errors import PlatformRefused
from domain.hearing import AccountSeen, Batch, Deleted, Edited, Event, Mention, Unparsable
from domain.people import AccountKind
from listeners.discord import DiscordListener
from listeners.discord_events import Place, Scene, parse
from sandbox import brand
from tests.sandbox.discord_rig import Rig, running

GENERAL = f"channel:{brand.DISCORD_GENERAL_ID}"


class Ear:
    """A listener at work, and the cursors a storage would hold."""

    def __init__(self, listener: DiscordListener, cursors: Mapping[str, str]) -> None:
        self.listener = listener
        self.cursors = dict(cursors)
        self.heard: list[Event] = []
        self.raw: list[str] = []
        self._batches = cast("AsyncGenerator[Batch]", listener.batches(cursors))

    async def step(self) -> None:
        batch = await anext(self._batches)
        self.heard += [each.event for each in batch.heard]
        self.raw += [each.raw for each in batch.heard]
        self.cursors |= batch.cursors

    async def until(self, done: Callable[[], bool]) -> None:
        async with asyncio.timeout(60):
            while not done():
                await self.step()

    @property
    def mentions(self) -> list[Mention]:
        return [event for event in self.heard if isinstance(event, Mention)]

    @property
    def ids(self) -> list[str]:
        return [mention.external_id for mention in self.mentions]

    async def hear(self, external_id: str) -> Mention:
        await self.until(lambda: external_id in self.ids)
        return next(mention for mention in self.mentions if mention.external_id == external_id)

    async def close(self) -> None:
        await self._batches.aclose()


@asynccontextmanager
async def listening(rig: Rig, cursors: Mapping[str, str] | None = None, **access: Any) -> AsyncGenerator[Ear]:
    """An ear that has just met the server."""
    listener = DiscordListener(rig.access(**access))
    ear = Ear(listener, cursors or {})
    try:
        if not cursors:
            await ear.until(lambda: GENERAL in ear.cursors)
        yield ear
    finally:
        await ear.close()
        await listener.close()


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def test_a_post_becomes_a_mention(rig: Rig) -> None:
    ana = await rig.person("ana", display_name="Ana Q", avatar="cat", created_days_ago=10)
    async with listening(rig) as ear:
        post = await rig.post(ana, "stuck", media=[{"kind": "photo", "name": "screen.png"}])
        mention = await ear.hear(post)
    place = (mention.channel_id, mention.channel_name, mention.thread_id)
    assert place == (brand.DISCORD_GENERAL_ID, "general", brand.DISCORD_GENERAL_ID)
    assert mention.url == f"https://discord.com/channels/{brand.DISCORD_GUILD_ID}/{brand.DISCORD_GENERAL_ID}/{post}"
    assert (mention.author.id, mention.author.username, mention.author.display_name) == (ana, "ana", "Ana Q")
    assert mention.author.created_at is not None
    assert (mention.author.kind, (datetime.now(UTC) - mention.author.created_at).days) == (AccountKind.PERSON, 10)
    assert [media.kind for media in mention.media] == ["photo"]
    assert any('"stuck"' in raw for raw in ear.raw)


async def test_bots_webhooks_and_ourselves_are_recognised(rig: Rig) -> None:
    bot, hook = await rig.person("greeter", kind="bot"), await rig.person("status page", kind="webhook")
    async with listening(rig) as ear:
        await rig.post(bot, "welcome")
        await rig.post(hook, "all green")
        _, ours, _ = await rig.api("POST", f"/channels/{brand.DISCORD_GENERAL_ID}/messages", json={"content": "hello"})
        await ear.hear(ours["id"])
    kinds = [mention.author.kind for mention in ear.mentions]
    assert kinds == [AccountKind.BOT, AccountKind.WEBHOOK, AccountKind.OURSELVES]


async def test_an_edit_a_deletion_and_a_new_nickname_are_heard(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        post = await rig.post(ana, "frist")
        await rig.control("PATCH", f"/posts/{post}", text="first")
        await rig.control("PATCH", f"/people/{ana}", title="Kestrel Support")
        await rig.control("DELETE", f"/posts/{post}")
        await ear.until(lambda: isinstance(ear.heard[-1], Deleted) if ear.heard else False)
    edits = [event.text for event in ear.heard if isinstance(event, Edited)]
    titles = [event.account.title for event in ear.heard if isinstance(event, AccountSeen)]
    assert (edits, titles, ear.heard[-1]) == (
        ["first"],
        [None, "Kestrel Support"],
        Deleted(platform="discord", external_id=post),
    )


async def test_a_nickname_is_the_title_also_of_posts_read_from_history(rig: Rig) -> None:
    ana = await rig.person("ana")
    first = await rig.post(ana, "hello")
    await rig.control("PATCH", f"/people/{ana}", title="Kestrel Support")
    second = await rig.post(ana, "write me")
    async with listening(rig, {GENERAL: first}) as ear:
        assert (await ear.hear(second)).author.title == "Kestrel Support"


async def test_the_first_start_hears_nothing_old_and_everything_new(rig: Rig) -> None:
    ana = await rig.person("ana")
    await rig.post(ana, "old")
    async with listening(rig) as ear:
        new = await rig.post(ana, "new")
        await ear.hear(new)
    assert [mention.text for mention in ear.mentions] == ["new"]


async def test_a_dropped_socket_loses_nothing(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        posts: list[str] = []
        for number in range(12):
            if number % 4 == 2:
                await rig.control("POST", "/sessions/drop")
            posts.append(await rig.post(ana, str(number)))
        await ear.until(lambda: len(ear.ids) >= len(posts))
        await rig.until("gateway", event="resume")
    assert ear.ids == posts


def heartbeats() -> list[KeepAliveHandler]:
    """Threads of the library that are to go on."""
    threads = [thread for thread in threading.enumerate() if isinstance(thread, KeepAliveHandler)]
    return [thread for thread in threads if not thread._stop_ev.is_set()]  # pyright: ignore[reportPrivateUsage]


async def test_stopping_amid_a_handshake_leaves_no_socket_open(rig: Rig) -> None:
    await rig.person("ana")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for steps in range(0, 300, 3):
            listener = DiscordListener(rig.access())
            start = asyncio.ensure_future(anext(listener.batches({})))
            for _ in range(steps):
                await asyncio.sleep(0)
            start.cancel()
            await asyncio.wait([start])
            await listener.close()
            assert heartbeats() == []
        gc.collect()
    assert [str(each.message) for each in caught if issubclass(each.category, ResourceWarning)] == []


async def test_a_session_that_cannot_be_resumed_loses_nothing(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        await rig.control("POST", "/sessions/invalidate", resumable=False)
        missed = [await rig.post(ana, str(number)) for number in range(3)]
        await ear.until(lambda: len(ear.ids) >= len(missed))
    assert ear.ids == missed


async def test_a_restart_hears_what_was_missed_in_order_and_once(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        cursors = ear.cursors
    missed = [await rig.post(ana, str(number)) for number in range(230)]
    async with listening(rig, cursors) as ear:
        await ear.until(lambda: len(ear.ids) >= len(missed))
        live = await rig.post(ana, "live")
        await ear.hear(live)
    assert ear.ids == [*missed, live]


async def test_a_cursor_never_passes_a_post_that_was_not_yielded(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        start = ear.cursors
    missed = [await rig.post(ana, str(number)) for number in range(150)]
    async with listening(rig, start) as ear:
        while ear.cursors[GENERAL] == start[GENERAL]:
            await ear.step()
        halfway, first_part = ear.cursors, ear.ids
    async with listening(rig, halfway) as ear:
        await ear.until(lambda: set(first_part + ear.ids) == set(missed))


async def test_live_posts_leave_the_cursor_to_the_next_reading_of_history(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig, backfill_every_s=0.5) as ear:
        post = await rig.post(ana, "hello")
        await ear.until(lambda: ear.cursors[GENERAL] == post)
    assert ear.ids == [post]


async def test_a_channel_made_while_away_is_heard_from_its_beginning(rig: Rig) -> None:
    ana = await rig.person("ana")
    await rig.post(ana, "old")
    async with listening(rig) as ear:
        cursors = ear.cursors
    channel = (await rig.control("POST", "/channels", name="listings"))["id"]
    post = await rig.post(ana, "new here", channel=channel)
    async with listening(rig, cursors) as ear:
        assert (await ear.hear(post)).channel_name == "listings"


async def test_a_channel_made_while_listening_is_heard(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        channel = (await rig.control("POST", "/channels", name="listings"))["id"]
        post = await rig.post(ana, "new here", channel=channel)
        assert (await ear.hear(post)).channel_name == "listings"


async def test_an_edit_made_while_away_is_heard_with_the_post(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        cursors = ear.cursors
    post = await rig.post(ana, "frist")
    await rig.control("PATCH", f"/posts/{post}", text="first")
    async with listening(rig, cursors) as ear:
        assert (await ear.hear(post)).text == "first"
    assert [event.external_id for event in ear.heard if isinstance(event, Edited)] == [post]


async def test_failing_history_does_not_stop_live_hearing(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with listening(rig) as ear:
        cursors = ear.cursors
    await rig.control("POST", "/faults", route="GET /channels/{channel_id}/messages", status=503, times=1000)
    async with listening(rig, cursors) as ear, asyncio.TaskGroup() as both:
        both.create_task(ear.until(lambda: bool(ear.ids)))
        await rig.until("request", status=503)
        await rig.post(ana, "hello")
    assert [mention.text for mention in ear.mentions] == ["hello"]


async def test_a_bad_token_is_refused_with_the_mend(rig: Rig) -> None:
    listener = DiscordListener(rig.access(token="wrong"))
    async with aclosing(cast("AsyncGenerator[Batch]", listener.batches({}))) as batches:
        with pytest.raises(PlatformRefused, match="set the token"):
            await anext(batches)
    assert listener.health.state == "refused"


async def test_a_withheld_intent_is_refused_with_the_mend(rig: Rig) -> None:
    await rig.control("POST", "/settings", granted_intents=["members"])
    listener = DiscordListener(rig.access())
    async with aclosing(cast("AsyncGenerator[Batch]", listener.batches({}))) as batches:
        with pytest.raises(PlatformRefused, match="switch both on"):
            await anext(batches)


async def test_a_token_that_the_gateway_rejects_is_refused(rig: Rig) -> None:
    async with listening(rig) as ear:
        await rig.control("POST", "/sessions/drop", code=4004)
        with pytest.raises(PlatformRefused, match="set the token"):
            await ear.step()


async def test_health_says_connected_and_stopped(rig: Rig) -> None:
    async with listening(rig) as ear:
        assert ear.listener.health.state == "connected"
        assert ear.listener.health.last_contact_at is not None
    assert ear.listener.health.state == "stopped"


SCENE = Scene(
    us="1",
    brand_words=("Kestrel", "кестрел"),
    support_channels=frozenset({"help", "77"}),
    cdn_url="https://cdn",
    places={"5": Place(name="general", guild_id="9"), "6": Place(name="help", guild_id="9")},
    nicks={"4": "Kestrel Admin"},
)


def message(**changes: Any) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "id": "40",
        "type": 0,
        "channel_id": "5",
        "content": "hello",
        "timestamp": "2026-11-22T01:02:03.456000+00:00",
        "edited_timestamp": None,
        "author": {"id": "3", "username": "ana", "global_name": None, "avatar": None},
        "mentions": [],
        "attachments": [],
    }
    return facts | changes


def mention(**changes: Any) -> Mention:
    event = parse("MESSAGE_CREATE", message(**changes), SCENE)
    assert isinstance(event, Mention)
    return event


@pytest.mark.parametrize(
    ("changes", "addressed"),
    [
        ({}, False),
        ({"mentions": [{"id": "1"}]}, True),
        ({"mentions": [{"id": "2"}]}, False),
        ({"type": 19, "message_reference": {"message_id": "39"}, "referenced_message": {"author": {"id": "1"}}}, True),
        ({"type": 19, "message_reference": {"message_id": "39"}, "referenced_message": {"author": {"id": "2"}}}, False),
        ({"type": 19, "message_reference": {"message_id": "39"}, "referenced_message": None}, False),
        ({"content": "is KESTREL down?"}, True),
        ({"content": "кестрел не работает"}, True),
        ({"content": "Kestrel提现多久到账"}, True),
        ({"content": "kestrels nest here"}, False),
        ({"channel_id": "6"}, True),
        ({"channel_id": "77"}, True),
    ],
)
def test_who_asked_us(changes: dict[str, Any], addressed: bool) -> None:
    assert mention(**changes).addressed is addressed


def test_a_reply_names_what_it_answers() -> None:
    assert mention(type=19, message_reference={"message_id": "39"}).reply_to_id == "39"


def test_a_forwarded_post_is_read_and_is_no_reply() -> None:
    snapshot = {"message": {"content": "double your coins"}}
    event = mention(content="", message_reference={"type": 1, "message_id": "39"}, message_snapshots=[snapshot])
    assert (event.text, event.reply_to_id) == ("double your coins", None)


def test_a_known_nickname_is_the_title_where_the_event_carries_none() -> None:
    assert mention(author={"id": "4", "username": "bob"}).author.title == "Kestrel Admin"


def test_a_post_in_an_unknown_place_has_no_address() -> None:
    assert (mention(channel_id="404").url, mention(channel_id="404").channel_name) == (None, "")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("MESSAGE_CREATE", message(type=7)),
        ("MESSAGE_UPDATE", message()),
        ("TYPING_START", {}),
        ("", {}),
    ],
)
def test_what_says_nothing_is_left_out(name: str, data: dict[str, Any]) -> None:
    assert parse(name, data, SCENE) is None


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("MESSAGE_CREATE", {}),
        ("MESSAGE_CREATE", message(author=None)),
        ("MESSAGE_CREATE", message(author={"id": "many", "username": "ana"})),
        ("MESSAGE_CREATE", message(author={"id": "9" * 40, "username": "ana"})),
        ("MESSAGE_CREATE", message(timestamp="yesterday")),
        ("MESSAGE_CREATE", message(mentions=[None])),
        ("MESSAGE_CREATE", message(attachments="no list")),
        ("MESSAGE_UPDATE", {"edited_timestamp": 5, "content": "x"}),
        ("MESSAGE_DELETE", {}),
        ("GUILD_MEMBER_ADD", {"user": 5}),
    ],
)
def test_strange_data_is_unparsable_and_never_fatal(name: str, data: dict[str, Any]) -> None:
    assert isinstance(parse(name, data, SCENE), Unparsable)
