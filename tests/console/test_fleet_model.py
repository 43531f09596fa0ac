"""The Fleet page says which model serves, and why another one does not."""

from storage import audit
from storage.db import Database
from tests.console.conftest import Clock, Visit


async def note(db: Database, clock: Clock, verb: str, detail: str = "") -> None:
    async with db.transaction() as tx:
        await audit.add(tx, actor="fleet", verb=verb, subject="kestrel-9", detail=detail, now=clock())


async def test_before_any_model_served_nothing_is_said(visit: Visit) -> None:
    assert '<p class="faint">Model' not in (await (await visit("viewer")).get("/fleet")).text


async def test_the_version_that_serves_is_shown(visit: Visit, db: Database, clock: Clock) -> None:
    await note(db, clock, audit.MODEL_SERVES)
    page = (await (await visit("viewer")).get("/fleet")).text
    assert "kestrel-9" in page
    assert "another model was refused" not in page


async def test_a_refusal_is_shown_until_a_model_serves_again(visit: Visit, db: Database, clock: Clock) -> None:
    await note(db, clock, audit.MODEL_REFUSED, "own is broken: restore it.")
    viewer = await visit("viewer")
    page = (await viewer.get("/fleet")).text
    assert "another model was refused" in page
    assert "own is broken: restore it." in page
    await note(db, clock, audit.MODEL_SERVES)
    assert "own is broken" not in (await viewer.get("/fleet")).text
