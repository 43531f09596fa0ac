"""The local REST API: history, replies, nonces, limits and refusals."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox import brand
from tests.sandbox.discord_rig import SEND_ROUTE, Rig, running

GENERAL = f"/channels/{brand.DISCORD_GENERAL_ID}"


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def send(rig: Rig, **body: Any) -> tuple[int, Any, dict[str, str]]:
    return await rig.api("POST", f"{GENERAL}/messages", json=body)


async def history(rig: Rig, **query: Any) -> list[str]:
    """Texts, oldest first."""
    _, body, _ = await rig.api("GET", f"{GENERAL}/messages", params=query)
    return [message["content"] for message in reversed(body)]


async def test_a_wrong_token_is_unauthorised(rig: Rig) -> None:
    async with rig.http.get(f"{rig.url}/users/@me", headers={"Authorization": "Bot wrong"}) as answer:
        assert (answer.status, await answer.json()) == (401, {"message": "401: Unauthorized", "code": 0})


async def test_history_is_read_from_either_end(rig: Rig) -> None:
    ana = await rig.person("ana")
    ids = [await rig.post(ana, str(number)) for number in range(6)]
    assert await history(rig, limit=2) == ["4", "5"]
    assert await history(rig, after=ids[1], limit=2) == ["2", "3"]
    assert await history(rig, before=ids[2]) == ["0", "1"]
    assert await history(rig, around=ids[3], limit=3) == ["2", "3", "4"]


async def test_history_of_more_than_a_hundred_is_refused(rig: Rig) -> None:
    status, body, _ = await rig.api("GET", f"{GENERAL}/messages", params={"limit": 101})
    assert (status, body["code"]) == (400, 50035)


async def test_history_is_empty_to_a_bot_that_may_not_read_it(rig: Rig) -> None:
    await rig.post(await rig.person("ana"), "hello")
    await rig.control("PATCH", GENERAL, can_read_history=False)
    assert await history(rig) == []


async def test_text_read_over_rest_is_hidden_without_the_content_intent(rig: Rig) -> None:
    await rig.control("POST", "/settings", granted_intents=[])
    await rig.post(await rig.person("ana"), "hello")
    assert await history(rig) == [""]


async def test_a_reply_carries_what_it_answers(rig: Rig) -> None:
    question = await rig.post(await rig.person("ana"), "how?")
    _, body, _ = await send(rig, content="so", message_reference={"message_id": question})
    assert (body["type"], body["message_reference"]["message_id"], body["referenced_message"]["content"]) == (
        19,
        question,
        "how?",
    )


async def test_a_reply_to_nothing_is_refused_unless_asked_otherwise(rig: Rig) -> None:
    status, body, _ = await send(rig, content="so", message_reference={"message_id": "1"})
    assert (status, body["code"], list(body["errors"])) == (400, 50035, ["message_reference"])
    status, body, _ = await send(rig, content="so", message_reference={"message_id": "1", "fail_if_not_exists": False})
    assert (status, body["type"]) == (200, 0)


async def test_the_same_enforced_nonce_posts_once(rig: Rig) -> None:
    first = await send(rig, content="once", nonce="n", enforce_nonce=True)
    second = await send(rig, content="once", nonce="n", enforce_nonce=True)
    assert (first[1]["id"], len(rig.entries("replied"))) == (second[1]["id"], 1)


async def test_the_same_nonce_unenforced_posts_twice(rig: Rig) -> None:
    for _ in range(2):
        await send(rig, content="twice", nonce="n")
    assert len(rig.entries("replied")) == 2


@pytest.mark.parametrize(
    ("body", "code"),
    [({"content": "  "}, 50006), ({"content": "x" * 2001}, 50035), ({"content": "x", "nonce": "n" * 26}, 50035)],
)
async def test_unfit_messages_are_refused(rig: Rig, body: dict[str, Any], code: int) -> None:
    status, answer, _ = await send(rig, **body)
    assert (status, answer["code"]) == (400, code)


async def test_mentions_notify_only_whom_the_sender_allows(rig: Rig) -> None:
    ana = await rig.person("ana")
    _, free, _ = await send(rig, content=f"<@{ana}>")
    _, silent, _ = await send(rig, content=f"<@{ana}>", allowed_mentions={"parse": []})
    assert ([user["id"] for user in free["mentions"]], silent["mentions"]) == ([ana], [])


async def test_own_messages_are_edited_and_deleted(rig: Rig) -> None:
    _, body, _ = await send(rig, content="frist")
    path = f"{GENERAL}/messages/{body['id']}"
    _, edited, _ = await rig.api("PATCH", path, json={"content": "first"})
    assert (edited["content"], edited["edited_timestamp"] is not None) == ("first", True)
    assert (await rig.api("DELETE", path))[0] == 204
    assert (await rig.api("GET", path))[1]["code"] == 10008


async def test_messages_of_others_cannot_be_edited(rig: Rig) -> None:
    post = await rig.post(await rig.person("ana"), "mine")
    status, body, _ = await rig.api("PATCH", f"{GENERAL}/messages/{post}", json={"content": "yours"})
    assert (status, body["code"]) == (403, 50005)


async def test_an_exhausted_bucket_says_how_long_to_wait(rig: Rig) -> None:
    await rig.control("POST", "/limits", route=SEND_ROUTE, limit=1, per_s=60)
    _, _, headers = await send(rig, content="one")
    assert (headers["x-ratelimit-limit"], headers["x-ratelimit-remaining"]) == ("1", "0")
    status, body, headers = await send(rig, content="two")
    assert (status, body["global"], 0 < body["retry_after"] <= 60) == (429, False, True)
    assert {"via", "retry-after", "x-ratelimit-bucket"} <= set(headers)
    assert headers["x-ratelimit-scope"] == "user"


async def test_buckets_are_kept_for_each_channel(rig: Rig) -> None:
    await rig.control("POST", "/limits", route=SEND_ROUTE, limit=1, per_s=60)
    await send(rig, content="one")
    status, _, _ = await rig.api("POST", f"/channels/{brand.DISCORD_SUPPORT_ID}/messages", json={"content": "one"})
    assert status == 200


async def test_a_fault_after_the_fact_hides_a_post_that_was_made(rig: Rig) -> None:
    await rig.control("POST", "/faults", route=SEND_ROUTE, status=503, after=True)
    assert ((await send(rig, content="there"))[0], await history(rig)) == (503, ["there"])


async def test_the_same_picture_has_the_same_avatar(rig: Rig) -> None:
    people = [await rig.person(name, avatar="kestrel-logo") for name in ("ana", "bob")]
    users = [(await rig.api("GET", f"/users/{person}"))[1] for person in people]
    pictures = [(await rig.api("GET", f"/cdn/avatars/{user['id']}/{user['avatar']}.png"))[1] for user in users]
    assert pictures[0] == pictures[1]
    assert pictures[0].startswith(b"\x89PNG")


async def test_an_account_is_as_old_as_its_id(rig: Rig) -> None:
    fresh, old = await rig.person("ana"), await rig.person("bob", created_days_ago=400)
    assert 399 < ((int(fresh) >> 22) - (int(old) >> 22)) / 86_400_000 < 401


async def test_requests_are_in_the_ledger(rig: Rig) -> None:
    await rig.api("GET", "/users/@me")
    assert rig.entries("request", method="GET", path="/users/@me", status=200)
