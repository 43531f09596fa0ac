import asyncio
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy.exc import OperationalError

from domain.errors import DatabaseAway
from domain.hearing import Deleted, Edited, Heard
from storage import casefile, counts, mentions, reviews, tickets
from tests.workers.fakes import heard
from tests.workers.rig import Rig


async def test_a_question_becomes_one_pending_reply(rig: Rig) -> None:
    ids = await rig.decide(heard(1, "how do I reset my password?"))
    (action,) = await rig.actions(ids)
    assert (action.state, action.purpose) == ("pending", "faq")
    assert rig.queue.asked[-1] == ("perform", ids)


async def test_handling_twice_changes_nothing(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "how do I reset my password?"), heard(2, "withdrawal stuck", who="43"))
    for _ in range(2):
        await rig.handler().handle(ids)
    async with rig.database.reading() as tx:
        totals = await counts.totals(tx)
    assert (totals.pending, totals.tickets) == (2, 1)


async def test_a_poison_row_fails_alone(rig: Rig) -> None:
    ids = await rig.hear(*(heard(number, "poison" if number == 5 else "thanks", who=str(number)) for number in range(8)))
    await rig.handler().handle(ids)
    states = [(await rig.mention(mention_id)).state for mention_id in ids]
    assert states == ["handled"] * 5 + ["failed"] + ["handled"] * 2
    assert (await rig.mention(ids[5])).state_reason == "ValueError: poison"


async def test_a_lease_that_was_lost_meanwhile_commits_nothing(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "withdrawal stuck"))
    loop = asyncio.get_running_loop()

    def sleep_past_the_lease() -> None:
        rig.classifier.on_assess = lambda: None
        rig.clock.move(minutes=2)
        asyncio.run_coroutine_threadsafe(rig.handler("quick").handle(ids), loop).result()

    rig.classifier.on_assess = sleep_past_the_lease
    await rig.handler("slow").handle(ids)
    async with rig.database.reading() as tx:
        assert (await counts.totals(tx)).tickets == 1


async def test_two_posts_of_one_person_in_one_batch_are_one_conversation(rig: Rig) -> None:
    ids = await rig.decide(heard(1, "withdrawal stuck"), heard(2, "withdrawal still stuck"))
    async with rig.database.reading() as tx:
        open_tickets = await tickets.latest(tx, limit=10)
    assert len(open_tickets) == 1
    assert len(ids) == 1


async def test_two_questions_of_one_person_get_one_reply_and_one_review(rig: Rig) -> None:
    ids = await rig.decide(heard(1, "how do I reset it?"), heard(2, "hello, how do I reset it?"))
    async with rig.database.reading() as tx:
        waiting = await reviews.queue(tx)
    assert (len(ids), [item.kind for item in waiting]) == (1, ["reply"])


async def test_a_scammer_in_the_same_batch_is_not_answered(rig: Rig) -> None:
    assert await rig.decide(heard(1, "scam"), heard(2, "how do I reset it?")) == []


async def test_an_edit_before_the_reply_left_changes_the_reply(rig: Rig) -> None:
    first = await rig.decide(heard(1, "withdrawal stuck"))
    edit = Edited(platform="telegram", external_id="-100:1", text="thanks, solved", edited_at=rig.clock())
    assert await rig.decide(Heard(event=edit, raw="{}")) == []
    (action,) = await rig.actions(first)
    assert action.state == "cancelled"


async def test_an_edit_to_another_question_revives_the_one_action(rig: Rig) -> None:
    first = await rig.decide(heard(1, "how do I reset it?"))
    edit = Edited(platform="telegram", external_id="-100:1", text="withdrawal stuck", edited_at=rig.clock())
    second = await rig.decide(Heard(event=edit, raw="{}"))
    (action,) = await rig.actions(second)
    assert first == second
    assert action.purpose == "acknowledge"


async def test_an_edit_closes_reviews_of_the_old_text(rig: Rig) -> None:
    await rig.decide(heard(1, "scam"))
    edit = Edited(platform="telegram", external_id="-100:1", text="scam, and more of it", edited_at=rig.clock())
    await rig.decide(Heard(event=edit, raw="{}"))
    async with rig.database.reading() as tx:
        waiting = await reviews.queue(tx)
    assert len(waiting) == 1


async def test_a_post_deleted_before_it_was_decided_is_left_alone(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "withdrawal stuck"))
    await rig.hear(Heard(event=Deleted(platform="telegram", external_id="-100:1"), raw="{}"))
    await rig.handler().handle(ids)
    async with rig.database.reading() as tx:
        totals = await counts.totals(tx)
        file = await casefile.load(tx, ids[0])
    assert (totals.tickets, totals.pending) == (0, 0)
    assert file is not None
    assert [reason.rule for reason in file.reasons] == ["leave_deleted"]


async def test_a_database_that_gives_up_fails_no_mention(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "withdrawal stuck"))
    good = rig.references

    def deadlock() -> Iterator[str]:
        """Asked for inside the transaction, where a database gives up."""
        raise OperationalError("INSERT", {}, Exception("deadlock detected"))
        yield ""

    rig.references = deadlock()
    with pytest.raises(DatabaseAway, match="deadlock detected"):
        await rig.handler().handle(ids)
    assert (await rig.mention(ids[0])).state == "received"
    rig.references = good
    rig.clock.move(minutes=2)
    await rig.handler().handle(ids)
    assert (await rig.mention(ids[0])).state == "handled"


async def test_who_lost_the_lease_cannot_fail_a_mention(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "poison"))
    loop = asyncio.get_running_loop()

    async def taken_over() -> None:
        async with rig.database.transaction() as tx:
            await mentions.claim(tx, ids, owner="quick", until=rig.clock() + timedelta(minutes=1), now=rig.clock())

    def sleep_past_the_lease() -> None:
        rig.clock.move(minutes=2)
        asyncio.run_coroutine_threadsafe(taken_over(), loop).result()

    rig.classifier.on_assess = sleep_past_the_lease
    await rig.handler("slow").handle(ids)
    assert (await rig.mention(ids[0])).state == "received"
