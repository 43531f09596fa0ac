from datetime import timedelta
from typing import Any

import pytest

from domain.acting import Absent, CannotTell, Found, Refused, RetryLater, Sent, Unknown
from domain.hearing import Deleted, Heard
from storage import actions, reviews, switches
from tests.workers.fakes import heard
from tests.workers.rig import Rig

QUESTION = "how do I reset my password?"


async def perform(rig: Rig) -> tuple[int, str]:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    await rig.performer.perform([action_id])
    (action,) = await rig.actions([action_id])
    return action_id, action.state


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Sent(external_id="9"), "sent"),
        (Refused(reason="blocked"), "failed"),
        (RetryLater(after_s=30, reason="rate limit"), "pending"),
        (Unknown(reason="timeout"), "unknown"),
    ],
)
async def test_outcomes(rig: Rig, outcome: Any, state: str) -> None:
    rig.responder.outcomes = [outcome]
    assert (await perform(rig))[1] == state


async def test_performing_twice_posts_once(rig: Rig) -> None:
    action_id, _ = await perform(rig)
    await rig.performer.perform([action_id])
    assert len(rig.responder.orders) == 1


async def test_two_workers_at_once_post_once(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    await rig.performer.perform([action_id, action_id, action_id])
    assert len(rig.responder.orders) == 1


async def test_a_retry_waits_for_its_time(rig: Rig) -> None:
    rig.responder.outcomes = [RetryLater(after_s=30, reason="rate limit")]
    action_id, _ = await perform(rig)
    await rig.performer.perform([action_id])
    assert len(rig.responder.orders) == 1
    rig.clock.move(seconds=31)
    await rig.performer.perform([action_id])
    assert len(rig.responder.orders) == 2


async def test_in_shadow_mode_nothing_is_posted(rig: Rig) -> None:
    async with rig.database.transaction() as tx:
        await switches.set_live(tx, "telegram", False, by="test", now=rig.clock())
    assert (await perform(rig))[1] == "shadowed"
    assert rig.responder.orders == []


async def test_behind_the_kill_switch_a_reply_waits_and_then_goes(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    await rig.kill(True)
    await rig.performer.perform([action_id])
    assert rig.responder.orders == []
    await rig.kill(False)
    rig.clock.move(seconds=6)
    await rig.performer.perform([action_id])
    assert len(rig.responder.orders) == 1


async def test_a_post_deleted_meanwhile_is_not_answered(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    await rig.hear(Heard(event=Deleted(platform="telegram", external_id="-100:1"), raw="{}"))
    await rig.performer.perform([action_id])
    (action,) = await rig.actions([action_id])
    assert (action.state, rig.responder.orders) == ("cancelled", [])


async def test_a_scam_flag_between_decision_and_sending_stops_the_reply(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    await rig.decide(heard(2, "scam"))
    await rig.performer.perform([action_id])
    (action,) = await rig.actions([action_id])
    assert (action.state, rig.responder.orders) == ("cancelled", [])


async def test_a_reply_that_became_too_late_goes_to_a_human(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    rig.clock.move(hours=7)
    await rig.performer.perform([action_id])
    async with rig.database.reading() as tx:
        (item,) = await reviews.queue(tx)
    assert (item.kind, [type(effect).__name__ for effect in item.proposed]) == ("reply", ["PostReply"])


async def stuck_after_crash(rig: Rig) -> int:
    """An action whose sender died between the call and its record."""
    (action_id,) = await rig.decide(heard(1, QUESTION))
    async with rig.database.transaction() as tx:
        await actions.start(tx, action_id, owner="dead", now=rig.clock())
    rig.clock.move(seconds=100)
    return action_id


@pytest.mark.parametrize(
    ("answer", "state"),
    [(Found(external_id="5"), "sent"), (Absent(), "pending"), (CannotTell(reason="no history"), "unknown")],
)
async def test_a_dead_senders_action_is_read_back(rig: Rig, answer: Any, state: str) -> None:
    rig.responder.found = answer
    action_id = await stuck_after_crash(rig)
    await rig.sweep.once()
    (action,) = await rig.actions([action_id])
    assert (action.state, rig.responder.orders) == (state, [])


async def test_a_reply_that_vanishes_again_and_again_goes_to_a_human(rig: Rig) -> None:
    rig.responder.found = Absent()
    rig.responder.outcomes = [Unknown(reason="timeout")] * 9
    (action_id,) = await rig.decide(heard(1, QUESTION))
    for _ in range(9):
        await rig.performer.perform([action_id])
        rig.clock.move(seconds=100)
        await rig.sweep.once()
    async with rig.database.reading() as tx:
        (item,) = await reviews.queue(tx)
    assert (len(rig.responder.orders), item.action_id) == (3, action_id)


async def test_where_the_platform_cannot_tell_one_human_is_asked_once(rig: Rig) -> None:
    action_id = await stuck_after_crash(rig)
    for _ in range(3):
        await rig.sweep.once()
        rig.clock.move(minutes=2)
    async with rig.database.reading() as tx:
        (item,) = await reviews.queue(tx)
    assert item.action_id == action_id


async def test_a_sender_that_wakes_up_late_cannot_overwrite(rig: Rig) -> None:
    (action_id,) = await rig.decide(heard(1, QUESTION))
    async with rig.database.transaction() as tx:
        sleeper = await actions.start(tx, action_id, owner="asleep", now=rig.clock())
    assert sleeper is not None
    rig.responder.found = Found(external_id="5")
    rig.clock.move(seconds=100)
    await rig.sweep.once()
    async with rig.database.transaction() as tx:
        late = await actions.finish(tx, sleeper, state="failed", now=rig.clock(), detail="late")
    (action,) = await rig.actions([action_id])
    assert (late, action.state, action.external_id) == (False, "sent", "5")


async def test_the_earlier_of_two_replies_to_one_person_goes_out(rig: Rig) -> None:
    first = await rig.decide(heard(1, QUESTION))
    rig.clock.move(minutes=3)
    both = await rig.decide(heard(2, QUESTION))
    assert len(both) == 2
    await rig.performer.perform(both)
    assert [order.mention_id for order in rig.responder.orders] == ["-100:1"]
    assert first[0] in both


async def test_an_alert_reaches_the_leads(rig: Rig) -> None:
    async with rig.database.transaction() as tx:
        new = actions.NewAction(
            key="alert:outage:1", kind="alert", platform=None, mention_id=None, purpose="trend", text="40 posts", title="outage"
        )
        action_id = await actions.add(tx, new, now=rig.clock(), not_before=rig.clock() - timedelta(seconds=1))
    assert action_id is not None
    await rig.performer.perform([action_id])
    assert [order.title for order in rig.alerter.orders] == ["outage"]
