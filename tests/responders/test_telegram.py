"""The Telegram responder against the sandbox: what it posts, and what it says came of it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from starlette.responses import JSONResponse, Response

from domain.acting import CannotTell, Outcome, Refused, ReplyOrder, RetryLater, Sent, Unknown
from platforms.telegram import TelegramAccess
from responders.telegram import Pace, TelegramResponder
from tests.sandbox.telegram_rig import GROUP, TOKEN, Rig, failing_after_effect, refusing, telegram_sandbox


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


@pytest.fixture
async def mention(rig: Rig) -> str:
    return await rig.post(await rig.person(), "where is my money?")


@pytest.fixture
async def responder(rig: Rig) -> AsyncIterator[TelegramResponder]:
    running = TelegramResponder(rig.access(send_timeout_s=0.3))
    yield running
    await running.close()


def order(mention_id: str, *, channel: str = GROUP, topic: int = 0, text: str = "Here is how.") -> ReplyOrder:
    return ReplyOrder(
        platform="telegram",
        key=f"telegram:{mention_id}:faq:0",
        mention_id=mention_id,
        channel_id=channel,
        thread_id=f"{channel}:{topic}",
        author_id="5",
        text=text,
    )


async def test_a_reply_is_threaded(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    outcome = await responder.reply(order(mention))
    (entry,) = rig.entries("replied")
    assert outcome == Sent(external_id=entry["id"])
    assert (entry["reply_to"], entry["text"]) == (mention, "Here is how.")


async def test_a_reply_stays_in_its_topic(rig: Rig, responder: TelegramResponder) -> None:
    topic = (await rig.do("POST", f"/channels/{GROUP}/topics", name="Help"))["id"]
    mention = await rig.post(await rig.person(), "help", channel=topic)
    number = int(topic.partition(":")[2])
    outcome = await responder.reply(order(mention, topic=number))
    assert isinstance(outcome, Sent)
    chat_id, _, message_id = outcome.external_id.partition(":")
    assert rig.world.messages[int(chat_id), int(message_id)]["message_thread_id"] == number


async def test_text_is_sent_as_it_is(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    text = "*not* _markup_ <b>at</b> [all](x) \\ 你好 👋"
    await responder.reply(order(mention, text=text))
    assert [entry["text"] for entry in rig.entries("replied")] == [text]


async def test_a_deleted_mention_is_refused(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    await rig.do("DELETE", f"/posts/{mention}")
    outcome = await responder.reply(order(mention))
    assert isinstance(outcome, Refused)
    assert "replied not found" in outcome.reason


async def test_a_group_that_put_us_out_is_refused(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    rig.world.groups[int(GROUP)].bot_status = "kicked"
    assert isinstance(await responder.reply(order(mention)), Refused)


async def late(perform: Callable[[], Any]) -> Response:
    await perform()
    await asyncio.sleep(0.6)
    return Response()


async def rubbish(perform: Callable[[], Any]) -> Response:
    await perform()
    return JSONResponse({"ok": True, "result": {"hello": "world"}})


async def other_page(perform: Callable[[], Any]) -> Response:
    await perform()
    return JSONResponse(["a portal"])


FAULTS: list[tuple[Any, type[Outcome], int]] = [
    (refusing(400, "Bad Request: message is too long"), Refused, 0),
    (refusing(403, "Forbidden: bot was blocked by the user"), Refused, 0),
    (refusing(400, "Bad Request: group chat was upgraded", migrate_to_chat_id=-100777), Refused, 0),
    (refusing(401, "Unauthorized"), RetryLater, 0),
    (refusing(429, "Too Many Requests: retry after 7", retry_after=7), RetryLater, 0),
    (refusing(429, "Too Many Requests"), RetryLater, 0),
    (refusing(500), Unknown, 0),
    (failing_after_effect(500), Unknown, 1),
    (failing_after_effect(502), Unknown, 1),
    (failing_after_effect(200), Unknown, 1),
    (late, Unknown, 1),
    (rubbish, Unknown, 1),
    (other_page, Unknown, 1),
]


@pytest.mark.parametrize(("fault", "kind", "posted"), FAULTS)
async def test_what_came_of_it(
    rig: Rig, responder: TelegramResponder, mention: str, fault: Any, kind: type[Outcome], posted: int
) -> None:
    rig.world.faults["sendmessage"].append(fault)
    outcome = await responder.reply(order(mention))
    assert isinstance(outcome, kind)
    assert len(rig.entries("replied")) == posted
    assert TOKEN not in str(outcome)


async def test_the_platform_says_when_to_come_back(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    rig.world.faults["sendmessage"].append(refusing(429, "Too Many Requests: retry after 7", retry_after=7))
    outcome = await responder.reply(order(mention))
    assert isinstance(outcome, RetryLater)
    assert outcome.after_s == 7


async def test_no_connection_means_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
    responder = TelegramResponder(TelegramAccess(token=TOKEN, base_url=address))
    assert isinstance(await responder.reply(order(f"{GROUP}:1")), RetryLater)
    await responder.close()


async def test_a_cut_connection_is_unknown() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.close()

    async with await asyncio.start_server(cut, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        responder = TelegramResponder(TelegramAccess(token=TOKEN, base_url=f"http://127.0.0.1:{port}"))
        assert isinstance(await responder.reply(order(f"{GROUP}:1")), Unknown)
        await responder.close()


async def test_beyond_our_own_pace_nothing_is_asked(rig: Rig, responder: TelegramResponder, mention: str) -> None:
    await responder.reply(order(mention))
    outcome = await responder.reply(order(mention))
    assert isinstance(outcome, RetryLater)
    assert len([entry for entry in rig.entries("request") if entry["path"] == "/sendmessage"]) == 1


async def test_after_a_429_the_chat_is_left_alone(rig: Rig, mention: str) -> None:
    now = 0.0
    responder = TelegramResponder(rig.access(), clock=lambda: now)
    rig.world.faults["sendmessage"].append(refusing(429, retry_after=20))
    await responder.reply(order(mention))
    now = 19.0
    outcome = await responder.reply(order(mention))
    now = 21.0
    later = await responder.reply(order(mention))
    await responder.close()
    assert outcome == RetryLater(after_s=1.0, reason="our own pace for Telegram")
    assert isinstance(later, Sent)


async def test_there_is_no_reading_back(responder: TelegramResponder) -> None:
    assert isinstance(await responder.find(order(f"{GROUP}:1")), CannotTell)


PACE = TelegramAccess(token=TOKEN)


@pytest.mark.parametrize(
    ("sent", "chat", "now", "wait"),
    [
        ([], "-1", 0.0, 0.0),
        ([("-1", 0.0)], "-1", 0.25, 0.75),
        ([("-1", 0.0)], "-1", 1.0, 0.0),
        ([("-1", 0.0)], "-2", 0.0, 0.0),
        ([("-1", float(second)) for second in range(20)], "-1", 20.0, 40.0),
        ([("-1", float(second)) for second in range(20)], "-1", 60.0, 0.0),
        ([("1", float(second)) for second in range(20)], "1", 20.0, 0.0),
        ([(str(chat), 0.0) for chat in range(30)], "99", 0.5, 0.5),
    ],
)
def test_pace(sent: list[tuple[str, float]], chat: str, now: float, wait: float) -> None:
    pace = Pace(PACE)
    assert [pace.take(*earlier) for earlier in sent] == [0.0] * len(sent)
    assert pace.take(chat, now) == wait


def test_a_message_held_back_is_not_counted() -> None:
    pace = Pace(PACE)
    pace.take("-1", 0.0)
    pace.take("-1", 0.5)
    assert pace.take("-1", 1.0) == 0.0
