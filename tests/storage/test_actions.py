"""The outbox: one action a key, one sender an attempt, and nothing sent blindly twice."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.records import ActionRecord, ActionState
from storage import actions, reviews
from storage.db import Database
from tests.storage.builders import MINUTE, NOW, alert, asked, new, queued, started, stored


async def _get(database: Database, action_id: int) -> ActionRecord:
    async with database.reading() as tx:
        action = await actions.get(tx, action_id)
    assert action is not None
    return action


async def _finish(database: Database, action: ActionRecord, state: ActionState, *, after: timedelta = timedelta()) -> bool:
    async with database.transaction() as tx:
        return await actions.finish(tx, action, state=state, now=NOW + after, external_id="99", detail="done")


async def _unknown(database: Database) -> int:
    action_id = await queued(database)
    await _finish(database, await started(database, action_id), "unknown")
    return action_id


async def test_a_key_is_queued_once(database: Database) -> None:
    await queued(database)
    async with database.transaction() as tx:
        assert await actions.add(tx, replace(alert(), text="other"), now=NOW, not_before=NOW) is None


async def test_a_key_is_queued_once_by_concurrent_workers(database: Database, database_url: str) -> None:
    other = Database(database_url)

    async def add(connected: Database) -> int | None:
        async with connected.transaction() as tx:
            return await actions.add(tx, alert(), now=NOW, not_before=NOW)

    ids = await asyncio.gather(*(add(connected) for connected in (database, other, database, other)))
    await other.close()
    assert len([id_ for id_ in ids if id_ is not None]) == 1


async def test_a_cancelled_action_is_revived_by_a_later_decision(database: Database) -> None:
    action_id = await queued(database)
    async with database.transaction() as tx:
        assert await actions.cancel(tx, action_id, detail="undone", now=NOW)
        assert await actions.add(tx, replace(alert(), text="better"), now=NOW, not_before=NOW) == action_id
    again = await _get(database, action_id)
    assert (again.state, again.text, again.detail, again.finished_at) == ("pending", "better", "", None)


async def test_due_actions_come_in_the_order_they_ripen(database: Database) -> None:
    async with database.transaction() as tx:
        later = await actions.add(tx, alert("later"), now=NOW, not_before=NOW)
        sooner = await actions.add(tx, alert("sooner"), now=NOW, not_before=NOW - MINUTE)
        await actions.add(tx, alert("not yet"), now=NOW, not_before=NOW + MINUTE)
        assert await actions.due(tx, now=NOW, limit=9) == [sooner, later]
        assert await actions.due(tx, now=NOW, limit=1) == [sooner]


async def test_an_action_is_started_by_exactly_one_of_many_workers(database: Database, database_url: str) -> None:
    action_id, other = await queued(database), Database(database_url)

    async def start(connected: Database, owner: str) -> ActionRecord | None:
        async with connected.transaction() as tx:
            return await actions.start(tx, action_id, owner=owner, now=NOW)

    workers = [start(connected, str(number)) for number in range(6) for connected in (database, other)]
    winners = [action for action in await asyncio.gather(*workers) if action is not None]
    await other.close()
    assert [(action.state, action.attempts, action.sending_at) for action in winners] == [("sending", 1, NOW)]


async def test_an_action_does_not_start_before_its_time(database: Database) -> None:
    async with database.transaction() as tx:
        action_id = await actions.add(tx, alert(), now=NOW, not_before=NOW + MINUTE)
        assert action_id is not None
        assert await actions.start(tx, action_id, owner="a", now=NOW) is None


@pytest.mark.parametrize("state", ["sent", "shadowed", "unknown", "failed", "cancelled"])
async def test_an_attempt_ends_once(database: Database, state: ActionState) -> None:
    action = await started(database, await queued(database))
    assert await _finish(database, action, state)
    assert not await _finish(database, action, "failed")
    ended = await _get(database, action.id)
    assert (ended.state, ended.external_id, ended.detail, ended.finished_at) == (state, "99", "done", NOW)


async def test_an_attempt_that_may_be_repeated_waits_for_its_time(database: Database) -> None:
    action = await started(database, await queued(database))
    async with database.transaction() as tx:
        await actions.finish(tx, action, state="pending", now=NOW, detail="rate limit", not_before=NOW + MINUTE)
    again = await _get(database, action.id)
    assert (again.state, again.not_before, again.finished_at, again.attempts) == ("pending", NOW + MINUTE, None, 1)


async def test_an_old_attempt_cannot_speak_for_a_newer_one(database: Database) -> None:
    """A worker that was stopped past its time wakes up and reports."""
    old = await started(database, await queued(database))
    await _finish(database, old, "pending")
    newer = await started(database, old.id)
    assert not await _finish(database, old, "sent")
    assert await _finish(database, newer, "failed")


async def test_stuck_are_those_sending_or_unknown_for_long(database: Database) -> None:
    sending = await started(database, await queued(database, "sending"))
    unknown = await started(database, await queued(database, "unknown"))
    await queued(database, "pending")
    await _finish(database, unknown, "unknown")
    async with database.reading() as tx:
        assert await actions.stuck(tx, sending_before=NOW, limit=9) == []
        stuck = await actions.stuck(tx, sending_before=NOW + MINUTE, limit=9)
    assert [(action.id, action.state) for action in stuck] == [(sending.id, "sending"), (unknown.id, "unknown")]


async def test_an_unknown_action_is_no_longer_stuck_once_a_human_is_asked(database: Database) -> None:
    (record,) = await stored(database, new())
    action_id = await _unknown(database)
    async with database.transaction() as tx:
        await asked(tx, record.id, action_id=action_id)
        assert await actions.stuck(tx, sending_before=NOW + MINUTE, limit=9) == []


async def test_an_action_that_becomes_unknown_again_is_stuck_again(database: Database) -> None:
    """A human answered, it was sent again, and its fate is open once more."""
    (record,) = await stored(database, new())
    action_id = await _unknown(database)
    async with database.transaction() as tx:
        review_id = await asked(tx, record.id, action_id=action_id)
        await reviews.decide(tx, review_id, user="ann", outcome="absent", now=NOW)
        await actions.settle(tx, action_id, state="pending", detail="absent", now=NOW)
    await _finish(database, await started(database, action_id), "unknown")
    async with database.reading() as tx:
        assert [action.id for action in await actions.stuck(tx, sending_before=NOW + MINUTE, limit=9)] == [action_id]


async def test_only_pending_actions_can_be_cancelled(database: Database) -> None:
    action_id = await queued(database)
    await started(database, action_id)
    async with database.transaction() as tx:
        assert not await actions.cancel(tx, action_id, detail="too late", now=NOW)


@pytest.mark.parametrize(("state", "finished"), [("sent", True), ("failed", True), ("pending", False)])
async def test_an_unknown_action_is_settled_once(database: Database, state: ActionState, finished: bool) -> None:
    action_id = await _unknown(database)
    async with database.transaction() as tx:
        assert await actions.settle(tx, action_id, state=state, detail="looked", now=NOW + MINUTE)
        assert not await actions.settle(tx, action_id, state="failed", detail="again", now=NOW)
    settled = await _get(database, action_id)
    assert (settled.state, settled.detail, settled.finished_at is not None) == (state, "looked", finished)


async def test_only_unknown_actions_are_settled(database: Database) -> None:
    action_id = await queued(database)
    async with database.transaction() as tx:
        assert not await actions.settle(tx, action_id, state="sent", detail="", now=NOW)


async def test_alert_keys_are_those_raised_since(database: Database) -> None:
    await queued(database, "alert:1")
    async with database.reading() as tx:
        assert await actions.alert_keys(tx, since=NOW) == ["alert:1"]
        assert await actions.alert_keys(tx, since=NOW + MINUTE) == []
