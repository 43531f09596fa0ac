from storage import actions
from tests.workers.fakes import heard
from tests.workers.rig import Rig


async def test_a_mention_whose_job_was_lost_is_asked_for_again(rig: Rig) -> None:
    ids = await rig.hear(heard(1, "hello"))
    rig.queue.asked.clear()
    await rig.sweep.once()
    assert rig.queue.asked == []
    rig.clock.move(seconds=5)
    await rig.sweep.once()
    assert rig.queue.asked == [("handle", ids)]


async def test_an_action_whose_job_was_lost_is_asked_for_again(rig: Rig) -> None:
    ids = await rig.decide(heard(1, "how do I reset it?"))
    rig.queue.asked.clear()
    await rig.sweep.once()
    assert rig.queue.asked == [("perform", ids)]


async def test_a_burst_alerts_once(rig: Rig) -> None:
    await rig.decide(*(heard(number, "withdrawal stuck", who=str(number)) for number in range(40)))
    rig.queue.asked.clear()
    for _ in range(3):
        await rig.watch.once()
        rig.clock.move(seconds=30)
    async with rig.database.reading() as tx:
        keys = await actions.alert_keys(tx, since=rig.clock.moment.replace(hour=0))
    assert [key.split(":")[1] for key in keys] == ["withdrawal"]
    assert [job for job, _ in rig.queue.asked] == ["perform"]


async def test_a_few_posts_wake_nobody(rig: Rig) -> None:
    await rig.decide(*(heard(number, "withdrawal stuck", who=str(number)) for number in range(5)))
    await rig.watch.once()
    async with rig.database.reading() as tx:
        assert await actions.alert_keys(tx, since=rig.clock.moment.replace(hour=0)) == []
