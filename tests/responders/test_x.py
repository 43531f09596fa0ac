"""The X responder, with the real client, against the X sandbox."""

import json
import socket
import struct
import threading
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from bench.servers import free_port
from domain.acting import Absent, CannotTell, Found, Outcome, Refused, ReplyOrder, RetryLater, Sent, Unknown
from platforms.x import Failure, XAccess
from responders.x import XResponder, outcome_of
from sandbox import brand
from sandbox.x.world import Draft, Fault
from tests.sandbox.x_rig import BOT, XRig, access, x_sandbox

POSTING = "/2/tweets"
TIMELINE = f"/2/users/{brand.X_BOT_ID}/tweets"
TEXT = "It takes up to 24 hours & is safe: https://help.kestrel.example/withdrawal-pending"


@pytest.fixture
def rig() -> Iterator[XRig]:
    with x_sandbox() as running:
        yield running


@pytest.fixture
async def responder(rig: XRig) -> AsyncIterator[XResponder]:
    made = XResponder(rig.access())
    yield made
    await made.close()


def order(mention_id: str, text: str = TEXT) -> ReplyOrder:
    return ReplyOrder(
        platform="x",
        key=f"x:{mention_id}:faq:0",
        mention_id=mention_id,
        channel_id="",
        thread_id=mention_id,
        author_id="5",
        text=text,
    )


async def reply_once(to: XAccess, mention_id: str = "7") -> Outcome:
    responder = XResponder(to)
    try:
        return await responder.reply(order(mention_id))
    finally:
        await responder.close()


async def test_a_reply_stands_below_the_mention(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    sent = await responder.reply(order(mention))
    assert isinstance(sent, Sent)
    assert rig.world.posts[sent.external_id].reply_to == mention
    assert rig.kinds("replied")[0]["text"] == TEXT


async def test_who_did_not_ask_is_refused(rig: XRig, responder: XResponder) -> None:
    assert isinstance(await responder.reply(order(rig.post("ann", "Kestrel is down"))), Refused)


async def test_a_deleted_mention_is_refused(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    rig.control("DELETE", f"/posts/{mention}", {})
    assert isinstance(await responder.reply(order(mention)), Refused)


async def test_duplicate_content_is_only_a_hint(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    await responder.reply(order(mention))
    assert isinstance(await responder.reply(order(mention)), Unknown)
    assert len(rig.kinds("replied")) == 1


async def test_a_rate_limit_says_when_to_come_back(rig: XRig, responder: XResponder) -> None:
    rig.control("POST", "/limits", {"POST /2/tweets": 0})
    outcome = await responder.reply(order(rig.post("ann", f"{BOT} it hangs")))
    assert isinstance(outcome, RetryLater)
    assert 800 < outcome.after_s <= 900


async def test_revoked_credentials_keep_the_reply_for_later(rig: XRig) -> None:
    assert isinstance(await reply_once(rig.access(access_token="1-no")), RetryLater)


async def test_no_connection_is_certainly_not_posted() -> None:
    assert isinstance(await reply_once(access(f"http://127.0.0.1:{free_port()}/x")), RetryLater)


@contextmanager
def rude_server() -> Generator[str]:
    """Reads a request and resets the connection."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        connection.recv(65536)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    thread.join(5)
    listening.close()


async def test_a_reset_connection_may_have_posted() -> None:
    with rude_server() as base_url:
        assert isinstance(await reply_once(access(base_url)), Unknown)


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="POST", path_end=POSTING, status=500, body=b"", after_effect=True),
        Fault(method="POST", path_end=POSTING, status=503, body=b"<html>", content_type="text/html", after_effect=True),
        Fault(method="POST", path_end=POSTING, status=201, body=b'{"data', after_effect=True),
        Fault(method="POST", path_end=POSTING, status=201, body=b"{}", after_effect=True),
    ],
)
async def test_a_lost_answer_is_unknown_and_the_read_back_finds_the_reply(
    rig: XRig, responder: XResponder, fault: Fault
) -> None:
    mention = rig.post("ann_b", f"{BOT} it hangs")
    rig.fault(fault)
    assert isinstance(await responder.reply(order(mention)), Unknown)
    assert await responder.find(order(mention)) == Found(external_id=rig.kinds("replied")[0]["id"])


async def test_a_late_answer_is_unknown(rig: XRig, monkeypatch: pytest.MonkeyPatch) -> None:
    import aiohttp

    import platforms.x

    monkeypatch.setattr(platforms.x, "_TIMEOUT", aiohttp.ClientTimeout(total=0.2))
    rig.fault(Fault(method="POST", path_end=POSTING, status=201, body=b"{}", after_effect=True, delay_s=1.0))
    assert isinstance(await reply_once(rig.access(), rig.post("ann", f"{BOT} it hangs")), Unknown)


async def test_a_failure_before_the_effect_is_proven_absent(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    rig.fault(Fault(method="POST", path_end=POSTING, status=500, body=b""))
    assert isinstance(await responder.reply(order(mention)), Unknown)
    assert await responder.find(order(mention)) == Absent()


async def test_replies_to_others_prove_nothing(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    await responder.reply(order(rig.post("carl", f"{BOT} it hangs")))
    assert await responder.find(order(mention)) == Absent()


async def test_another_text_below_the_same_mention_leaves_doubt(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    await responder.reply(order(mention))
    assert isinstance(await responder.find(order(mention, "Something else")), CannotTell)


async def test_a_reply_is_found_many_pages_back(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    sent = await responder.reply(order(mention))
    for number in range(250):
        rig.world.add_post(Draft(author_id=brand.X_BOT_ID, text=f"news {number}"))
    assert isinstance(sent, Sent)
    assert await responder.find(order(mention)) == Found(external_id=sent.external_id)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (503, b""),
        (429, b"{}"),
        (200, b"oops"),
        (200, b"{}"),
        (200, json.dumps({"data": [], "meta": {"result_count": 3}}).encode()),
        (200, json.dumps({"errors": [{"title": "x", "type": "y"}], "meta": {"result_count": 0}}).encode()),
    ],
)
async def test_a_read_back_that_fails_proves_nothing(rig: XRig, responder: XResponder, status: int, body: bytes) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    rig.fault(Fault(method="GET", path_end=TIMELINE, status=status, body=body))
    assert isinstance(await responder.find(order(mention)), CannotTell)


async def test_more_posts_than_x_lists_prove_nothing(rig: XRig, responder: XResponder) -> None:
    mention = rig.post("ann", f"{BOT} it hangs")
    for number in range(3300):
        rig.world.add_post(Draft(author_id=brand.X_BOT_ID, text=f"news {number}"))
    assert isinstance(await responder.find(order(mention)), CannotTell)


@pytest.mark.parametrize(
    ("facts", "outcome"),
    [
        ({"status": None, "connected": False}, RetryLater),
        ({"status": None, "connected": True}, Unknown),
        ({"status": 400, "connected": True}, Refused),
        ({"status": 401, "connected": True}, RetryLater),
        ({"status": 402, "connected": True}, RetryLater),
        ({"status": 403, "connected": True}, Refused),
        ({"status": 404, "connected": True}, Refused),
        ({"status": 408, "connected": True}, Unknown),
        ({"status": 429, "connected": True}, RetryLater),
        ({"status": 500, "connected": True}, Unknown),
        ({"status": 302, "connected": True}, Unknown),
    ],
)
def test_what_a_failure_means(facts: dict[str, Any], outcome: type) -> None:
    assert isinstance(outcome_of(Failure(reason="", **facts)), outcome)
