"""A few posts a day are put before reviewers, and only of those nobody was asked about."""

from dataclasses import replace

from domain.records import ReviewRecord
from storage import reviews
from tests.workers.fakes import heard
from tests.workers.rig import Rig
from workers.sample import Sampler


def sampler(rig: Rig, per_day: int = 40, owner: str = "worker-1") -> Sampler:
    rules = replace(rig.rules, samples_per_day=per_day)
    return Sampler(database=rig.database, policy=lambda: rules, now=rig.clock, owner=owner)


async def asked(rig: Rig) -> list[ReviewRecord]:
    async with rig.database.reading() as tx:
        return await reviews.queue(tx, kind="label")


async def handle(rig: Rig, posts: int) -> None:
    await rig.decide(*(heard(number, f"how do I reset my password, {number}?", who=str(number)) for number in range(posts)))


async def test_what_was_answered_by_itself_is_put_before_a_reviewer(rig: Rig) -> None:
    await handle(rig, 3)
    ids = await sampler(rig).once()
    items = await asked(rig)
    assert sorted(ids) == sorted(item.id for item in items)
    assert len({item.mention_id for item in items}) == 3
    assert [item.proposed for item in items] == [()] * 3


async def test_nothing_is_sampled_twice(rig: Rig) -> None:
    await handle(rig, 2)
    await sampler(rig).once()
    rig.clock.move(seconds=600)
    assert await sampler(rig).once() == []


async def test_the_budget_is_kept(rig: Rig) -> None:
    await handle(rig, 6)
    assert len(await sampler(rig, per_day=4).once()) == 2
    rig.clock.move(seconds=600)
    assert await sampler(rig, per_day=4).once() == []


async def test_sampling_can_be_off(rig: Rig) -> None:
    await handle(rig, 2)
    assert await sampler(rig, per_day=0).once() == []


async def test_of_two_fleets_one_samples(rig: Rig) -> None:
    await handle(rig, 6)
    assert await sampler(rig, per_day=2, owner="a").once()
    assert await sampler(rig, per_day=40, owner="b").once() == []
    rig.clock.move(seconds=60)
    assert await sampler(rig, per_day=40, owner="b").once()
