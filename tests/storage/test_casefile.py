"""Everything about one mention."""

from domain.deciding import FlagMention, OpenTicket
from storage import casefile
from storage.db import Database
from tests.storage.builders import MINUTE, NOW, REASON, REPLY, account, assessment, decided, new, stored


async def test_an_unknown_mention_has_no_case(database: Database) -> None:
    async with database.reading() as tx:
        assert await casefile.load(tx, 99) is None


async def test_a_case_shows_what_was_decided_and_done(database: Database) -> None:
    (record,) = await stored(database, new())
    ticket = OpenTicket(reference="K-1", intent="api", urgency="low", language="en")
    await decided(database, record, [REPLY, ticket, FlagMention(tier="review", scam_type="other", signals=())])
    async with database.reading() as tx:
        case = await casefile.load(tx, record.id)
    assert case is not None
    assert (case.record, case.assessment, case.reasons) == (record, assessment(), (REASON,))
    assert [action.key for action in case.actions] == ["x:1:reply:0"]
    assert [ticket.reference for ticket in case.tickets] == ["K-1"]
    assert [(flag.id, review.flag_id) for flag, review in zip(case.flags, case.reviews, strict=True)] == [(1, 1)]


async def test_a_case_shows_the_thread_around_the_mention(database: Database) -> None:
    posts = [new(str(number), posted_at=NOW + number * MINUTE) for number in range(60)]
    records = await stored(database, *posts, new("elsewhere", thread_id="elsewhere"))
    async with database.reading() as tx:
        case = await casefile.load(tx, records[30].id)
    assert case is not None
    assert [record.mention.external_id for record in case.thread] == [str(number) for number in range(24, 37)]


async def test_a_case_shows_the_author(database: Database) -> None:
    renamed = account(display_name="Kestrel Support")
    first, record, _ = await stored(
        database,
        new("1", thread_id="elsewhere"),
        new("2", author=renamed, posted_at=NOW + MINUTE),
        new("3", author=account("2")),
    )
    async with database.reading() as tx:
        case = await casefile.load(tx, record.id)
    assert case is not None
    assert [other.id for other in case.author_history] == [first.id]
    assert case.author_names == ("User 1 (@user1)", "Kestrel Support (@user1)")
