"""The Discord responder, through the real discord.py, against the local Discord."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from domain.acting import Absent, CannotTell, Found, Refused, ReplyOrder, RetryLater, Sent, Unknown
from responders.discord import DiscordResponder, nonce
from sandbox import brand
from tests.sandbox.discord_rig import SEND_ROUTE, Rig, running


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


@pytest.fixture
async def responder(rig: Rig) -> AsyncIterator[DiscordResponder]:
    responder = DiscordResponder(rig.access())
    yield responder
    await responder.close()


@pytest.fixture
async def order(rig: Rig) -> ReplyOrder:
    """An order to answer a question that stands in the general channel."""
    ana = await rig.person("ana")
    question = await rig.post(ana, "where is my withdrawal?")
    return ReplyOrder(
        platform="discord",
        key=f"discord:{question}:faq:0",
        mention_id=question,
        channel_id=brand.DISCORD_GENERAL_ID,
        thread_id=brand.DISCORD_GENERAL_ID,
        author_id=ana,
        text="Please see our guide.",
    )


async def replied(rig: Rig, order: ReplyOrder) -> str:
    """A reply like the ordered one, posted past the responder."""
    body = {"content": order.text, "message_reference": {"message_id": order.mention_id}}
    _, message, _ = await rig.api("POST", f"/channels/{order.channel_id}/messages", json=body)
    return message["id"]


async def test_a_reply_is_threaded_under_the_mention(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    outcome = await responder.reply(order)
    (entry,) = rig.entries("replied")
    assert outcome == Sent(external_id=entry["id"])
    assert (entry["reply_to"], entry["text"], entry["channel"]) == (order.mention_id, order.text, order.channel_id)


async def test_a_reply_pings_nobody(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    outcome = await responder.reply(replace(order, text=f"<@{order.author_id}> @everyone"))
    assert isinstance(outcome, Sent)
    _, message, _ = await rig.api("GET", f"/channels/{order.channel_id}/messages/{outcome.external_id}")
    assert message["mentions"] == []


async def test_the_same_order_twice_posts_once(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    assert await responder.reply(order) == await responder.reply(order)
    assert len(rig.entries("replied")) == 1


async def test_the_librarys_own_retry_of_a_500_posts_once(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=500, after=True)
    assert isinstance(await responder.reply(order), Sent)
    assert len(rig.entries("replied")) == 1


async def test_a_5xx_answer_is_unknown(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=503, after=True)
    assert isinstance(await responder.reply(order), Unknown)


async def test_a_refusal_after_an_unclear_answer_is_unknown(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=500, after=True)
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=403)
    assert isinstance(await responder.reply(order), Unknown)


async def test_an_answer_that_takes_too_long_is_unknown(rig: Rig, order: ReplyOrder) -> None:
    responder = DiscordResponder(rig.access(), timeout_s=1.0)
    await responder.find(order)
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=500, times=100)
    assert isinstance(await responder.reply(order), Unknown)
    await responder.close()


async def test_no_connection_is_tried_again(order: ReplyOrder, rig: Rig, unused_tcp_port: int) -> None:
    responder = DiscordResponder(rig.access(base_url=f"http://127.0.0.1:{unused_tcp_port}/discord"))
    assert isinstance(await responder.reply(order), RetryLater)
    await responder.close()


async def test_a_long_rate_limit_is_tried_again_after_it(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/limits", route=SEND_ROUTE, limit=1, per_s=60)
    await rig.api("POST", f"/channels/{order.channel_id}/messages", json={"content": "takes the only token"})
    outcome = await responder.reply(order)
    assert isinstance(outcome, RetryLater)
    assert 30 < outcome.after_s <= 60


async def test_a_short_rate_limit_is_waited_out(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/limits", route=SEND_ROUTE, limit=1, per_s=1)
    await rig.api("POST", f"/channels/{order.channel_id}/messages", json={"content": "takes the only token"})
    assert isinstance(await responder.reply(order), Sent)


async def test_a_rejected_token_is_tried_again(rig: Rig, order: ReplyOrder) -> None:
    responder = DiscordResponder(rig.access(token="wrong"))
    outcome = await responder.reply(order)
    assert isinstance(outcome, RetryLater)
    assert "token" in outcome.reason
    await responder.close()


async def test_a_deleted_mention_is_refused(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("DELETE", f"/posts/{order.mention_id}")
    assert isinstance(await responder.reply(order), Refused)


async def test_a_channel_closed_to_the_bot_is_refused(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("PATCH", f"/channels/{order.channel_id}", can_send=False)
    assert isinstance(await responder.reply(order), Refused)


async def test_an_unknown_channel_is_refused(responder: DiscordResponder, order: ReplyOrder) -> None:
    assert isinstance(await responder.reply(replace(order, channel_id="404")), Refused)


async def test_a_text_that_is_too_long_is_refused(responder: DiscordResponder, order: ReplyOrder) -> None:
    assert isinstance(await responder.reply(replace(order, text="x" * 2001)), Refused)


async def test_a_posted_reply_is_found(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    expected = await replied(rig, order)
    assert await responder.find(order) == Found(external_id=expected)


async def test_a_reply_far_below_the_mention_is_found(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    for number in range(120):
        await rig.post(order.author_id, str(number))
    expected = await replied(rig, order)
    assert await responder.find(order) == Found(external_id=expected)


async def test_a_reply_that_was_never_posted_is_absent(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.post(order.author_id, "anyone?", reply_to=order.mention_id)
    assert await responder.find(order) == Absent()


async def test_history_that_fails_cannot_tell(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await rig.control("POST", "/faults", route="GET /channels/{channel_id}/messages", status=503)
    assert isinstance(await responder.find(order), CannotTell)


async def test_history_hidden_from_the_bot_cannot_tell(rig: Rig, responder: DiscordResponder, order: ReplyOrder) -> None:
    await replied(rig, order)
    await rig.control("PATCH", f"/channels/{order.channel_id}", can_read_history=False)
    assert isinstance(await responder.find(order), CannotTell)


async def test_another_reply_of_ours_to_the_mention_cannot_tell(
    rig: Rig, responder: DiscordResponder, order: ReplyOrder
) -> None:
    await replied(rig, replace(order, text="Something else."))
    assert isinstance(await responder.find(order), CannotTell)


def test_a_nonce_is_stable_short_and_its_orders_own() -> None:
    assert nonce("discord:1:faq:0") == nonce("discord:1:faq:0") != nonce("discord:2:faq:0")
    assert len(nonce("discord:1:faq:0" * 10)) == 25
