"""The fleet's own tables: positions, switches, people, logins, leases, the audit."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from domain.hearing import ListenerHealth
from domain.records import ListenerRecord, SwitchRecord, UserRecord
from storage import audit, cursors, leases, listener_states, quarantine, sessions, switches, users
from storage.db import Database, Tx
from tests.storage.builders import MINUTE, NOW


async def _user(tx: Tx, name: str = "ann") -> int:
    return await users.add(tx, name, "hash", "reviewer", must_change=True, now=NOW)


async def test_cursors_move_one_by_one(database: Database) -> None:
    async with database.transaction() as tx:
        await cursors.store(tx, "discord", {"channel:1": "7", "channel:2": "8"}, NOW)
        await cursors.store(tx, "discord", {"channel:2": "9"}, NOW)
        await cursors.store(tx, "x", {}, NOW)
        assert await cursors.load(tx, "discord") == {"channel:1": "7", "channel:2": "9"}
        assert await cursors.load(tx, "x") == {}


async def test_quarantine_keeps_what_nobody_understood(database: Database) -> None:
    async with database.transaction() as tx:
        await quarantine.add(tx, "x", "{", "no JSON", NOW)
        second = await quarantine.add(tx, "telegram", "{\x00}", "no update", NOW)
        newest = (await quarantine.latest(tx, 1))[0]
    assert (newest.id, newest.platform, newest.raw, newest.error, newest.at) == (second, "telegram", "{}", "no update", NOW)


async def test_new_switches_are_in_shadow_mode(database: Database) -> None:
    async with database.transaction() as tx:
        await switches.ensure(tx, ["x", "discord"], NOW)
        found = await switches.all(tx)
    assert [(switch.platform, switch.live, switch.killed) for switch in found] == [
        ("discord", False, False),
        ("x", False, False),
    ]


async def test_ensuring_switches_again_changes_none(database: Database) -> None:
    async with database.transaction() as tx:
        await switches.ensure(tx, ["x"], NOW)
        await switches.set_live(tx, "x", True, by="ann", now=NOW)
        await switches.set_killed(tx, "x", True, by="bo", now=NOW + MINUTE)
        await switches.ensure(tx, ["x"], NOW)
        expected = SwitchRecord(platform="x", live=True, killed=True, changed_by="bo", changed_at=NOW + MINUTE)
        assert await switches.all(tx) == [expected]


async def test_a_listener_is_known_by_its_last_word(database: Database) -> None:
    async with database.transaction() as tx:
        await listener_states.save(tx, "x", ListenerHealth(state="starting"), NOW)
        refused = ListenerHealth(state="refused", detail="renew the token", last_contact_at=NOW)
        await listener_states.save(tx, "x", refused, NOW + MINUTE)
        found = await listener_states.all(tx)
    assert found == [
        ListenerRecord(platform="x", state="refused", detail="renew the token", last_contact_at=NOW, updated_at=NOW + MINUTE)
    ]


async def test_a_user_is_found_with_the_hash(database: Database) -> None:
    async with database.transaction() as tx:
        user_id = await _user(tx)
        expected = UserRecord(id=user_id, username="ann", role="reviewer", disabled=False, must_change_password=True)
        assert await users.by_name(tx, "ann") == (expected, "hash")
        assert await users.by_name(tx, "bo") is None


async def test_user_names_are_unique(database: Database) -> None:
    async def twice() -> None:
        async with database.transaction() as tx:
            await _user(tx)
            await _user(tx)

    with pytest.raises(IntegrityError):
        await twice()


async def test_users_change(database: Database) -> None:
    async with database.transaction() as tx:
        user_id = await _user(tx)
        await users.set_password(tx, user_id, "other")
        await users.set_role(tx, user_id, "lead")
        await users.set_disabled(tx, user_id, True)
        expected = UserRecord(id=user_id, username="ann", role="lead", disabled=True, must_change_password=False)
        assert await users.by_name(tx, "ann") == (expected, "other")


async def test_users_are_listed_by_name(database: Database) -> None:
    async with database.transaction() as tx:
        assert await users.count(tx) == 0
        for name in ("bo", "ann"):
            await _user(tx, name)
        assert [user.username for user in await users.all(tx)] == ["ann", "bo"]
        assert await users.count(tx) == 2


async def test_a_session_lasts_until_it_expires(database: Database) -> None:
    async with database.transaction() as tx:
        user_id = await _user(tx)
        await sessions.add(tx, "token", user_id, NOW + MINUTE, NOW)
        found = await sessions.find(tx, "token", NOW)
        assert found is not None
        assert found.id == user_id
        assert await sessions.find(tx, "token", NOW + MINUTE) is None
        assert await sessions.find(tx, "other", NOW) is None


async def test_a_disabled_user_has_no_session(database: Database) -> None:
    async with database.transaction() as tx:
        user_id = await _user(tx)
        await sessions.add(tx, "token", user_id, NOW + MINUTE, NOW)
        await users.set_disabled(tx, user_id, True)
        assert await sessions.find(tx, "token", NOW) is None


async def test_sessions_can_be_revoked_one_by_one_or_all(database: Database) -> None:
    async with database.transaction() as tx:
        user_id = await _user(tx)
        for token in ("a", "b", "c"):
            await sessions.add(tx, token, user_id, NOW + MINUTE, NOW)
        await sessions.revoke(tx, "a")
        assert [await sessions.find(tx, token, NOW) is not None for token in ("a", "b", "c")] == [False, True, True]
        await sessions.revoke_user(tx, user_id)
        assert [await sessions.find(tx, token, NOW) is not None for token in ("a", "b", "c")] == [False, False, False]


async def test_the_audit_shows_the_newest_first(database: Database) -> None:
    async with database.transaction() as tx:
        for verb in ("login", "kill"):
            await audit.add(tx, actor="ann", verb=verb, subject="x", detail="", now=NOW)
        found = await audit.latest(tx, 9)
    assert [(entry.actor, entry.verb, entry.at) for entry in found] == [("ann", "kill", NOW), ("ann", "login", NOW)]


async def _acquire(database: Database, owner: str, *, after: timedelta = timedelta()) -> int | None:
    async with database.transaction() as tx:
        return await leases.acquire(tx, "poll", owner=owner, now=NOW + after, until=NOW + after + MINUTE)


async def test_a_lease_has_one_holder(database: Database) -> None:
    assert await _acquire(database, "a") == 1
    assert await _acquire(database, "b") is None


async def test_a_renewed_lease_keeps_its_fence(database: Database) -> None:
    assert [await _acquire(database, "a"), await _acquire(database, "a")] == [1, 1]


async def test_a_lease_that_changes_hands_gets_a_new_fence(database: Database) -> None:
    await _acquire(database, "a")
    assert await _acquire(database, "b", after=MINUTE) == 2


async def test_a_released_lease_is_free_at_once(database: Database) -> None:
    await _acquire(database, "a")
    async with database.transaction() as tx:
        await leases.release(tx, "poll", owner="b")
    assert await _acquire(database, "b") is None
    async with database.transaction() as tx:
        await leases.release(tx, "poll", owner="a")
    assert await _acquire(database, "b") == 2


async def test_of_many_only_one_gets_the_lease(database: Database, database_url: str) -> None:
    other = Database(database_url)
    tries = [_acquire(connected, f"{number}-{id(connected)}") for number in range(4) for connected in (database, other)]
    fences = await asyncio.gather(*tries)
    await other.close()
    assert [fence for fence in fences if fence is not None] == [1]
