"""The review queue: one human an item."""

import asyncio

import pytest

from domain.deciding import ReviewKind
from domain.people import Platform
from storage import decisions, reviews
from storage.db import Database
from tests.storage.builders import MINUTE, NOW, REASON, REPLY, account, asked, assessment, decision, new, stored


async def _asked(database: Database) -> int:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        return await asked(tx, record.id)


async def test_a_review_shows_its_mention(database: Database) -> None:
    review_id = await _asked(database)
    async with database.reading() as tx:
        review = await reviews.get(tx, review_id)
    assert review is not None
    assert (review.platform, review.author_name, review.excerpt, review.language) == ("x", "User 1", "post 1", "")
    assert (review.state, review.proposed, review.reasons) == ("waiting", (REPLY,), (REASON,))


async def test_the_queue_is_ordered_by_risk_then_by_due_time(database: Database) -> None:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        late = await asked(tx, record.id, risk=0.5, due=9)
        soon = await asked(tx, record.id, risk=0.5, due=1)
        risky = await asked(tx, record.id, risk=0.9, due=99)
        assert [review.id for review in await reviews.queue(tx)] == [risky, soon, late]
        assert [review.id for review in await reviews.queue(tx, limit=1)] == [risky]


@pytest.mark.parametrize(
    ("platform", "language", "kind", "expected"),
    [
        (None, None, None, ["1", "2"]),
        ("x", None, None, ["1"]),
        (None, "ja", None, ["2"]),
        (None, None, "unsure", ["2"]),
        ("x", "ja", None, []),
    ],
)
async def test_the_queue_can_be_narrowed(
    database: Database, platform: Platform | None, language: str | None, kind: ReviewKind | None, expected: list[str]
) -> None:
    elsewhere = new("2", platform="discord", author=account(platform="discord"))
    first, second = await stored(database, new("1"), elsewhere)
    async with database.transaction() as tx:
        rows = [(first.id, assessment(language="en"), decision()), (second.id, assessment(language="ja"), decision())]
        await decisions.record_many(tx, rows, decided_by=decisions.FLEET, now=NOW)
        await asked(tx, first.id, kind="reply", risk=0.9)
        await asked(tx, second.id, kind="unsure", risk=0.1)
        found = await reviews.queue(tx, platform=platform, language=language, kind=kind)
    numbers = {first.id: "1", second.id: "2"}
    assert [numbers[review.mention_id] for review in found] == expected


async def test_a_review_is_claimed_by_one_human(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        assert await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + MINUTE)
        assert not await reviews.claim(tx, review_id, user="bo", now=NOW, until=NOW + MINUTE)
        assert await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + 2 * MINUTE)


async def test_a_claim_that_ran_out_is_free(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + MINUTE)
        assert await reviews.claim(tx, review_id, user="bo", now=NOW + MINUTE, until=NOW + 2 * MINUTE)


async def test_only_the_holder_gives_a_claim_back(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + MINUTE)
        assert not await reviews.release(tx, review_id, user="bo")
        assert await reviews.release(tx, review_id, user="ann")
        assert await reviews.claim(tx, review_id, user="bo", now=NOW, until=NOW + MINUTE)


async def test_a_review_is_decided_once(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        assert await reviews.decide(tx, review_id, user="ann", outcome="approve", now=NOW)
        assert not await reviews.decide(tx, review_id, user="bo", outcome="ignore", now=NOW)
        assert not await reviews.claim(tx, review_id, user="bo", now=NOW, until=NOW + MINUTE)
        assert await reviews.queue(tx) == []
        review = await reviews.get(tx, review_id)
    assert review is not None
    assert (review.outcome, review.decided_by, review.decided_at) == ("approve", "ann", NOW)


async def test_a_review_that_another_holds_cannot_be_decided(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + MINUTE)
        assert not await reviews.decide(tx, review_id, user="bo", outcome="ignore", now=NOW)
        assert await reviews.decide(tx, review_id, user="ann", outcome="ignore", now=NOW)


async def test_two_reviewers_deciding_at_once_decide_once(database: Database, database_url: str) -> None:
    review_id, other = await _asked(database), Database(database_url)

    async def decide(connected: Database, user: str) -> bool:
        async with connected.transaction() as tx:
            return await reviews.decide(tx, review_id, user=user, outcome="approve", now=NOW)

    won = await asyncio.gather(*(decide(connected, str(n)) for n in range(4) for connected in (database, other)))
    await other.close()
    assert won.count(True) == 1


async def test_a_decided_review_can_be_reopened(database: Database) -> None:
    review_id = await _asked(database)
    async with database.transaction() as tx:
        before = await reviews.get(tx, review_id)
        assert not await reviews.reopen(tx, review_id)
        await reviews.claim(tx, review_id, user="ann", now=NOW, until=NOW + MINUTE)
        await reviews.decide(tx, review_id, user="ann", outcome="approve", now=NOW)
        assert await reviews.reopen(tx, review_id)
        assert await reviews.get(tx, review_id) == before
