"""The other pages: what they show, what strangers cannot make them do, and the switches."""

import pytest
from fastapi import FastAPI

from domain.hearing import ListenerHealth
from storage import actions, audit, listener_states, mentions, quarantine, switches, tickets, users
from storage.actions import NewAction
from storage.db import Database
from tests.console.conftest import Clock, Visit, browser
from tests.console.seed import Decision, Post, Reason, ask, busy_day, post, reply, ticket

ATTACK = '"><img src=x onerror=alert(1)><script>alert(2)</script>{{ 7777*7777 }}'

PAGES = ("/queue", "/tickets", "/flags", "/mentions", "/quarantine", "/decisions", "/fleet", "/cases/1", "/cases/2", "/users")


async def test_what_strangers_write_is_text(visit: Visit, db: Database, clock: Clock) -> None:
    said = Post(name=ATTACK, handle=ATTACK, text=ATTACK, bio=ATTACK)
    await post(db, said, clock(), decision=ask("ticket", 0.5, ticket("KST-XSS"), reply(ATTACK), why=ATTACK))
    await post(db, said, clock(), decision=Decision(effects=(ticket("KST-XS2"),), reasons=(Reason(rule="r", text=ATTACK),)))
    async with db.transaction() as tx:
        await quarantine.add(tx, "x", ATTACK, ATTACK, clock())
        await audit.add(tx, actor=ATTACK, verb=ATTACK, subject=ATTACK, detail=ATTACK, now=clock())
    client = await visit("admin")
    for path in PAGES:
        text = (await client.get(path)).text
        assert "<script>alert" not in text, path
        assert "<img src=x" not in text, path
        assert "60481729" not in text, path
    assert "&lt;script&gt;alert(2)" in (await client.get("/cases/1")).text


async def test_nothing_is_loaded_from_strangers_hosts(visit: Visit, db: Database, clock: Clock) -> None:
    day = await busy_day(db, clock())
    record = day["Kestrel Support ✅"]
    assert record.mention.media
    page = (await (await visit("viewer")).get(f"/cases/{record.id}")).text
    assert "tracker.invalid" not in page


@pytest.mark.parametrize(
    "path",
    [
        "/cases/0",
        "/cases/99999999999999999999",
        "/cases/abc",
        "/cases/1?review=x",
        "/queue?platform=myspace",
        "/queue?language=%00",
        "/tickets?state=lost",
        "/flags?state=%ff",
        "/mentions?state=%27--",
        "/queue/changes?shown=x",
        "/queue?said=<script>",
        "/nowhere",
    ],
)
async def test_no_address_breaks_a_page(visit: Visit, path: str) -> None:
    answer = await (await visit("viewer")).get(path)
    assert answer.status_code in {200, 404, 422}
    assert "<script>" not in answer.text.replace('<script src="/static', "")


async def test_the_kill_switch_stops_and_starts_again_with_an_audit(visit: Visit, db: Database) -> None:
    client = await visit("lead")
    for on in ("true", "false"):
        await client.post("/fleet/telegram/killed", data={"on": on, "confirm": "yes"})
        async with db.reading() as tx:
            killed = {switch.platform for switch in await switches.all(tx) if switch.killed}
        assert killed == ({"telegram"} if on == "true" else set())
    async with db.reading() as tx:
        assert [entry.verb for entry in await audit.latest(tx, 9)] == ["switch.revive", "switch.kill"]


async def test_going_live_needs_a_confirmation(visit: Visit, db: Database) -> None:
    client = await visit("lead")
    assert (await client.post("/fleet/x/live", data={"on": "true"})).status_code == 422
    assert (await client.post("/fleet/x/live", data={"on": "true", "confirm": "yes"})).status_code == 303
    async with db.reading() as tx:
        assert [switch.platform for switch in await switches.all(tx) if switch.live] == ["x"]


async def test_the_fleet_page_shows_what_leads_were_alerted_to(visit: Visit, db: Database, clock: Clock) -> None:
    alert = NewAction(
        key="alert:outage:1", kind="alert", platform=None, mention_id=None, purpose="trend", text="38 posts", title="<outage>"
    )
    async with db.transaction() as tx:
        await actions.add(tx, alert, now=clock(), not_before=clock())
    page = (await (await visit("viewer")).get("/fleet")).text
    assert "&lt;outage&gt;" in page
    assert "38 posts" in page


async def test_the_fleet_page_tells_a_silent_listener(visit: Visit, db: Database, clock: Clock, app: FastAPI) -> None:
    async with db.transaction() as tx:
        await listener_states.save(tx, "x", ListenerHealth(state="connected", last_contact_at=clock()), clock())
    client = await visit("viewer")
    assert "connected" in (await client.get("/fleet")).text
    clock.pass_by(minutes=3)
    assert "silent" in (await client.get("/fleet")).text
    async with browser(app, {}) as probe:
        ready = await probe.get("/readyz")
    assert (ready.status_code, ready.json()["listeners"]) == (503, {"x": "silent"})


async def test_not_ready_without_tables(tmp_path_factory: pytest.TempPathFactory, app: FastAPI) -> None:
    empty = Database(f"sqlite+aiosqlite:///{tmp_path_factory.mktemp('empty')}/empty.db")
    from dataclasses import replace

    app.state.console = replace(app.state.console, db=empty)
    async with browser(app, {}) as probe:
        ready = await probe.get("/readyz")
        alive = await probe.get("/healthz")
    await empty.close()
    assert (ready.status_code, alive.status_code) == (503, 200)


async def test_metrics_are_the_totals(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    text = (await (await visit("viewer")).get("/metrics")).text
    assert "fleetwatch_heard 9.0" in text
    assert "fleetwatch_waiting 9.0" in text


async def test_a_ticket_is_taken_and_solved(visit: Visit, db: Database, clock: Clock) -> None:
    decision = Decision(effects=(ticket("KST-1"),), reasons=(Reason(rule="r", text="t"),))
    await post(db, Post(name="P", text="t"), clock(), decision=decision)
    client = await visit("reviewer")
    await client.post("/tickets/1/assign")
    await client.post("/tickets/1/state?state=open", data={"state": "solved"})
    async with db.reading() as tx:
        [solved] = await tickets.latest(tx, limit=9)
    assert (solved.assignee, solved.state) == ("reviewer", "solved")
    assert "KST-1" not in (await client.get("/tickets?state=open")).text
    assert "KST-1" in (await client.get("/tickets?state=solved")).text


async def test_a_failed_mention_is_handled_again(visit: Visit, db: Database, clock: Clock) -> None:
    record = await post(db, Post(name="P", text="poison"), clock())
    async with db.transaction() as tx:
        await mentions.claim(tx, [record.id], owner="w", until=clock(), now=clock())
        assert await mentions.mark_failed(tx, record.id, owner="w", reason="could not be judged", now=clock())
    client = await visit("lead")
    assert "could not be judged" in (await client.get("/mentions?state=failed")).text
    assert (await client.post(f"/mentions/{record.id}/retry")).status_code == 303
    async with db.reading() as tx:
        again = await mentions.get(tx, record.id)
    assert again is not None
    assert again.state == "received"


async def test_a_new_user_gets_a_password_that_works_once_shown(visit: Visit, db: Database) -> None:
    client = await visit("admin")
    page = await client.post("/users", data={"username": " Bea ", "role": "reviewer"})
    password = page.text.split('<code class="big">')[1].split("</code>")[0]
    assert password not in (await client.get("/users")).text
    async with db.reading() as tx:
        found = await users.by_name(tx, "bea")
    assert found is not None
    assert found[0].must_change_password
    answer = await client.post("/login", data={"username": "bea", "password": password})
    assert answer.headers["location"] == "/password"


async def test_a_taken_name_is_refused(visit: Visit) -> None:
    client = await visit("admin")
    answer = await client.post("/users", data={"username": "admin", "role": "viewer"})
    assert (answer.status_code, "already a user named admin" in answer.text) == (409, True)


async def test_a_disabled_user_is_out_at_once(visit: Visit) -> None:
    admin, viewer = await visit("admin"), await visit("viewer")
    assert (await viewer.get("/queue")).status_code == 200
    await admin.post("/users/2/disabled", data={"disabled": "true"})
    assert (await viewer.get("/queue")).status_code == 303


async def test_a_reset_password_ends_sessions_and_must_be_changed(visit: Visit, db: Database) -> None:
    admin, viewer = await visit("admin"), await visit("viewer")
    await admin.post("/users/2/password")
    assert (await viewer.get("/queue")).status_code == 303
    async with db.reading() as tx:
        found = await users.by_name(tx, "viewer")
    assert found is not None
    assert found[0].must_change_password


@pytest.mark.parametrize(("path", "form"), [("role", {"role": "viewer"}), ("disabled", {"disabled": "true"}), ("password", {})])
async def test_an_admin_cannot_lock_himself_out(visit: Visit, path: str, form: dict[str, str]) -> None:
    client = await visit("admin")
    assert (await client.post(f"/users/1/{path}", data=form)).status_code == 409
    assert (await client.get("/users")).status_code == 200
