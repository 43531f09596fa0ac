"""Effects become rows of ours, and one reply action a mention."""

from domain.deciding import AskReview, FlagMention, JoinTicket, OpenTicket, OptOut, PostReply, Tier
from domain.understanding import Signal
from storage import actions, casefile, decisions, flags, reviews, standing, tickets
from storage.db import Database
from storage.effects import Decided
from tests.storage.builders import DUE, NOW, REASON, REPLY, account, assessment, decided, decision, new, stored

TICKET = OpenTicket(reference="K-1", intent="withdrawal", urgency="critical", language="en")
SIGNALS = (Signal(family="identity", name="lookalike", log_odds=2.5, evidence="KestreI"),)


def _flag(tier: Tier) -> FlagMention:
    return FlagMention(tier=tier, scam_type="fake_support", signals=SIGNALS)


async def test_a_reply_waits_in_the_outbox_under_the_key_of_its_mention(database: Database) -> None:
    (record,) = await stored(database, new("7"))
    (action_id,) = await decided(database, record, [REPLY], cost_usd=0.2)
    async with database.reading() as tx:
        action = await actions.get(tx, action_id)
    assert action is not None
    assert (action.key, action.state, action.text, action.purpose) == ("x:7:reply:0", "pending", REPLY.text, "faq")


async def test_a_mention_gets_one_reply_whatever_its_purpose(database: Database) -> None:
    (record,) = await stored(database, new())
    both = [REPLY, PostReply(purpose="acknowledge", language="en", text="We are on it.")]
    assert len(await decided(database, record, both)) == 1
    assert await decided(database, record, both) == []


async def test_a_ticket_is_due_by_its_urgency(database: Database) -> None:
    (record,) = await stored(database, new(text="x" * 999))
    await decided(database, record, [TICKET])
    async with database.reading() as tx:
        ticket = await tickets.by_reference(tx, "K-1")
    assert ticket is not None
    assert (ticket.due_at, ticket.state, ticket.author_name) == (NOW + DUE["critical"], "open", "User 1")
    assert ticket.excerpt == "x" * 200


async def test_a_mention_joins_a_ticket_once(database: Database) -> None:
    first, second = await stored(database, new("1"), new("2"))
    await decided(database, first, [TICKET])
    await decided(database, second, [JoinTicket(reference="K-1")])
    await decided(database, second, [JoinTicket(reference="K-1"), JoinTicket(reference="nobody's")])
    async with database.reading() as tx:
        (ticket,) = await tickets.of_mention(tx, second.id)
        assert await tickets.mention_ids(tx, ticket.id) == [first.id, second.id]


async def test_a_serious_flag_asks_for_a_review(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [_flag("likely")])
    async with database.reading() as tx:
        (flag,) = await flags.of_mention(tx, record.id)
        (review,) = await reviews.queue(tx)
    assert (flag.tier, flag.signals, flag.state) == ("likely", SIGNALS, "open")
    assert (review.kind, review.flag_id, review.reasons, review.proposed) == ("flag", flag.id, (REASON,), ())
    assert review.due_at == NOW + DUE["critical"]


async def test_a_flag_of_tier_watch_asks_nobody(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [_flag("watch")])
    async with database.reading() as tx:
        assert len(await flags.of_mention(tx, record.id)) == 1
        assert await reviews.queue(tx) == []


async def test_doubt_is_queued_with_what_is_proposed(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [AskReview(kind="unsure", risk=0.4, proposed=(REPLY, TICKET))])
    async with database.reading() as tx:
        (review,) = await reviews.queue(tx)
        assert await tickets.by_reference(tx, "K-1") is None
    assert (review.kind, review.risk, review.proposed) == ("unsure", 0.4, (REPLY, TICKET))
    assert (review.due_at, review.flag_id) == (NOW + DUE["high"], None)
    assert (review.language, review.intent, review.urgency) == ("en", "withdrawal", "high")


async def test_an_author_who_opts_out_stays_out(database: Database) -> None:
    first, later = await stored(database, new("1"), new("2"))
    await decided(database, first, [OptOut()])
    async with database.reading() as tx:
        assert (await standing.standings(tx, [later.id], NOW))[later.id].author_opted_out


async def test_leaving_alone_leaves_only_the_record(database: Database) -> None:
    (record,) = await stored(database, new())
    assert await decided(database, record, []) == []
    async with database.reading() as tx:
        case = await casefile.load(tx, record.id)
    assert case is not None
    assert (case.assessment, case.reasons) == (assessment(), (REASON,))


async def test_a_human_decision_keeps_the_assessment(database: Database) -> None:
    (record,) = await stored(database, new())
    await decided(database, record, [])
    async with database.transaction() as tx:
        await decisions.record(tx, record.id, None, decision(), decided_by="ann", now=NOW)
        case = await casefile.load(tx, record.id)
    assert case is not None
    assert case.assessment == assessment()


async def test_a_second_assessment_replaces_the_first(database: Database) -> None:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        for intent in ("fees", "api"):
            rows = [(record.id, assessment(intent=intent), decision())]
            await decisions.record_many(tx, rows, decided_by=decisions.FLEET, now=NOW)
        case = await casefile.load(tx, record.id)
    assert case is not None
    assert case.assessment == assessment(intent="api")


async def test_a_batch_of_decisions_is_carried_out_together(database: Database) -> None:
    records = await stored(database, *(new(str(number), author=account(str(number))) for number in range(50)))
    batch = [
        Decided(
            record=record,
            decision=decision(
                REPLY,
                OpenTicket(reference=f"K-{record.id}", intent="fees", urgency="low", language="en"),
                _flag("review"),
                AskReview(kind="unsure", risk=0.1, proposed=()),
            ),
        )
        for record in records
    ]
    async with database.transaction() as tx:
        ids = await decisions.apply_many(tx, batch, now=NOW, not_before=NOW, due=DUE)
        assert len(set(ids)) == 50
        for record in records:
            (flag,) = await flags.of_mention(tx, record.id)
            asked = [(review.kind, review.flag_id) for review in await reviews.of_mention(tx, record.id)]
            assert asked == [("flag", flag.id), ("unsure", None)]
            assert [ticket.reference for ticket in await tickets.of_mention(tx, record.id)] == [f"K-{record.id}"]
