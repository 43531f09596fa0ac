import asyncio
from collections.abc import Sequence
from uuid import uuid4

import pytest

from workers.queue import InProcessQueue, Queue
from workers.queue_arq import ArqQueue


@pytest.fixture(params=["in process", "arq"])
def queue(request: pytest.FixtureRequest) -> Queue:
    if request.param == "in process":
        return InProcessQueue()
    return ArqQueue(request.getfixturevalue("redis_url"), prefix=uuid4().hex)


class Worked:
    """Collects batches; `done` is set when `wanted` ids came."""

    def __init__(self, wanted: int, fail_first: bool = False) -> None:
        self.batches: list[list[int]] = []
        self._wanted = wanted
        self._fail = fail_first
        self.done = asyncio.Event()

    async def __call__(self, ids: Sequence[int]) -> None:
        self.batches.append(list(ids))
        if self._fail:
            self._fail = False
            raise ValueError("the first batch fails")
        if sum(map(len, self.batches)) >= self._wanted:
            self.done.set()


async def serve_until_done(queue: Queue, worked: Worked, batch: int = 64) -> None:
    serving = asyncio.create_task(queue.serve("handle", worked, batch=batch))
    try:
        async with asyncio.timeout(20):
            await worked.done.wait()
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        await queue.close()


async def test_every_id_is_handed_over(queue: Queue) -> None:
    worked = Worked(150)
    await queue.put("handle", range(150))
    await serve_until_done(queue, worked)
    assert sorted(id_ for batch in worked.batches for id_ in batch) == list(range(150))


async def test_batches_keep_their_size(queue: Queue) -> None:
    worked = Worked(100)
    await queue.put("handle", range(100))
    await serve_until_done(queue, worked, batch=32)
    assert max(map(len, worked.batches)) <= 32


async def test_an_id_that_waits_is_not_queued_twice(queue: Queue) -> None:
    worked = Worked(3)
    for _ in range(3):
        await queue.put("handle", [1, 2, 3])
    await serve_until_done(queue, worked)
    assert worked.batches == [[1, 2, 3]]


async def test_a_failing_batch_does_not_end_the_service(queue: Queue) -> None:
    worked = Worked(4, fail_first=True)
    await queue.put("handle", [1, 2])
    await queue.put("handle", [3, 4])
    await serve_until_done(queue, worked, batch=2)
    assert sorted(worked.batches) == [[1, 2], [3, 4]]


async def test_a_redis_that_is_away_is_no_error_for_who_asks() -> None:
    queue = ArqQueue("redis://127.0.0.1:1")
    await queue.put("handle", [1])


async def test_a_stop_waits_for_the_work_under_way() -> None:
    queue = InProcessQueue()
    begun, finished = asyncio.Event(), asyncio.Event()

    async def work(ids: Sequence[int]) -> None:
        _ = ids
        begun.set()
        await asyncio.sleep(0.05)
        finished.set()

    await queue.put("perform", [1])
    serving = asyncio.create_task(queue.serve("perform", work, batch=8))
    await begun.wait()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert finished.is_set()


async def test_what_does_not_fit_is_left_to_the_sweep() -> None:
    queue = InProcessQueue(capacity=10)
    worked = Worked(10)
    await queue.put("handle", range(1000))
    await serve_until_done(queue, worked)
    assert worked.batches == [list(range(10))]
