"""The inbox: each mention once, decided on by one worker at a time."""

import asyncio
from datetime import timedelta

import pytest

from domain.deciding import AskReview
from domain.hearing import Edited, Media
from domain.records import MentionState
from storage import actions, mentions, reviews
from storage.db import Database
from storage.mentions import NewMention
from tests.storage.builders import MINUTE, NOW, REPLY, account, asked, decided, mention, new, started, stored

NONE: frozenset[str] = frozenset()


async def _claim(database: Database, ids: list[int], *, owner: str = "a", now: timedelta = timedelta()) -> list[int]:
    async with database.transaction() as tx:
        claimed = await mentions.claim(tx, ids, owner=owner, until=NOW + now + MINUTE, now=NOW + now)
    return [record.id for record in claimed]


async def _handled(database: Database, mention_id: int) -> None:
    await _claim(database, [mention_id])
    async with database.transaction() as tx:
        assert await mentions.mark_handled(tx, mention_id, owner="a", now=NOW)


async def _edit(database: Database, text: str, *, at: timedelta = MINUTE) -> int | None:
    edited = Edited(platform="x", external_id="1", text=text, edited_at=NOW + at)
    async with database.transaction() as tx:
        return await mentions.apply_edit(tx, edited, frozenset({"card"}), NOW + at)


async def test_a_mention_comes_back_as_it_was_heard(database: Database) -> None:
    heard = mention(
        "7",
        platform="telegram",
        channel_id="-100",
        channel_name="Kestrel",
        reply_to_id="6",
        author=account("9", platform="telegram", bio="hi", created_at=NOW, followers=3_000_000_000, verified=True),
        url="https://example.com/7",
        media=(Media(kind="photo", external_id="p", size_bytes=5_000_000_000),),
    )
    (record,) = await stored(database, NewMention(mention=heard, secrets=frozenset({"card"}), raw="{}"))
    assert (record.mention, record.secrets, record.state, record.attempts) == (heard, {"card"}, "received", 0)


async def test_insert_returns_only_what_is_new(database: Database) -> None:
    (old,) = await stored(database, new("1"))
    async with database.transaction() as tx:
        ids = await mentions.insert(tx, [new("1"), new("2"), new("2"), new("3")], NOW)
        assert len(set(ids)) == 2
        assert old.id not in ids


async def test_the_same_id_on_two_platforms_is_two_mentions(database: Database) -> None:
    async with database.transaction() as tx:
        assert len(await mentions.insert(tx, [new("1"), new("1", platform="discord")], NOW)) == 2


async def test_a_large_batch_is_stored_whole(database: Database) -> None:
    batch = [new(str(number), author=account(str(number % 1500))) for number in range(4000)]
    async with database.transaction() as tx:
        ids = await mentions.insert(tx, batch, NOW)
        assert len(await mentions.claim(tx, ids, owner="a", until=NOW + MINUTE, now=NOW)) == 4000
        assert await mentions.mark_handled_many(tx, ids, "a", NOW) == set(ids)


async def test_two_listeners_storing_the_same_batch_store_it_once(database: Database, database_url: str) -> None:
    other = Database(database_url)
    batch = [new(str(number), author=account(str(number % 7))) for number in range(100)]

    async def store(connected: Database, items: list[NewMention]) -> list[int]:
        async with connected.transaction() as tx:
            return await mentions.insert(tx, items, NOW)

    ids = await asyncio.gather(store(database, batch), store(other, batch[::-1]), store(database, batch))
    await other.close()
    assert sorted(len(part) for part in ids) == [0, 0, 100]


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\ud800 half", "Z̸̡͎a", "🧑‍🧑‍🧒 " * 1000])
async def test_any_text_of_a_stranger_can_be_stored(database: Database, text: str) -> None:
    odd = account("9\x00", display_name=text, username=text)
    (record,) = await stored(database, new("1", text=text, author=odd))
    assert "\x00" not in record.mention.text


async def test_a_claimed_mention_is_not_claimed_again(database: Database) -> None:
    (record,) = await stored(database, new())
    assert await _claim(database, [record.id], owner="a") == [record.id]
    assert await _claim(database, [record.id], owner="b") == []


async def test_a_lease_that_ran_out_can_be_taken_over(database: Database) -> None:
    (record,) = await stored(database, new())
    await _claim(database, [record.id], owner="a")
    assert await _claim(database, [record.id], owner="b", now=MINUTE) == [record.id]
    async with database.transaction() as tx:
        assert not await mentions.mark_handled(tx, record.id, owner="a", now=NOW)
        assert await mentions.mark_handled(tx, record.id, owner="b", now=NOW)


async def test_every_claim_costs_an_attempt(database: Database) -> None:
    (record,) = await stored(database, new())
    await _claim(database, [record.id])
    await _claim(database, [record.id], now=MINUTE)
    async with database.reading() as tx:
        again = await mentions.get(tx, record.id)
    assert again is not None
    assert again.attempts == 2


async def test_concurrent_claimers_never_share_a_mention(database: Database, database_url: str) -> None:
    """Overlapping batches in opposite orders, from two processes: every row goes to exactly one of them."""
    other = Database(database_url)
    records = await stored(database, *(new(str(number)) for number in range(60)))
    ids = [record.id for record in records]
    batches = [ids, ids[::-1], ids[:40], ids[20:], ids[::2], ids[1::2]]
    claims = (
        _claim(connected, batch, owner=f"{number}-{id(connected)}")
        for number, batch in enumerate(batches)
        for connected in (database, other)
    )
    claimed = [id_ for part in await asyncio.gather(*claims) for id_ in part]
    await other.close()
    assert len(claimed) == len(set(claimed))


async def test_a_claimer_does_not_wait_for_another_on_postgresql(new_postgresql_url: str) -> None:
    database = Database(new_postgresql_url)
    first, second = await stored(database, new("1"), new("2"))
    async with database.transaction() as holding:
        await mentions.claim(holding, [first.id], owner="a", until=NOW + MINUTE, now=NOW)
        assert await _claim(database, [first.id, second.id], owner="b") == [second.id]
    await database.close()


async def test_released_mentions_are_due_at_once(database: Database) -> None:
    (record,) = await stored(database, new())
    await _claim(database, [record.id], owner="a")
    async with database.transaction() as tx:
        await mentions.release(tx, [record.id], owner="b")
        assert await mentions.due(tx, now=NOW, heard_before=NOW, limit=9) == []
        await mentions.release(tx, [record.id], owner="a")
        assert await mentions.due(tx, now=NOW, heard_before=NOW, limit=9) == [record.id]


async def test_due_leaves_out_the_young_the_leased_and_the_finished(database: Database) -> None:
    records = await stored(database, *(new(str(number)) for number in range(4)))
    young, leased, handled, failed = (record.id for record in records)
    await _handled(database, handled)
    async with database.transaction() as tx:
        await mentions.mark_failed(tx, failed, owner=None, reason="broken", now=NOW)
    await _claim(database, [leased])
    async with database.reading() as tx:
        assert await mentions.due(tx, now=NOW, heard_before=NOW, limit=9) == [young]
        assert await mentions.due(tx, now=NOW, heard_before=NOW - MINUTE, limit=9) == []


async def test_handled_mentions_are_handled_once(database: Database) -> None:
    (record,) = await stored(database, new())
    await _handled(database, record.id)
    async with database.transaction() as tx:
        assert not await mentions.mark_handled(tx, record.id, owner="a", now=NOW)
        assert not await mentions.mark_failed(tx, record.id, owner=None, reason="late", now=NOW)


async def test_a_failed_mention_can_be_retried_with_fresh_attempts(database: Database) -> None:
    (record,) = await stored(database, new())
    await _claim(database, [record.id])
    async with database.transaction() as tx:
        await mentions.mark_failed(tx, record.id, owner="a", reason="broken", now=NOW)
        assert await mentions.retry_failed(tx, record.id)
        assert not await mentions.retry_failed(tx, record.id)
        again = await mentions.get(tx, record.id)
    assert again is not None
    assert (again.state, again.state_reason, again.attempts) == ("received", "", 0)


async def test_an_edit_replaces_the_text_and_what_was_found_in_it(database: Database) -> None:
    (record,) = await stored(database, new())
    assert await _edit(database, "changed") == record.id
    async with database.reading() as tx:
        again = await mentions.get(tx, record.id)
    assert again is not None
    assert (again.mention.text, again.secrets, again.edited_at) == ("changed", {"card"}, NOW + MINUTE)


async def test_an_edit_takes_the_mention_from_whoever_decides_on_the_old_text(database: Database) -> None:
    (record,) = await stored(database, new())
    await _claim(database, [record.id])
    await _edit(database, "changed")
    async with database.transaction() as tx:
        assert not await mentions.mark_handled(tx, record.id, owner="a", now=NOW)
        assert await mentions.due(tx, now=NOW, heard_before=NOW, limit=9) == [record.id]


async def test_an_edit_brings_a_handled_mention_back_and_withdraws_what_the_old_text_led_to(database: Database) -> None:
    (record,) = await stored(database, new())
    await _handled(database, record.id)
    (action_id,) = await decided(database, record, [REPLY, AskReview(kind="unsure", risk=0.5, proposed=())])
    await _edit(database, "changed")
    async with database.reading() as tx:
        assert await mentions.due(tx, now=NOW, heard_before=NOW, limit=9) == [record.id]
        action = await actions.get(tx, action_id)
        assert await reviews.queue(tx) == []
    assert action is not None
    assert action.state == "cancelled"
    assert await decided(database, record, [REPLY]) == [action_id]


async def test_an_edit_leaves_a_reply_that_has_left_and_the_question_about_its_fate(database: Database) -> None:
    (record,) = await stored(database, new())
    (action_id,) = await decided(database, record, [REPLY])
    action = await started(database, action_id)
    async with database.transaction() as tx:
        await actions.finish(tx, action, state="unknown", now=NOW)
        review_id = await asked(tx, record.id, action_id=action_id)
    await _edit(database, "changed")
    async with database.reading() as tx:
        assert [review.id for review in await reviews.queue(tx)] == [review_id]
    assert await decided(database, record, [REPLY]) == []


async def test_edits_that_change_nothing_are_ignored(database: Database) -> None:
    await stored(database, new())
    assert await _edit(database, "post 1") is None
    assert await _edit(database, "newer", at=2 * MINUTE) is not None
    assert await _edit(database, "older", at=MINUTE) is None


async def test_an_edit_or_deletion_of_an_unknown_post_is_ignored(database: Database) -> None:
    assert await _edit(database, "changed") is None
    async with database.transaction() as tx:
        assert await mentions.apply_deletion(tx, "x", "1", NOW) is None


async def test_a_deletion_blanks_the_post_for_good(database: Database) -> None:
    await stored(database, new("1", media=(Media(kind="photo", external_id="p"),)))
    async with database.transaction() as tx:
        mention_id = await mentions.apply_deletion(tx, "x", "1", NOW)
        assert await mentions.apply_deletion(tx, "x", "1", NOW) is None
    assert await _edit(database, "back again") is None
    async with database.reading() as tx:
        record = await mentions.by_external(tx, "x", "1")
    assert record is not None
    assert (record.id, record.mention.text, record.mention.media, record.deleted_at) == (mention_id, "", (), NOW)


async def test_parents_are_found_on_their_own_platform(database: Database) -> None:
    parent, twin, reply, orphan = await stored(
        database, new("1"), new("1", platform="discord"), new("2", reply_to_id="1"), new("3", reply_to_id="99")
    )
    async with database.reading() as tx:
        found = await mentions.parents(tx, [parent, twin, reply, orphan])
    assert found == {reply.id: parent}


@pytest.mark.parametrize(("state", "expected"), [(None, ["3", "2", "1"]), ("failed", ["2"]), ("handled", [])])
async def test_latest_comes_newest_first(database: Database, state: MentionState | None, expected: list[str]) -> None:
    _, failed, _ = await stored(database, new("1"), new("2"), new("3"))
    async with database.transaction() as tx:
        await mentions.mark_failed(tx, failed.id, owner=None, reason="broken", now=NOW)
        found = await mentions.latest(tx, limit=9, state=state)
    assert [record.mention.external_id for record in found] == expected
