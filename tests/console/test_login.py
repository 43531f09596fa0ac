"""Signing in and out."""

from datetime import datetime

import httpx
import pytest
from fastapi import FastAPI
from prometheus_client import CollectorRegistry

from config.settings import Console, Settings
from console.app import create_app
from console.bootstrap import ensure_first_user
from console.passwords import Passwords, readable_password, weakness
from storage import audit, users
from storage.db import Database
from tests.console.conftest import Clock, Visit, browser, signed_in
from triage.policy import Policy

PASSWORD = "three unrelated words"


async def add_ann(db: Database, now: datetime, *, must_change: bool = False) -> None:
    hashed = await Passwords().hash(PASSWORD)
    async with db.transaction() as tx:
        await users.add(tx, "ann", hashed, "reviewer", must_change=must_change, now=now)


async def sign_in(client: httpx.AsyncClient, password: str = PASSWORD, username: str = "ann", **more: str) -> httpx.Response:
    return await client.post("/login", data={"username": username, "password": password, **more})


async def test_the_right_password_opens_the_page_that_was_asked_for(
    stranger: httpx.AsyncClient, db: Database, clock: Clock
) -> None:
    await add_ann(db, clock())
    asked = await stranger.get("/tickets?state=open")
    assert asked.headers["location"] == "/login?next=%2Ftickets%3Fstate%3Dopen"
    answer = await sign_in(stranger, next="/tickets?state=open")
    assert (answer.status_code, answer.headers["location"]) == (303, "/tickets?state=open")
    assert (await stranger.get("/tickets?state=open")).status_code == 200


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)", "", "/\t/evil"]
)
async def test_a_login_never_leads_to_another_site(
    stranger: httpx.AsyncClient, db: Database, clock: Clock, address: str
) -> None:
    await add_ann(db, clock())
    assert (await sign_in(stranger, next=address)).headers["location"] == "/queue"


async def test_a_wrong_password_and_an_unknown_user_look_the_same(
    stranger: httpx.AsyncClient, db: Database, clock: Clock
) -> None:
    await add_ann(db, clock())
    wrong = await sign_in(stranger, password="guess")
    unknown = await sign_in(stranger, username="nobody")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.text.replace("ann", "") == unknown.text.replace("nobody", "")


async def test_guessing_is_slowed_down_for_the_account(stranger: httpx.AsyncClient, db: Database, clock: Clock) -> None:
    await add_ann(db, clock())
    guesses = [(await sign_in(stranger, password=f"guess {number}")).status_code for number in range(9)]
    assert guesses == [401] * 8 + [429]
    assert (await sign_in(stranger)).status_code == 429
    clock.pass_by(minutes=16)
    assert (await sign_in(stranger)).status_code == 303


async def test_the_cookie_is_out_of_reach_of_scripts(stranger: httpx.AsyncClient, db: Database, clock: Clock) -> None:
    await add_ann(db, clock())
    cookie = (await sign_in(stranger)).headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie


async def test_over_tls_the_cookie_is_secure_and_bound_to_the_host(db: Database, policy: Policy, clock: Clock) -> None:
    await add_ann(db, clock())
    settings = Settings(console=Console(public_url="https://console.test"))
    app = create_app(settings, db, policy, registry=CollectorRegistry(), clock=clock, new_reference=lambda: "KST-2222222")
    async with browser(app, {}) as client:
        answer = await sign_in(client)
    assert answer.headers["set-cookie"].startswith("__Host-fleetwatch=")
    assert "Secure" in answer.headers["set-cookie"]
    assert "strict-transport-security" in answer.headers


async def test_signing_out_ends_the_session(visit: Visit) -> None:
    client = await visit("viewer")
    token = client.cookies["fleetwatch"]
    await client.post("/logout")
    client.cookies.set("fleetwatch", token)
    assert (await client.get("/queue")).headers["location"].startswith("/login")


async def test_a_session_ends_by_itself(visit: Visit, clock: Clock) -> None:
    client = await visit("viewer")
    clock.pass_by(hours=13)
    assert (await client.get("/queue")).status_code == 303


async def test_a_first_login_leads_to_a_new_password_and_nowhere_else(
    stranger: httpx.AsyncClient, db: Database, clock: Clock
) -> None:
    await add_ann(db, clock(), must_change=True)
    assert (await sign_in(stranger)).headers["location"] == "/password"
    assert (await stranger.get("/queue")).headers["location"] == "/password"
    fresh = "quite another phrase"
    form = {"current": PASSWORD, "fresh": fresh, "again": fresh}
    assert (await stranger.post("/password", data=form)).headers["location"].startswith("/queue")
    assert (await stranger.get("/queue")).status_code == 200
    assert (await sign_in(stranger, password=fresh)).headers["location"] == "/queue"


@pytest.mark.parametrize(
    ("current", "fresh", "again", "message"),
    [
        (PASSWORD, "a new long phrase", "another long phrase", "differ"),
        (PASSWORD, PASSWORD, PASSWORD, "differs from the current"),
        (PASSWORD, "short", "short", "at least 12"),
        ("not it at all", "a new long phrase", "a new long phrase", "current password is wrong"),
    ],
)
async def test_a_bad_new_password_is_refused_with_a_reason(
    stranger: httpx.AsyncClient, db: Database, clock: Clock, current: str, fresh: str, again: str, message: str
) -> None:
    await add_ann(db, clock())
    await sign_in(stranger)
    answer = await stranger.post("/password", data={"current": current, "fresh": fresh, "again": again})
    assert answer.status_code == 422
    assert message in answer.text


async def test_a_new_password_ends_the_other_sessions(
    stranger: httpx.AsyncClient, app: FastAPI, db: Database, clock: Clock
) -> None:
    await add_ann(db, clock())
    await sign_in(stranger)
    elsewhere = await signed_in(db, "ann", "reviewer", clock())
    fresh = "quite another phrase"
    await stranger.post("/password", data={"current": PASSWORD, "fresh": fresh, "again": fresh})
    async with browser(app, {"fleetwatch": elsewhere}) as other:
        assert (await other.get("/queue")).status_code == 303
    assert (await stranger.get("/queue")).status_code == 200


async def test_the_first_user_is_made_once_and_can_sign_in(stranger: httpx.AsyncClient, db: Database, clock: Clock) -> None:
    first = await ensure_first_user(db, clock())
    assert first is not None
    assert await ensure_first_user(db, clock()) is None
    username, password = first
    assert (await sign_in(stranger, password, username)).headers["location"] == "/password"
    async with db.reading() as tx:
        assert {entry.verb for entry in await audit.latest(tx, 10)} == {"user.add", "session.open"}


async def test_a_stored_hash_that_is_broken_opens_nothing() -> None:
    assert not await Passwords().matches("anything", "no hash")


@pytest.mark.parametrize(
    ("password", "weak"),
    [("short", True), ("aaaaaaaaaaaaaaa", True), ("ann's own password", True), ("x" * 201, True), ("river stone lamp", False)],
)
def test_weak_passwords_are_named(password: str, weak: bool) -> None:
    assert (weakness(password, "ann") is not None) is weak


def test_made_passwords_are_strong_and_differ() -> None:
    made = {readable_password() for _ in range(20)}
    assert len(made) == 20
    assert not any(weakness(password, "admin") for password in made)
