"""What reviewers' decisions teach."""

from typing import Any

import pytest
from sqlalchemy import update

from domain.deciding import Effect, OpenTicket, PostReply, ReviewKind
from domain.people import PLATFORMS, Platform
from storage import lessons, mentions, reviews
from storage.db import Database
from storage.lessons import Lesson
from storage.tables import MentionRow
from tests.storage.builders import MINUTE, NOW, REASON, account, new, stored

ANSWER = PostReply(purpose="faq", language="en", text="See our page.", article_id="reset-2fa")
TICKET = OpenTicket(reference="KST-1", intent="withdrawal", urgency="high", language="en")
THANKS = PostReply(purpose="acknowledge", language="en", text="We look into it.")


async def reviewed(
    database: Database, *, outcome: str, proposed: tuple[Effect, ...] = (), kind: ReviewKind = "reply", **changes: Any
) -> None:
    """One post about which a human decided."""
    post: dict[str, Any] = {"platform": "telegram", "author": account(platform="telegram"), **changes}
    (record,) = await stored(database, new(**post))
    async with database.transaction() as tx:
        values: dict[str, Any] = {
            "kind": kind,
            "risk": 0.5,
            "proposed": proposed,
            "reasons": (REASON,),
            "due_at": NOW,
            "now": NOW,
        }
        review_id = await reviews.add(tx, mention_id=record.id, **values)
        assert await reviews.decide(tx, review_id, user="ana", outcome=outcome, now=NOW + MINUTE)


async def taught(database: Database, *platforms: Platform) -> list[Lesson]:
    async with database.reading() as tx:
        return await lessons.of_decisions(tx, platforms=platforms or PLATFORMS)


@pytest.mark.parametrize(
    ("kind", "outcome", "proposed", "expected"),
    [
        ("reply", "approve", (ANSWER,), [("action", "reply_faq", None), ("intent", "", "reset-2fa")]),
        ("reply", "ignore", (ANSWER,), [("action", "none", None)]),
        ("reply", "ticket", (ANSWER,), [("action", "open_ticket", None)]),
        ("reply", "scam", (ANSWER,), [("threat", "scam", None)]),
        (
            "ticket",
            "approve",
            (TICKET, THANKS),
            [("action", "open_ticket", None), ("intent", "withdrawal", None), ("urgency", "high", None)],
        ),
        ("flag", "scam", (), [("threat", "scam", None)]),
        ("flag", "ignore", (), [("threat", "none", None)]),
        ("flag", "ticket", (), [("threat", "none", None), ("action", "open_ticket", None)]),
        ("unsure", "approve", (), []),
        ("reply", "there", (ANSWER,), []),
    ],
)
async def test_a_decision_implies_labels(
    database: Database,
    kind: ReviewKind,
    outcome: str,
    proposed: tuple[Effect, ...],
    expected: list[tuple[str, str, str | None]],
) -> None:
    await reviewed(database, kind=kind, outcome=outcome, proposed=proposed)
    assert [(lesson.head, lesson.label, lesson.article_id) for lesson in await taught(database)] == expected


async def test_a_lesson_knows_its_post_and_author(database: Database) -> None:
    await reviewed(database, outcome="scam")
    (lesson,) = await taught(database)
    assert (lesson.platform, lesson.author_id, lesson.text) == ("telegram", "1", "post 1")


async def test_a_platform_that_is_not_asked_for_teaches_nothing(database: Database) -> None:
    await reviewed(database, outcome="scam", platform="x", author=account(platform="x"))
    assert await taught(database, "telegram", "discord") == []
    assert len(await taught(database, "x")) == 1


async def test_a_deleted_post_teaches_nothing(database: Database) -> None:
    await reviewed(database, outcome="scam")
    async with database.transaction() as tx:
        await mentions.apply_deletion(tx, "telegram", "1", NOW + 2 * MINUTE)
    assert await taught(database) == []


async def test_a_post_edited_after_the_decision_teaches_nothing(database: Database) -> None:
    await reviewed(database, outcome="scam")
    async with database.transaction() as tx:
        await tx.execute(update(MentionRow).values(text="other", edited_at=NOW + 2 * MINUTE))
    assert await taught(database) == []


async def test_what_waits_teaches_nothing(database: Database) -> None:
    (record,) = await stored(database, new())
    async with database.transaction() as tx:
        values: dict[str, Any] = {"kind": "flag", "risk": 0.5, "proposed": (), "reasons": (REASON,), "due_at": NOW, "now": NOW}
        await reviews.add(tx, mention_id=record.id, **values)
    assert await taught(database) == []
