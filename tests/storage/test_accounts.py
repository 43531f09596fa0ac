"""Accounts as last seen, and their names over time."""

from dataclasses import replace

from domain.people import Account
from storage import accounts, mentions
from storage.db import Database
from tests.storage.builders import NOW, account, new, stored


async def _upsert(database: Database, *seen: Account) -> int:
    async with database.transaction() as tx:
        ids = await accounts.upsert(tx, seen, NOW)
    return ids[seen[0].platform, seen[0].id]


async def _author(database: Database, latest: Account) -> Account:
    """The account as storage returns it: through a mention of its own."""
    await stored(database, new("1", author=latest))
    async with database.reading() as tx:
        record = await mentions.by_external(tx, "x", "1")
    assert record is not None
    return record.mention.author


async def test_an_account_keeps_its_id(database: Database) -> None:
    first = await _upsert(database, account())
    assert await _upsert(database, account(username="renamed")) == first


async def test_ids_are_returned_for_each_platform(database: Database) -> None:
    async with database.transaction() as tx:
        ids = await accounts.upsert(tx, [account("1"), account("1", platform="discord"), account("2")], NOW)
    assert set(ids) == {("x", "1"), ("discord", "1"), ("x", "2")}
    assert len(set(ids.values())) == 3


async def test_nothing_to_remember_is_fine(database: Database) -> None:
    async with database.transaction() as tx:
        assert await accounts.upsert(tx, [], NOW) == {}


async def test_names_are_kept_oldest_first(database: Database) -> None:
    honest = account(username="bo", display_name="Bo")
    account_id = await _upsert(database, honest)
    await _upsert(database, replace(honest, display_name="Kestrel Support"))
    await _upsert(database, replace(honest, display_name="Kestrel Support", title="Admin"))
    await _upsert(database, honest)
    async with database.reading() as tx:
        assert await accounts.names(tx, account_id) == ["Bo (@bo)", "Kestrel Support (@bo)", "Kestrel Support [Admin] (@bo)"]


async def test_an_account_that_comes_twice_in_a_batch_keeps_both_names(database: Database) -> None:
    account_id = await _upsert(database, account(username="old"), account(username="new"))
    async with database.reading() as tx:
        assert await accounts.names(tx, account_id) == ["User 1 (@old)", "User 1 (@new)"]


async def test_a_fact_that_is_absent_does_not_erase_what_is_known(database: Database) -> None:
    await _upsert(database, account(bio="hello", created_at=NOW, followers=7, verified=False))
    latest = await _author(database, account(followers=8))
    assert (latest.bio, latest.created_at, latest.followers, latest.verified) == ("hello", NOW, 8, False)


async def test_a_name_that_is_gone_is_gone(database: Database) -> None:
    await _upsert(database, account(title="Admin"))
    assert (await _author(database, account(username=None))).title is None


async def test_of_an_account_that_comes_twice_in_a_batch_the_last_counts(database: Database) -> None:
    await stored(database, new("1", author=account(username="old")), new("2", author=account(username="new")))
    async with database.reading() as tx:
        record = await mentions.by_external(tx, "x", "1")
    assert record is not None
    assert record.mention.author.username == "new"
