"""Counting what the console shows."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from domain.deciding import AskReview, FlagMention, OpenTicket
from domain.records import ActionState, Counts
from domain.trends import TopicBin
from storage import actions, counts, decisions, mentions, quarantine, switches
from storage.db import Database, Tx
from tests.storage.builders import MINUTE, NOW, REPLY, account, assessment, decided, decision, new, queued, started, stored

EMPTY = Counts(heard=0, answered=0, tickets=0, flagged=0, waiting=0, failed=0, unknown=0, shadowed=0, pending=0, quarantined=0)


async def _totals(database: Database) -> Counts:
    async with database.reading() as tx:
        return await counts.totals(tx)


async def test_an_empty_fleet_counts_nothing(database: Database) -> None:
    assert await _totals(database) == EMPTY


async def test_totals_tell_what_became_of_mentions_and_actions(database: Database) -> None:
    first, second, third = await stored(database, new("1"), new("2"), new("3"))
    (reply,) = await decided(database, first, [REPLY])
    await decided(
        database,
        second,
        [
            OpenTicket(reference="K-1", intent="api", urgency="low", language="en"),
            FlagMention(tier="watch", scam_type="other", signals=()),
            FlagMention(tier="likely", scam_type="other", signals=()),
            AskReview(kind="unsure", risk=0.5, proposed=()),
        ],
    )
    others: tuple[ActionState, ...] = ("failed", "unknown", "shadowed")
    endings: dict[int, ActionState] = {reply: "sent", **{await queued(database, state): state for state in others}}
    async with database.transaction() as tx:
        for action_id, state in endings.items():
            action = await actions.start(tx, action_id, owner="a", now=NOW)
            assert action is not None
            await actions.finish(tx, action, state=state, now=NOW)
        await mentions.mark_failed(tx, third.id, owner=None, reason="broken", now=NOW)
        await quarantine.add(tx, "x", "{", "broken", NOW)
    await queued(database, "pending")
    await started(database, await queued(database, "sending"))
    assert await _totals(database) == Counts(
        heard=3, answered=1, tickets=1, flagged=1, waiting=2, failed=2, unknown=1, shadowed=0, pending=2, quarantined=1
    )


async def test_topics_are_counted_in_bins(database: Database) -> None:
    quarter = 15 * MINUTE
    posted = [
        ("1", timedelta(), assessment(intent="outage")),
        ("2", quarter - timedelta(microseconds=1), assessment(intent="outage")),
        ("3", quarter, assessment(intent="outage")),
        ("4", quarter, assessment(intent="outage", language="ja")),
        ("5", quarter, assessment(intent="fees")),
        ("6", quarter, assessment(threat="scam")),
        ("7", -timedelta(microseconds=1), assessment()),
        ("8", 2 * quarter, assessment()),
    ]
    records = await stored(database, *(new(id_, posted_at=NOW + after) for id_, after, _ in posted))
    await stored(database, new("9"))
    rows = [(record.id, judged, decision()) for record, (_, _, judged) in zip(records, posted, strict=True)]
    async with database.transaction() as tx:
        await decisions.record_many(tx, rows, decided_by=decisions.FLEET, now=NOW)
        found = await counts.per_topic(tx, since=NOW, until=NOW + 2 * quarter, bin=quarter)
    assert found == [
        TopicBin(intent="outage", platform="x", language="en", start=NOW, count=2),
        TopicBin(intent="fees", platform="x", language="en", start=NOW + quarter, count=1),
        TopicBin(intent="outage", platform="x", language="en", start=NOW + quarter, count=1),
        TopicBin(intent="outage", platform="x", language="ja", start=NOW + quarter, count=1),
    ]


async def _token(database: Database) -> str:
    async with database.reading() as tx:
        return await counts.change_token(tx)


async def _claims(tx: Tx) -> None:
    assert await mentions.claim(tx, [1], owner="a", until=NOW + MINUTE, now=NOW)


async def _flips_a_switch(tx: Tx) -> None:
    await switches.ensure(tx, ["x"], NOW)


async def _hears(tx: Tx) -> None:
    assert await mentions.insert(tx, [new("2", author=account("2"))], NOW)


@pytest.mark.parametrize("write", [_claims, _flips_a_switch, _hears])
async def test_whatever_is_written_changes_the_token(database: Database, write: Callable[[Tx], Awaitable[None]]) -> None:
    await stored(database, new("1"))
    before = await _token(database)
    async with database.transaction() as tx:
        await write(tx)
    assert await _token(database) != before


async def test_the_token_changes_when_the_change_can_be_seen(database: Database) -> None:
    """Not earlier: a console that read too soon would never look again."""
    await stored(database, new("1"))
    async with database.transaction() as tx:
        await _claims(tx)
        during = await _token(database)
    assert await _token(database) != during


async def test_looking_changes_no_token(database: Database) -> None:
    before = await _token(database)
    await asyncio.gather(*(_totals(database) for _ in range(3)))
    async with database.transaction() as tx:
        await mentions.due(tx, now=NOW, heard_before=NOW, limit=9)
    assert await _token(database) == before
