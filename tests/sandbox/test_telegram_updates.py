"""getUpdates: what an offset confirms, who waits, and which kinds are queued."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import telegram
from telegram.error import Conflict

from sandbox.telegram.errors import ApiError
from sandbox.telegram.updates import RETENTION_S, TOO_FAR_AHEAD, UpdateQueue
from tests.sandbox.telegram_rig import Rig, telegram_sandbox, until

FIRST = 1_000_000


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


def queue_of(count: int) -> UpdateQueue:
    queue = UpdateQueue(lambda: FIRST / 1000)
    for number in range(count):
        queue.push("message", number)
    return queue


async def ids(queue: UpdateQueue, offset: int = 0, limit: int = 100) -> list[int]:
    return [update["update_id"] - FIRST for update in await queue.poll(offset, limit, 0)]


@pytest.mark.parametrize(
    ("offset", "seen", "left"),
    [
        (0, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (FIRST, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (FIRST + 3, [3, 4], [3, 4]),
        (FIRST + 5, [], []),
        (FIRST - 1000, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (FIRST + 5 + TOO_FAR_AHEAD + 1, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
        (-1, [4], [4]),
        (-2, [3, 4], [3, 4]),
        (-99, [0, 1, 2, 3, 4], [0, 1, 2, 3, 4]),
    ],
)
async def test_an_offset_confirms_what_lies_below_it(offset: int, seen: list[int], left: list[int]) -> None:
    queue = queue_of(5)
    assert await ids(queue, offset) == seen
    assert await ids(queue) == left


@pytest.mark.parametrize(("limit", "seen"), [(1, 1), (2, 2), (100, 100), (0, 100), (-1, 100), (101, 100)])
async def test_limit_is_one_to_a_hundred(limit: int, seen: int) -> None:
    assert len(await ids(queue_of(120), limit=limit)) == seen


async def test_updates_older_than_a_day_are_dropped() -> None:
    now = 1000.0
    queue = UpdateQueue(lambda: now)
    queue.push("message", "old")
    now += RETENTION_S + 1
    queue.push("message", "new")
    assert [update["message"] for update in await queue.poll(0, 100, 0)] == ["new"]


async def test_a_waiting_poll_is_woken_by_an_update() -> None:
    queue = queue_of(0)
    waiting = asyncio.create_task(queue.poll(0, 100, 50))
    await asyncio.sleep(0)
    queue.push("message", "hello")
    assert [update["message"] for update in await waiting] == ["hello"]


async def test_a_wait_that_ends_without_updates_is_empty() -> None:
    assert await queue_of(0).poll(0, 100, 0.01) == []


async def test_the_older_waiting_poll_is_refused() -> None:
    queue = queue_of(0)
    older = asyncio.create_task(queue.poll(0, 100, 50))
    await asyncio.sleep(0)
    assert await queue.poll(0, 100, 0) == []
    with pytest.raises(ApiError, match="terminated by other getUpdates"):
        await older


SUBSCRIPTIONS: list[tuple[list[list[str] | None], list[str]]] = [
    ([], ["message"]),
    ([[]], ["message"]),
    ([["chat_member"]], ["chat_member"]),
    ([["chat_member"], None], ["chat_member"]),
    ([["chat_member"], []], ["message"]),
]


@pytest.mark.parametrize(("settings", "queued"), SUBSCRIPTIONS)
async def test_the_last_subscription_is_remembered(settings: list[list[str] | None], queued: list[str]) -> None:
    queue = queue_of(0)
    for kinds in settings:
        queue.subscribe(kinds)
    queue.push("message", 1)
    queue.push("chat_member", 2)
    assert [kind for update in await queue.poll(0, 100, 0) for kind in update if kind != "update_id"] == queued


async def test_the_client_library_reads_and_confirms(rig: Rig) -> None:
    ann = await rig.person()
    for text in ("one", "two", "three"):
        await rig.post(ann, text)
    async with rig.bot() as bot:
        first = await bot.get_updates(limit=2)
        again = await bot.get_updates(offset=first[-1].update_id + 1)
    assert [update.message.text for update in (*first, *again) if update.message] == ["one", "two", "three"]


async def test_two_pollers_conflict(rig: Rig) -> None:
    async with rig.bot() as older, rig.bot() as newer:
        waiting = asyncio.create_task(older.get_updates(timeout=20))
        await until(lambda: rig.world.queue.is_awaited)
        await newer.get_updates()
        with pytest.raises(Conflict, match="terminated by other getUpdates"):
            await waiting


async def test_a_webhook_shuts_polling_out_until_it_is_deleted(rig: Rig) -> None:
    async with rig.bot() as bot:
        await bot.set_webhook("https://example.org/hook")
        with pytest.raises(Conflict, match="webhook"):
            await bot.get_updates()
        assert (await bot.get_webhook_info()).url == "https://example.org/hook"
        await bot.delete_webhook()
        assert await bot.get_updates() == ()


async def test_dropping_pending_updates(rig: Rig) -> None:
    await rig.post(await rig.person(), "gone")
    async with rig.bot() as bot:
        await bot.delete_webhook(drop_pending_updates=True)
        assert await bot.get_updates() == ()


async def test_a_restarted_sandbox_goes_on_above_old_ids() -> None:
    now = 1_800_000_000.0
    before = UpdateQueue(lambda: now)
    for number in range(500):
        before.push("message", number)
    last = (await before.poll(-1, 1, 0))[0]["update_id"]
    now += 1
    after = UpdateQueue(lambda: now)
    after.push("message", "after")
    assert [update["message"] for update in await after.poll(last + 1, 100, 0)] == ["after"]


async def test_answers_are_in_the_ledger(rig: Rig) -> None:
    posted = await rig.post(await rig.person(), "hello")
    await rig.do("POST", f"/people/{await rig.person('bob')}/join")
    async with rig.bot() as bot:
        assert all(isinstance(update, telegram.Update) for update in await bot.get_updates())
    assert [entry["ids"] for entry in rig.entries("delivered")] == [[posted]]
    assert {entry["path"] for entry in rig.entries("request")} == {"/getMe", "/getUpdates"}
