"""The queue: filters, claims, and what is new."""

import asyncio

import pytest

from domain.records import ReviewRecord
from storage import audit, reviews
from storage.db import Database
from tests.console.conftest import Clock, Visit
from tests.console.seed import Post, ask, busy_day, post, reply


async def waiting(db: Database, clock: Clock) -> list[ReviewRecord]:
    async with db.reading() as tx:
        return await reviews.queue(tx)


async def test_the_riskiest_comes_first(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    page = (await (await visit("viewer")).get("/queue")).text
    assert page.index("Kestrel Support") < page.index("김민수") < page.index("María")


@pytest.mark.parametrize(
    ("query", "seen", "unseen"),
    [
        ("platform=discord", "さくら", "김민수"),
        ("language=zh", "王小明", "さくら"),
        ("kind=ticket", "김민수", "王小明"),
        ("platform=x&language=es&kind=reply", "María José", "Ольга"),
        ("platform=&language=&kind=", "Ольга", "nobody at all"),
    ],
)
async def test_filters(visit: Visit, db: Database, clock: Clock, query: str, seen: str, unseen: str) -> None:
    await busy_day(db, clock())
    page = (await (await visit("viewer")).get(f"/queue?{query}")).text
    assert seen in page
    assert unseen not in page


async def test_of_two_reviewers_who_claim_at_once_one_gets_it(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    [item, *_] = await waiting(db, clock)
    clients = [await visit("reviewer"), await visit("lead")]
    answers = await asyncio.gather(*(client.post(f"/reviews/{item.id}/claim") for client in clients))
    assert sorted(answer.headers["location"].rsplit("said=")[1] for answer in answers) == ["claimed", "taken"]
    async with db.reading() as tx:
        claims = [entry.actor for entry in await audit.latest(tx, 10) if entry.verb == "review.claim"]
    [claimed, *_] = await waiting(db, clock)
    assert claims == [claimed.claimed_by]


async def test_a_claim_runs_out_and_the_item_is_free_again(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    [item, *_] = await waiting(db, clock)
    await (await visit("reviewer")).post(f"/reviews/{item.id}/claim")
    clock.pass_by(minutes=11)
    answer = await (await visit("lead")).post(f"/reviews/{item.id}/claim")
    assert answer.headers["location"].endswith("said=claimed")


async def test_only_the_claimant_releases(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    [item, *_] = await waiting(db, clock)
    reviewer, lead = await visit("reviewer"), await visit("lead")
    await reviewer.post(f"/reviews/{item.id}/claim")
    await lead.post(f"/reviews/{item.id}/release")
    assert (await waiting(db, clock))[0].claimed_by == "reviewer"
    await reviewer.post(f"/reviews/{item.id}/release")
    assert (await waiting(db, clock))[0].claimed_by is None


async def test_the_bulk_bar_claims_what_is_free(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    ids = [item.id for item in await waiting(db, clock)][:3]
    await (await visit("lead")).post(f"/reviews/{ids[0]}/claim")
    await (await visit("reviewer")).post("/reviews/claim", data={"chosen": [str(one) for one in ids]})
    holders = {item.id: item.claimed_by for item in await waiting(db, clock)}
    assert [holders[one] for one in ids] == ["lead", "reviewer", "reviewer"]


async def test_a_page_learns_what_is_new_and_what_is_gone(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    shown = [item.id for item in await waiting(db, clock)]
    client = await visit("reviewer")
    await post(db, Post(name="Newcomer", text="hi"), clock(), decision=ask("reply", 0.5, reply("Hello")))
    form = {"choice": "ignore", "reason": "Not for us"}
    await client.post(f"/reviews/{shown[0]}/decide", data=form)
    page = (await client.get("/queue/changes", params={"shown": shown, "newest": max(shown)})).text
    assert "1 new" in page
    assert page.count("reviewer: ignore") == 1
    assert "Newcomer" not in page


async def test_nothing_new_says_nothing(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    shown = [item.id for item in await waiting(db, clock)]
    page = (await (await visit("reviewer")).get("/queue/changes", params={"shown": shown, "newest": max(shown)})).text
    assert "new</a>" not in page


async def test_a_claim_by_htmx_answers_with_the_cell_alone(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    [item, *_] = await waiting(db, clock)
    answer = await (await visit("reviewer")).post(f"/reviews/{item.id}/claim", headers={"hx-request": "true"})
    assert answer.text.strip().startswith(f'<span class="claim" id="claim-{item.id}"')
    assert "Yours" in answer.text


async def test_a_lower_role_acts_at_once_in_a_live_session(visit: Visit, db: Database, clock: Clock) -> None:
    await busy_day(db, clock())
    [item, *_] = await waiting(db, clock)
    reviewer, admin = await visit("reviewer"), await visit("admin")
    await admin.post("/users/1/role", data={"role": "viewer"})
    assert (await reviewer.post(f"/reviews/{item.id}/claim")).status_code == 403
