"""What the governor is told."""

from datetime import timedelta

import pytest

from domain.deciding import FlagMention, OpenTicket, OptOut, Standing, Tier
from domain.people import Account, Platform
from domain.records import ActionState, FlagState, MentionRecord, TicketState
from storage import accounts, actions, flags, mentions, standing, switches, tickets
from storage.db import Database
from tests.storage.builders import MINUTE, NOW, REPLY, account, alert, decided, new, started, stored

BO, ANN = account("1"), account("2")


async def _standing(database: Database, record: MentionRecord) -> Standing:
    async with database.reading() as tx:
        return (await standing.standings(tx, [record.id], NOW))[record.id]


async def _before_sending(database: Database, action_id: int) -> Standing:
    async with database.reading() as tx:
        found = await standing.for_action(tx, action_id, NOW)
    assert found is not None
    return found


async def _reply(
    database: Database,
    record: MentionRecord,
    state: ActionState,
    *,
    at: timedelta = timedelta(),
    done_after: timedelta = timedelta(),
    cost_usd: float = 0.0,
) -> int:
    """A reply to `record` that has come as far as `state`."""
    (action_id,) = await decided(database, record, [REPLY], at=NOW + at, cost_usd=cost_usd)
    if state == "pending":
        return action_id
    action = await started(database, action_id, at=NOW + at)
    if state != "sending":
        async with database.transaction() as tx:
            await actions.finish(tx, action, state=state, now=NOW + at + done_after)
    return action_id


async def test_a_quiet_mention_stands_in_nobodys_way(database: Database) -> None:
    (record,) = await stored(database, new())
    assert await _standing(database, record) == Standing(now=NOW)


async def test_unknown_mentions_and_alerts_have_no_standing(database: Database) -> None:
    async with database.transaction() as tx:
        action_id = await actions.add(tx, alert(), now=NOW, not_before=NOW)
        assert action_id is not None
        assert await standing.standings(tx, [99], NOW) == {}
        assert await standing.for_action(tx, action_id, NOW) is None
        assert await standing.for_action(tx, 99, NOW) is None


@pytest.mark.parametrize(
    ("state", "counted", "spent"),
    [
        ("pending", True, 0.0),
        ("sending", True, 0.2),
        ("sent", True, 0.2),
        ("shadowed", True, 0.0),
        ("unknown", True, 0.2),
        ("failed", False, 0.0),
        ("cancelled", False, 0.0),
    ],
)
async def test_replies_count_while_they_may_be_public(
    database: Database, state: ActionState, counted: bool, spent: float
) -> None:
    (record,) = await stored(database, new())
    await _reply(database, record, state, cost_usd=0.2)
    found = await _standing(database, record)
    assert (found.replies_to_mention, found.replies_today, found.spent_today_usd) == (counted, counted, spent)
    assert (found.last_reply_to_author_at is not None, found.last_reply_in_thread_at is not None) == (counted, counted)


@pytest.mark.parametrize(
    ("platform", "author", "thread", "to_author", "in_thread"),
    [
        ("x", BO, "thread", True, True),
        ("x", BO, "elsewhere", True, False),
        ("x", ANN, "thread", False, True),
        ("x", ANN, "elsewhere", False, False),
        ("discord", account("1", platform="discord"), "thread", False, False),
    ],
)
async def test_cool_downs_know_authors_and_threads(
    database: Database, platform: Platform, author: Account, thread: str, to_author: bool, in_thread: bool
) -> None:
    other, record = await stored(
        database, new("9", platform=platform, author=author, thread_id=thread), new("1", author=BO, thread_id="thread")
    )
    await _reply(database, other, "sent", at=-MINUTE)
    found = await _standing(database, record)
    assert found.replies_to_mention == 0
    assert (found.last_reply_to_author_at, found.last_reply_in_thread_at) == (
        NOW - MINUTE if to_author else None,
        NOW - MINUTE if in_thread else None,
    )


async def test_a_cool_down_counts_from_when_the_reply_went_out(database: Database) -> None:
    earlier, record = await stored(database, new("1"), new("2"))
    await _reply(database, earlier, "sent", at=-10 * MINUTE, done_after=8 * MINUTE)
    assert (await _standing(database, record)).last_reply_to_author_at == NOW - 2 * MINUTE


async def test_the_day_ends_at_midnight_utc(database: Database) -> None:
    yesterday, today, record = await stored(database, new("1"), new("2"), new("3"))
    await _reply(database, yesterday, "sent", at=-timedelta(hours=12, seconds=1), cost_usd=1.0)
    await _reply(database, today, "sent", at=-timedelta(hours=12), cost_usd=0.25)
    found = await _standing(database, record)
    assert (found.replies_today, found.spent_today_usd) == (1, 0.25)


async def test_the_day_is_counted_by_platform(database: Database) -> None:
    elsewhere = account(platform="telegram")
    other, record = await stored(database, new("1", platform="telegram", author=elsewhere), new("2"))
    await _reply(database, other, "sent")
    assert (await _standing(database, record)).replies_today == 0


@pytest.mark.parametrize("state", ["pending", "sending"])
async def test_the_action_about_to_be_sent_is_not_counted(database: Database, state: ActionState) -> None:
    (record,) = await stored(database, new())
    action_id = await _reply(database, record, state, cost_usd=0.2)
    assert await _before_sending(database, action_id) == Standing(now=NOW)


@pytest.mark.parametrize("state", ["pending", "sending"])
async def test_of_two_replies_to_one_person_the_earlier_goes_first(database: Database, state: ActionState) -> None:
    first, second = await stored(database, new("1"), new("2"))
    earlier = await _reply(database, first, state)
    later = await _reply(database, second, state)
    assert (await _before_sending(database, earlier)).last_reply_to_author_at is None
    assert (await _before_sending(database, later)).last_reply_to_author_at == NOW


async def test_a_later_reply_that_is_out_holds_back_the_earlier(database: Database) -> None:
    first, second = await stored(database, new("1"), new("2"))
    earlier = await _reply(database, first, "pending")
    await _reply(database, second, "sent")
    assert (await _before_sending(database, earlier)).last_reply_to_author_at == NOW


@pytest.mark.parametrize(
    ("tier", "state", "flagged"),
    [
        ("watch", "open", False),
        ("review", "open", True),
        ("likely", "open", True),
        ("likely", "confirmed", True),
        ("likely", "dismissed", False),
    ],
)
async def test_an_author_is_flagged_on_serious_suspicion(
    database: Database, tier: Tier, state: FlagState, flagged: bool
) -> None:
    suspect, record, bystander = await stored(database, new("1"), new("2"), new("3", author=ANN))
    await decided(database, suspect, [FlagMention(tier=tier, scam_type="other", signals=())])
    async with database.transaction() as tx:
        (flag,) = await flags.of_mention(tx, suspect.id)
        await flags.decide(tx, flag.id, state, NOW)
    assert (await _standing(database, record)).author_flagged == flagged
    assert not (await _standing(database, bystander)).author_flagged


async def test_an_opted_out_or_cleared_author_is_known(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [OptOut()])
    async with database.transaction() as tx:
        await accounts.clear(tx, (await accounts.upsert(tx, [BO], NOW))["x", "1"], NOW)
    found = await _standing(database, record)
    assert (found.author_opted_out, found.author_cleared) == (True, True)


async def test_a_deleted_post_is_known(database: Database) -> None:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        await mentions.apply_deletion(tx, "x", "1", NOW)
    assert (await _standing(database, record)).deleted


async def test_the_kill_switch_is_known(database: Database) -> None:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        await switches.ensure(tx, ["x"], NOW)
        await switches.set_killed(tx, "x", True, by="ann", now=NOW)
    assert (await _standing(database, record)).killed


@pytest.mark.parametrize(("state", "open_"), [("open", True), ("pending", True), ("solved", False), ("closed", False)])
async def test_an_author_in_a_thread_has_an_open_ticket(database: Database, state: TicketState, open_: bool) -> None:
    first, again, elsewhere, other = await stored(
        database, new("1"), new("2"), new("3", thread_id="elsewhere"), new("4", author=ANN)
    )
    await decided(database, first, [OpenTicket(reference="K-1", intent="api", urgency="low", language="en")])
    async with database.transaction() as tx:
        (ticket,) = await tickets.of_mention(tx, first.id)
        assert await tickets.set_state(tx, ticket.id, state)
        found = await standing.open_tickets(tx, [again.id, elsewhere.id, other.id])
    assert found == ({again.id: "K-1"} if open_ else {})
