"""Sampled posts, the labels that reviewers give them, and what is counted of both."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from domain.deciding import AskReview
from domain.hearing import Edited
from domain.people import AccountKind, Platform
from domain.records import Head, HeadAgreement
from domain.sampling import History
from domain.trends import JudgedGroup
from domain.understanding import Assessment, Judgement
from storage import counts, decisions, labels, mentions, reviews
from storage.db import Database, Tx
from tests.storage.builders import MINUTE, NOW, account, asked, assessment, decided, decision, new, stored

DAY = timedelta(days=1)
DOUBT = AskReview(kind="unsure", risk=0.2, proposed=())


async def _handled(database: Database, *numbers: str) -> list[int]:
    """Posts that were handled without a human; their ids."""
    records = await stored(database, *(new(number) for number in numbers))
    async with database.transaction() as tx:
        await decisions.record_many(
            tx, [(record.id, assessment(), decision()) for record in records], decided_by=decisions.FLEET, now=NOW
        )
        await _mark(tx, [record.id for record in records])
    return [record.id for record in records]


async def _mark(tx: Tx, ids: list[int]) -> None:
    await mentions.claim(tx, ids, owner="w", until=NOW + MINUTE, now=NOW)
    for mention_id in ids:
        await mentions.mark_handled(tx, mention_id, owner="w", now=NOW)


async def _labelled(tx: Tx, mention_id: int, said: Mapping[Head, tuple[str, str]], *, drawn: bool = False) -> int:
    review_id = await asked(tx, mention_id, kind="label")
    await labels.add(tx, mention_id=mention_id, review_id=review_id, said=said, drawn=drawn, by="ann", now=NOW)
    return review_id


async def _candidates(tx: Tx, limit: int = 9) -> list[int]:
    return [one.mention_id for one in await labels.candidates(tx, since=NOW - DAY, limit=limit)]


async def test_what_no_human_was_asked_about_may_be_sampled(database: Database) -> None:
    handled, reviewed, sampled = await _handled(database, "1", "2", "3")
    async with database.transaction() as tx:
        await asked(tx, reviewed)
        await asked(tx, sampled, kind="label")
        [found] = await labels.candidates(tx, since=NOW - DAY, limit=9)
    assert (found.mention_id, found.text, found.assessment) == (handled, "post 1", assessment())


async def test_the_newest_posts_come_first(database: Database) -> None:
    first, second, third = await _handled(database, "1", "2", "3")
    async with database.reading() as tx:
        assert await _candidates(tx) == [third, second, first]
        assert await _candidates(tx, limit=1) == [third]
        assert await labels.candidates(tx, since=NOW + MINUTE, limit=9) == []


async def test_posts_of_machines_undecided_and_deleted_ones_are_not_sampled(database: Database) -> None:
    bot = new("1", author=account("7", kind=AccountKind.BOT))
    records = await stored(database, bot, new("2"), new("3"))
    async with database.transaction() as tx:
        rows = [(record.id, assessment(), decision()) for record in records]
        await decisions.record_many(tx, rows, decided_by=decisions.FLEET, now=NOW)
        await _mark(tx, [records[0].id, records[2].id])
        await mentions.apply_deletion(tx, "x", "3", NOW)
        assert await _candidates(tx) == []


async def test_samples_are_counted(database: Database) -> None:
    first, second = await _handled(database, "1", "2")
    async with database.transaction() as tx:
        done = await asked(tx, first, kind="label")
        await asked(tx, second, kind="label")
        await asked(tx, second, kind="reply")
        await reviews.decide(tx, done, user="ann", outcome="confirm", now=NOW)
        assert await labels.sampled(tx, since=NOW) == (2, 1)
        assert await labels.sampled(tx, since=NOW + MINUTE) == (0, 1)


async def test_sampled_posts_stand_below_every_other_review_and_are_not_counted_as_waiting(database: Database) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        sample = await asked(tx, mention_id, kind="label", risk=0.99, due=0)
        real = await asked(tx, mention_id, kind="unsure", risk=0.01, due=99)
        assert [item.id for item in await reviews.queue(tx)] == [real, sample]
        assert [item.id for item in await reviews.queue(tx, kind="label")] == [sample]
        assert (await counts.totals(tx)).waiting == 1


@pytest.mark.parametrize(
    ("kind", "outcome", "expected"),
    [
        ("reply", "approve", History(decided=1)),
        ("reply", "ignore", History(decided=1, corrected=1)),
        ("flag", "scam", History(decided=1)),
        ("flag", "ignore", History(decided=1, corrected=1)),
        ("label", "confirm", History(labelled=1, decided=1)),
        ("label", "correct", History(labelled=1, decided=1, corrected=1)),
        ("label", "skip", History()),
        ("unsure", "ticket", History()),
        ("label", None, History(labelled=1)),
        ("reply", None, History()),
    ],
)
async def test_what_people_made_of_a_stratum(database: Database, kind: str, outcome: str | None, expected: History) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        review_id = await asked(tx, mention_id, kind=kind)  # pyright: ignore[reportArgumentType]
        if outcome is not None:
            await reviews.decide(tx, review_id, user="ann", outcome=outcome, now=NOW)
        assert await labels.history(tx, since=NOW - DAY) == {("withdrawal", "en"): expected}
        assert await labels.history(tx, since=NOW + DAY) == {}


async def test_labels_are_told_with_their_posts(database: Database) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        await _labelled(tx, mention_id, {"intent": ("fees", "withdrawal"), "threat": ("none", "none")}, drawn=True)
        intent, threat = await labels.all(tx)
    assert (intent.mention_id, intent.text, intent.language, intent.platform, intent.author_id) == (
        mention_id,
        "post 1",
        "en",
        "x",
        "1",
    )
    assert (intent.head, intent.label, intent.was, intent.by, intent.at, intent.drawn) == (
        "intent",
        "fees",
        "withdrawal",
        "ann",
        NOW,
        True,
    )
    assert (threat.head, threat.label, threat.was) == ("threat", "none", "none")


@pytest.mark.parametrize(
    ("head", "platforms", "since", "expected"),
    [
        (None, None, NOW, 2),
        ("intent", None, None, 1),
        ("action", None, None, 0),
        (None, ["telegram", "discord"], None, 0),
        (None, ["x"], None, 2),
        (None, None, NOW + MINUTE, 0),
    ],
)
async def test_labels_can_be_narrowed(
    database: Database, head: Head | None, platforms: list[Platform] | None, since: datetime | None, expected: int
) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        await _labelled(tx, mention_id, {"intent": ("fees", "fees"), "threat": ("none", "none")})
        assert len(await labels.all(tx, head=head, platforms=platforms, since=since)) == expected


async def test_what_its_author_deleted_teaches_nothing(database: Database) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        await _labelled(tx, mention_id, {"intent": ("fees", "fees")})
        await mentions.apply_deletion(tx, "x", "1", NOW)
        assert await labels.all(tx) == []


async def test_what_was_edited_since_teaches_nothing(database: Database) -> None:
    (mention_id,) = await _handled(database, "1")
    edited = Edited(platform="x", external_id="1", text="something else", edited_at=NOW + MINUTE)
    async with database.transaction() as tx:
        await _labelled(tx, mention_id, {"intent": ("fees", "fees")})
        await mentions.apply_edit(tx, edited, frozenset(), NOW + MINUTE)
        assert await labels.all(tx) == []


async def test_labels_are_taken_back(database: Database) -> None:
    first, second = await _handled(database, "1", "2")
    async with database.transaction() as tx:
        review_id = await _labelled(tx, first, {"intent": ("fees", "fees")})
        await _labelled(tx, second, {"intent": ("api", "fees")})
        await labels.remove(tx, review_id)
        assert [one.mention_id for one in await labels.all(tx)] == [second]


async def test_a_skipped_post_has_no_labels(database: Database) -> None:
    (mention_id,) = await _handled(database, "1")
    async with database.transaction() as tx:
        await _labelled(tx, mention_id, {})
        assert await labels.all(tx) == []


async def test_agreement_is_counted_by_head_language_and_draw(database: Database) -> None:
    first, second, third = await _handled(database, "1", "2", "3")
    async with database.transaction() as tx:
        await _labelled(tx, first, {"intent": ("fees", "fees")})
        await _labelled(tx, second, {"intent": ("api", "fees")})
        await _labelled(tx, third, {"intent": ("fees", "fees")}, drawn=True)
        found = await labels.agreement(tx, since=NOW)
        assert await labels.agreement(tx, since=NOW + MINUTE) == []
    assert found == [
        HeadAgreement(head="intent", language="en", drawn=False, n=2, agreed=1),
        HeadAgreement(head="intent", language="en", drawn=True, n=1, agreed=1),
    ]


async def test_judged_posts_are_counted_with_their_confidence(database: Database) -> None:
    records = await stored(database, *(new(str(number)) for number in range(5)))
    sure = {"withdrawal": [0.9, 0.4], "fees": [0.6]}
    values = [(intent, confidence) for intent, each in sure.items() for confidence in each]
    async with database.transaction() as tx:
        for record, (intent, confidence) in zip(records, values, strict=False):
            said = Judgement(label=intent, probabilities={intent: confidence})
            await decisions.record(tx, record.id, _with(said), decision(), decided_by=decisions.FLEET, now=NOW)
        scam = _with(Judgement(label="fees", probabilities={"fees": 1.0}), threat="scam")
        await decisions.record(tx, records[3].id, scam, decision(), decided_by=decisions.FLEET, now=NOW)
        await decisions.record(tx, records[4].id, assessment(), decision(), decided_by=decisions.FLEET, now=NOW - DAY)
        fees, withdrawal = await counts.judged(tx, since=NOW - MINUTE, until=NOW + MINUTE)
        assert await counts.judged(tx, since=NOW - MINUTE, until=NOW) == []
    assert fees == JudgedGroup(language="en", intent="fees", count=1, confidence=0.6, squares=pytest.approx(0.36), doubtful=0)  # pyright: ignore[reportArgumentType]
    assert (withdrawal.count, withdrawal.doubtful) == (2, 1)
    assert (withdrawal.confidence, withdrawal.squares) == (pytest.approx(1.3), pytest.approx(0.97))


def _with(intent: Judgement, threat: str = "none") -> Assessment:
    return replace(assessment(threat=threat), intent=intent)


async def test_an_open_case_is_no_candidate(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [DOUBT])
    async with database.transaction() as tx:
        await _mark(tx, [record.id])
        assert await _candidates(tx) == []
