"""A reviewer labels what the fleet handled by itself; the Quality page says what came of it."""

from collections.abc import Mapping
from datetime import timedelta

import httpx
import pytest

from domain.deciding import Decision, Reason
from domain.records import ReviewRecord
from domain.sampling import RANDOM_RULE
from storage import actions, audit, counts, labels, reviews
from storage.db import Database
from tests.console.conftest import Clock, Visit
from tests.console.seed import LEFT_ALONE, Post, ask, post, reply, sample
from triage.drift import LEAST

AS_JUDGED = {"intent": "login_2fa", "urgency": "normal", "sentiment": "negative", "threat": "none", "action": "none"}
QUESTION = Post(name="김민수", text="2FA가 안 돼요", language="ko")


async def label(client: httpx.AsyncClient, item: ReviewRecord, form: Mapping[str, str]) -> httpx.Response:
    return await client.post(f"/reviews/{item.id}/label", data=dict(form))


async def outcome(db: Database, item: ReviewRecord) -> str | None:
    async with db.reading() as tx:
        found = await reviews.get(tx, item.id)
    assert found is not None
    return found.outcome


async def kept(db: Database) -> dict[str, tuple[str, str]]:
    async with db.reading() as tx:
        return {one.head: (one.label, one.was) for one in await labels.all(tx)}


async def test_what_the_model_said_is_confirmed(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    client = await visit("reviewer")
    assert (await label(client, item, AS_JUDGED)).status_code == 303
    assert await outcome(db, item) == "confirm"
    assert await kept(db) == {head: (name, name) for head, name in AS_JUDGED.items()}


async def test_what_the_model_said_is_corrected_and_noted(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    await label(await visit("reviewer"), item, AS_JUDGED | {"intent": "fees", "action": "open_ticket"})
    assert await outcome(db, item) == "correct"
    said = await kept(db)
    assert (said["intent"], said["action"], said["urgency"]) == (
        ("fees", "login_2fa"),
        ("open_ticket", "none"),
        ("normal", "normal"),
    )
    async with db.reading() as tx:
        entry = (await audit.latest(tx, 1))[0]
    assert (entry.verb, entry.detail) == (
        "label.correct",
        f"intent: login_2fa -> fees, action: none -> open_ticket (mention {item.mention_id})",
    )


async def test_of_a_scam_only_threat_and_action_are_kept(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    await label(await visit("reviewer"), item, AS_JUDGED | {"threat": "scam", "action": "flag"})
    assert await kept(db) == {"threat": ("scam", "none"), "action": ("flag", "none")}


async def test_a_post_nobody_can_judge_is_skipped(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    await label(await visit("reviewer"), item, AS_JUDGED | {"then": "skip"})
    assert (await outcome(db, item), await kept(db)) == ("skip", {})


@pytest.mark.parametrize("form", [{"intent": "nonsense"}, {"threat": "praise"}, {"action": "<b>"}])
async def test_a_label_the_head_does_not_have_is_refused(
    visit: Visit, db: Database, clock: Clock, form: dict[str, str]
) -> None:
    item = await sample(db, QUESTION, clock())
    answer = await label(await visit("reviewer"), item, AS_JUDGED | form)
    assert (answer.status_code, "is no label of" in answer.text) == (409, True)
    assert (await outcome(db, item), await kept(db)) == (None, {})


async def test_a_label_says_whether_the_post_was_drawn(visit: Visit, db: Database, clock: Clock) -> None:
    drawn = await sample(db, QUESTION, clock(), why=Reason(rule=RANDOM_RULE, text="drawn"))
    await label(await visit("reviewer"), drawn, AS_JUDGED)
    async with db.reading() as tx:
        assert {one.drawn for one in await labels.all(tx)} == {True}


async def test_labels_are_undone_and_what_the_fleet_sends_is_left_alone(visit: Visit, db: Database, clock: Clock) -> None:
    answered = Decision(effects=(reply("Look here"),), reasons=(Reason(rule="rules.answer", text="sure"),))
    item = await sample(db, QUESTION, clock(), decision=answered)
    client = await visit("reviewer")
    await label(client, item, AS_JUDGED | {"action": "none"})
    assert (await kept(db))["action"] == ("none", "reply_faq")
    clock.pass_by(seconds=3)
    assert (await client.post(f"/reviews/{item.id}/undo")).status_code == 303
    assert (await outcome(db, item), await kept(db)) == (None, {})
    async with db.reading() as tx:
        assert [one.state for one in await actions.of_mention(tx, item.mention_id)] == ["pending"]


async def test_a_label_sends_nothing_and_takes_no_decision(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    client = await visit("reviewer")
    answer = await client.post(f"/reviews/{item.id}/decide", data={"choice": "ticket", "reason": "Needs a look"})
    assert (answer.status_code, "asks for labels" in answer.text) == (409, True)
    await label(client, item, AS_JUDGED | {"action": "open_ticket"})
    async with db.reading() as tx:
        totals = await counts.totals(tx)
    assert (totals.tickets, totals.pending, totals.flagged) == (0, 0, 0)


async def test_a_decision_takes_no_labels(visit: Visit, db: Database, clock: Clock) -> None:
    await post(db, QUESTION, clock(), decision=ask("reply", 0.5, reply("x")))
    async with db.reading() as tx:
        [item] = await reviews.queue(tx)
    answer = await label(await visit("reviewer"), item, AS_JUDGED)
    assert (answer.status_code, "asks for a decision" in answer.text) == (409, True)


async def test_a_viewer_may_look_but_not_label(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    client = await visit("viewer")
    assert (await label(client, item, AS_JUDGED)).status_code == 403
    assert "deciding needs the role reviewer" in (await client.get(f"/cases/{item.mention_id}")).text


async def test_what_must_be_decided_is_shown_before_what_may_be_labelled(visit: Visit, db: Database, clock: Clock) -> None:
    item = await sample(db, QUESTION, clock())
    async with db.transaction() as tx:
        await reviews.add(
            tx,
            mention_id=item.mention_id,
            kind="reply",
            risk=0.1,
            proposed=(),
            reasons=(),
            due_at=clock() + timedelta(hours=1),
            now=clock(),
        )
    page = (await (await visit("reviewer")).get(f"/cases/{item.mention_id}")).text
    assert "Was the fleet right?" not in page


async def test_new_samples_are_announced_only_to_those_who_label(visit: Visit, db: Database, clock: Clock) -> None:
    await sample(db, QUESTION, clock())
    client = await visit("reviewer")
    assert "1 new" not in (await client.get("/queue/changes?newest=0")).text
    assert "1 new" in (await client.get("/queue/changes?newest=0&kind=label")).text


async def test_agreement_is_told_from_enough_labels_only(visit: Visit, db: Database, clock: Clock) -> None:
    client = await visit("reviewer")
    for number in range(LEAST):
        item = await sample(db, Post(name=f"P{number}", text=f"post {number}", language="ru"), clock())
        if number == LEAST - 1:
            page = (await client.get("/quality")).text
            assert f"too few to tell ({LEAST - 1})" in page
        await label(client, item, AS_JUDGED | ({"urgency": "high"} if number < 3 else {}))
    page = (await client.get("/quality")).text
    assert "<th>Russian</th>" in page
    assert f'90% <span class="muted tiny">of {LEAST}</span>' in page
    clock.pass_by(days=8)
    page = (await (await visit("reviewer")).get("/quality")).text
    assert "Do reviewers agree" in page
    assert "<th>Russian</th>" not in page


async def test_a_strong_drift_is_one_line_on_the_fleet_page(visit: Visit, db: Database, clock: Clock) -> None:
    for number in range(40):
        await post(db, Post(name="A", text=f"a{number}", intent="fees", language="ko"), clock(), decision=LEFT_ALONE)
    clock.pass_by(days=2)
    client = await visit("viewer")
    assert "Strong drift" not in (await client.get("/fleet")).text
    for number in range(40):
        await post(db, Post(name="B", text=f"b{number}", intent="outage", language="ko"), clock(), decision=LEFT_ALONE)
    clock.pass_by(minutes=1)
    page = (await client.get("/fleet")).text
    assert "Strong drift in Korean" in page
    assert "fees</span> 100% → 0%" in " ".join((await client.get("/quality")).text.split())
    live = await client.get("/fleet", headers={"hx-request": "true"})
    assert "Strong drift" not in live.text
