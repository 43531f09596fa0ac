"""A reviewer decides, and takes it back."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from domain.records import ActionRecord, ReviewRecord
from storage import actions, audit, flags, reviews, standing, switches, tickets
from storage.db import Database
from tests.console.conftest import Clock, Visit
from tests.console.seed import DAY, HELP, Post, ask, post, reply, ticket

SUPPORT, MINSU = DAY[0], DAY[1]
QUESTION = Post(name="Ann Other", text="How do I reset 2FA?", platform="x")
APPROVE = {"choice": "approve", "reason": "The answer fits the question", "text": f"Look here: {HELP}"}
IGNORE = {"choice": "ignore", "reason": "Not for us"}


async def ask_human(db: Database, clock: Clock, said: Post = QUESTION, text: str = f"Look here: {HELP}") -> ReviewRecord:
    await post(db, said, clock(), decision=ask("reply", 0.5, reply(text)))
    return (await waiting(db, clock))[0]


async def waiting(db: Database, clock: Clock) -> list[ReviewRecord]:
    async with db.reading() as tx:
        return await reviews.queue(tx)


async def queued(db: Database, mention_id: int) -> list[ActionRecord]:
    async with db.reading() as tx:
        return await actions.of_mention(tx, mention_id)


async def verbs(db: Database) -> list[str]:
    async with db.reading() as tx:
        return [entry.verb for entry in await audit.latest(tx, 50)]


async def decide(client: httpx.AsyncClient, item: ReviewRecord, form: dict[str, str], **more: str) -> httpx.Response:
    return await client.post(f"/reviews/{item.id}/decide", data=form | more)


async def test_an_approved_reply_waits_for_the_undo_time(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, APPROVE)
    assert answer.status_code == 303
    [action] = await queued(db, item.mention_id)
    assert (action.state, action.purpose, action.not_before - clock()) == ("pending", "custom", timedelta(seconds=10))
    async with db.reading() as tx:
        assert await actions.due(tx, now=clock(), limit=10) == []
        decided = await reviews.get(tx, item.id)
    assert decided is not None
    assert (decided.state, decided.decided_by, decided.outcome) == ("decided", "reviewer", "approve")
    assert "review.approve" in await verbs(db)


async def test_an_edited_reply_is_sent_as_edited(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    await decide(await visit("reviewer"), item, APPROVE, text="My own words")
    assert [action.text for action in await queued(db, item.mention_id)] == ["My own words"]


async def test_an_emptied_reply_is_refused(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, APPROVE, text="  ")
    assert (answer.status_code, "The reply is empty" in answer.text) == (409, True)
    assert await queued(db, item.mention_id) == []


@pytest.mark.parametrize("choice", ["approve", "ticket"])
@pytest.mark.parametrize(
    ("text", "why"),
    [("We wrote to jo@mail.example", "private data (email)"), ("Your card 4111 1111 1111 1111", "private data (card)")],
)
async def test_a_reply_that_shows_private_data_is_refused(
    visit: Visit, db: Database, clock: Clock, text: str, why: str, choice: str
) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, APPROVE, text=text, choice=choice)
    assert (answer.status_code, why in answer.text) == (409, True)
    assert await queued(db, item.mention_id) == []


async def test_a_reply_with_a_strange_link_is_refused(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, APPROVE, text="Write to t.me/kestrel_help")
    assert (answer.status_code, "not on the allow-list" in answer.text) == (409, True)
    assert await queued(db, item.mention_id) == []


@pytest.mark.parametrize(("text", "sent"), [(f"Look here: {HELP}", []), ("We look into it.", ["We look into it."])])
async def test_an_answer_left_in_the_field_is_no_acknowledgement_of_a_ticket(
    visit: Visit, db: Database, clock: Clock, text: str, sent: list[str]
) -> None:
    item = await ask_human(db, clock)
    await decide(await visit("reviewer"), item, {"choice": "ticket", "reason": "Needs a look", "text": text})
    assert [action.text for action in await queued(db, item.mention_id)] == sent


async def test_undo_sends_nothing_and_the_item_waits_again(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    page = await client.get((await decide(client, item, APPROVE)).headers["location"])
    assert f'action="/reviews/{item.id}/undo?' in page.text
    clock.pass_by(seconds=5)
    answer = await client.post(f"/reviews/{item.id}/undo")
    assert answer.headers["location"].endswith("said=undone")
    assert [action.state for action in await queued(db, item.mention_id)] == ["cancelled"]
    assert [one.id for one in await waiting(db, clock)] == [item.id]
    assert "review.undo" in await verbs(db)


async def test_after_undo_another_text_can_be_approved(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    for number in range(3):
        await decide(client, item, APPROVE, text=f"Version {number}")
        clock.pass_by(seconds=3)
        assert "undone" in (await client.post(f"/reviews/{item.id}/undo")).headers["location"]
    await decide(client, item, APPROVE, text="The last one")
    assert [(one.state, one.text) for one in await queued(db, item.mention_id)] == [("pending", "The last one")]


async def test_undo_comes_too_late(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    await decide(client, item, APPROVE)
    clock.pass_by(seconds=11)
    answer = await client.post(f"/reviews/{item.id}/undo")
    assert answer.status_code == 409
    assert "Too late" in answer.text
    assert [action.state for action in await queued(db, item.mention_id)] == ["pending"]


async def test_what_is_being_sent_is_not_undone(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    await decide(client, item, APPROVE)
    [action] = await queued(db, item.mention_id)
    async with db.transaction() as tx:
        assert await actions.start(tx, action.id, owner="w", now=action.not_before)
    answer = await client.post(f"/reviews/{item.id}/undo")
    assert (answer.status_code, "is being sent" in answer.text) == (409, True)


async def test_nobody_undoes_for_another(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    await decide(await visit("reviewer"), item, APPROVE)
    answer = await (await visit("lead")).post(f"/reviews/{item.id}/undo")
    assert "Only reviewer can undo this" in answer.text


async def test_of_two_who_decide_at_once_one_is_told(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    clients = [await visit("reviewer"), await visit("lead")]
    answers = await asyncio.gather(decide(clients[0], item, APPROVE), decide(clients[1], item, IGNORE))
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    [refused] = [answer for answer in answers if answer.status_code == 409]
    assert "has already decided this" in refused.text
    assert len(await queued(db, item.mention_id)) <= 1


async def test_what_somebody_else_claimed_is_not_decided_and_the_text_is_kept(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    await (await visit("lead")).post(f"/reviews/{item.id}/claim")
    answer = await decide(await visit("reviewer"), item, APPROVE)
    assert (answer.status_code, "lead has claimed this" in answer.text) == (409, True)
    assert await queued(db, item.mention_id) == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("See https://evil.example/x", "evil.example is not on the allow-list"),
        ("a" * 281, "the reply is 281 long and x allows 280"),
    ],
)
async def test_the_governor_binds_humans_too(visit: Visit, db: Database, clock: Clock, text: str, message: str) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, APPROVE, text=text)
    assert answer.status_code == 409
    assert message in answer.text
    assert text in answer.text
    assert [one.id for one in await waiting(db, clock)] == [item.id]


async def test_a_killed_platform_keeps_the_reply_waiting(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    async with db.transaction() as tx:
        await switches.set_killed(tx, "x", True, by="lead", now=clock())
    assert (await decide(await visit("reviewer"), item, APPROVE)).status_code == 303
    assert [action.state for action in await queued(db, item.mention_id)] == ["pending"]


async def test_an_approved_ticket_is_opened_undone_and_opened_again(visit: Visit, db: Database, clock: Clock) -> None:
    said, decision = MINSU
    await post(db, said, clock(), decision=decision)
    [item] = await waiting(db, clock)
    client = await visit("reviewer")
    states: list[str] = []
    for path, form in (("decide", APPROVE), ("undo", {}), ("decide", APPROVE)):
        await client.post(f"/reviews/{item.id}/{path}", data=form)
        clock.pass_by(seconds=2)
        async with db.reading() as tx:
            states += [f"{one.reference} {one.state}" for one in await tickets.latest(tx, limit=9)]
    assert states == ["KST-7Q2M4RTA open", "KST-7Q2M4RTA closed", "KST-7Q2M4RTA open"]


async def test_a_ticket_instead_of_a_reply_gets_a_fresh_reference(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    await decide(await visit("reviewer"), item, {"choice": "ticket", "reason": "Needs a look"})
    async with db.reading() as tx:
        [opened] = await tickets.latest(tx, limit=9)
    assert opened.reference.startswith("KST-")
    assert opened.state == "open"


async def test_scam_flags_the_account_and_asks_nobody_again(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    await decide(await visit("reviewer"), item, {"choice": "scam", "reason": "Tries to steal"})
    async with db.reading() as tx:
        [flag] = await flags.latest(tx, limit=9)
    assert flag.state == "confirmed"
    assert await waiting(db, clock) == []


async def test_undone_scam_leaves_no_open_flag(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    await decide(client, item, {"choice": "scam", "reason": "Tries to steal"})
    await client.post(f"/reviews/{item.id}/undo")
    async with db.reading() as tx:
        assert [flag.state for flag in await flags.latest(tx, limit=9)] == ["dismissed"]
    assert [one.id for one in await waiting(db, clock)] == [item.id]


@pytest.mark.parametrize(("choice", "state"), [("scam", "confirmed"), ("ignore", "dismissed")])
async def test_a_flag_is_confirmed_or_dismissed(visit: Visit, db: Database, clock: Clock, choice: str, state: str) -> None:
    said, decision = SUPPORT
    await post(db, said, clock(), decision=decision)
    [item] = await waiting(db, clock)
    client = await visit("reviewer")
    await decide(client, item, {"choice": choice, "reason": "Looked at the account"})
    async with db.reading() as tx:
        assert [flag.state for flag in await flags.latest(tx, limit=9)] == [state]
    await client.post(f"/reviews/{item.id}/undo")
    async with db.reading() as tx:
        assert [flag.state for flag in await flags.latest(tx, limit=9)] == ["open"]
        standings = await standing.standings(tx, [item.mention_id], clock())
    assert standings[item.mention_id].author_flagged
    assert not standings[item.mention_id].author_cleared


async def test_submit_and_next_claims_the_next_free_item_of_the_filter(visit: Visit, db: Database, clock: Clock) -> None:
    first = await ask_human(db, clock)
    await post(db, Post(name="Telegram", text="t"), clock(), decision=ask("reply", 0.9, reply("x")))
    await post(db, Post(name="X taken", text="t", platform="x"), clock(), decision=ask("reply", 0.8, reply("x")))
    await post(db, Post(name="X free", text="t", platform="x"), clock(), decision=ask("reply", 0.7, reply("x")))
    items = {item.author_name: item for item in await waiting(db, clock)}
    await (await visit("lead")).post(f"/reviews/{items['X taken'].id}/claim")
    client = await visit("reviewer")
    answer = await client.post(f"/reviews/{first.id}/decide?platform=x", data=IGNORE | {"then": "next"})
    assert answer.headers["location"].startswith(f"/cases/{items['X free'].mention_id}?platform=x&review={items['X free'].id}")
    page = await client.get(answer.headers["location"])
    assert "X free" in page.text
    assert "You can undo this" in page.text
    assert {item.author_name: item.claimed_by for item in await waiting(db, clock)}["X free"] == "reviewer"


async def test_submit_and_next_on_an_empty_queue_says_so(visit: Visit, db: Database, clock: Clock) -> None:
    item = await ask_human(db, clock)
    client = await visit("reviewer")
    answer = await decide(client, item, IGNORE, then="next")
    assert "the queue is empty" in (await client.get(answer.headers["location"])).text


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ({"choice": "approve"}, "reason"),
        ({"choice": "approve", "reason": "  x "}, "reason"),
        ({"choice": "promote", "reason": "long enough"}, "choice"),
        ({"choice": "approve", "reason": "with a \x00 in it"}, "control characters"),
        ({}, "choice"),
    ],
)
async def test_a_bad_form_is_refused_with_the_field(
    visit: Visit, db: Database, clock: Clock, form: dict[str, str], message: str
) -> None:
    item = await ask_human(db, clock)
    answer = await decide(await visit("reviewer"), item, form)
    assert answer.status_code == 422
    assert message in answer.text


async def interrupted(db: Database, clock: Clock) -> ReviewRecord:
    """An item about a reply whose sending ended without an answer."""
    record = await post(db, QUESTION, clock(), decision=ask("reply", 0.5, reply("Hello")))
    new = actions.NewAction(
        key="x:1:reply:0", kind="reply", platform="x", mention_id=record.id, purpose="faq", text="Hello there"
    )
    async with db.transaction() as tx:
        action_id = await actions.add(tx, new, now=clock(), not_before=clock())
        assert action_id is not None
        action = await actions.start(tx, action_id, owner="w", now=clock())
        assert action is not None
        assert await actions.finish(tx, action, state="unknown", now=clock(), detail="timed out")
        review_id = await reviews.add(
            tx,
            mention_id=record.id,
            kind="reply",
            risk=0.8,
            proposed=(),
            reasons=(),
            due_at=clock(),
            now=clock(),
            action_id=action_id,
        )
        item = await reviews.get(tx, review_id)
    assert item is not None
    return item


@pytest.mark.parametrize(("fate", "state"), [("there", "sent"), ("absent", "pending"), ("leave", "failed")])
async def test_a_human_tells_the_fate_of_a_reply(visit: Visit, db: Database, clock: Clock, fate: str, state: str) -> None:
    item = await interrupted(db, clock)
    client = await visit("reviewer")
    assert "never learned whether it arrived" in (await client.get(f"/cases/{item.mention_id}?review={item.id}")).text
    answer = await client.post(f"/reviews/{item.id}/resolve", data={"fate": fate})
    assert answer.headers["location"].endswith("said=settled")
    assert [action.state for action in await queued(db, item.mention_id)] == [state]
    assert f"action.{fate}" in await verbs(db)


async def test_a_fate_is_told_once(visit: Visit, db: Database, clock: Clock) -> None:
    item = await interrupted(db, clock)
    client = await visit("reviewer")
    await client.post(f"/reviews/{item.id}/resolve", data={"fate": "there"})
    answer = await client.post(f"/reviews/{item.id}/resolve", data={"fate": "absent"})
    assert (answer.status_code, "already decided" in answer.text) == (409, True)
    assert [action.state for action in await queued(db, item.mention_id)] == ["sent"]


async def test_an_interrupted_reply_is_not_decided_like_a_proposal(visit: Visit, db: Database, clock: Clock) -> None:
    item = await interrupted(db, clock)
    answer = await decide(await visit("reviewer"), item, IGNORE)
    assert (answer.status_code, "what became of the reply" in answer.text) == (409, True)


async def test_an_approval_of_a_ticket_alone_needs_no_reply(visit: Visit, db: Database, clock: Clock) -> None:
    await post(db, QUESTION, clock(), decision=ask("ticket", 0.5, ticket("KST-AAAA2222")))
    [item] = await waiting(db, clock)
    assert (await decide(await visit("reviewer"), item, APPROVE)).status_code == 303
    assert await queued(db, item.mention_id) == []


async def test_a_cleared_account_may_be_answered(visit: Visit, db: Database, clock: Clock) -> None:
    """The same person is flagged, and asks something; clearing the flag lets the reply out."""
    await post(db, Post(name="P", text="spam?", platform="x", author_id="77"), clock(), decision=SUPPORT[1])
    await post(
        db, Post(name="P", text="2FA?", platform="x", author_id="77"), clock(), decision=ask("reply", 0.5, reply("Hello"))
    )
    flagged, asked = await waiting(db, clock)
    client = await visit("reviewer")
    assert "flagged" in (await decide(client, asked, APPROVE)).text
    await decide(client, flagged, IGNORE)
    assert (await decide(client, asked, APPROVE)).status_code == 303
