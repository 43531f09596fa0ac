"""Short ways to make domain values and to put them into a database."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from domain.deciding import Decision, Effect, PostReply, Reason, ReviewKind
from domain.hearing import Mention
from domain.people import Account, AccountKind, Platform
from domain.records import ActionRecord, MentionRecord
from domain.understanding import URGENCIES, Assessment, Judgement
from storage import actions, decisions, mentions, reviews
from storage.actions import NewAction
from storage.db import Database, Tx
from storage.mentions import NewMention

NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
DUE = {urgency: number * timedelta(hours=1) for number, urgency in enumerate(URGENCIES, start=1)}
REASON = Reason(rule="test", text="because")
REPLY = PostReply(purpose="faq", language="en", text="Please see our page.")


def account(id_: str = "1", *, platform: Platform = "x", **changes: Any) -> Account:
    fields: dict[str, Any] = {"kind": AccountKind.PERSON, "username": f"user{id_}", "display_name": f"User {id_}", **changes}
    return Account(platform=platform, id=id_, **fields)


def mention(id_: str = "1", *, platform: Platform = "x", **changes: Any) -> Mention:
    fields: dict[str, Any] = {
        "channel_id": "",
        "channel_name": "",
        "thread_id": "thread",
        "reply_to_id": None,
        "author": account(platform=platform),
        "text": f"post {id_}",
        "posted_at": NOW,
        "addressed": True,
    }
    return Mention(platform=platform, external_id=id_, **(fields | changes))


def new(id_: str = "1", **changes: Any) -> NewMention:
    return NewMention(mention=mention(id_, **changes), secrets=frozenset(), raw="{}")


def judged(label: str) -> Judgement:
    return Judgement(label=label, probabilities={label: 1.0})


def assessment(**labels: str) -> Assessment:
    usual = {"language": "en", "sentiment": "neutral", "urgency": "high", "intent": "withdrawal", "threat": "none"}
    tasks: dict[str, Any] = {name: judged(label) for name, label in ({**usual, "scam_type": "other"} | labels).items()}
    return Assessment(**tasks, model_version="test")


def decision(*effects: Effect) -> Decision:
    return Decision(effects=effects, reasons=(REASON,))


def alert(key: str = "alert:1") -> NewAction:
    return NewAction(key=key, kind="alert", platform=None, mention_id=None, purpose="trend", text="a spike")


async def stored(database: Database, *items: NewMention) -> list[MentionRecord]:
    """In the order of `items`."""
    async with database.transaction() as tx:
        await mentions.insert(tx, items, NOW)
        found = [await mentions.by_external(tx, item.mention.platform, item.mention.external_id) for item in items]
    return [record for record in found if record is not None]


async def decided(
    database: Database, record: MentionRecord, effects: Sequence[Effect], *, at: datetime = NOW, cost_usd: float = 0.0
) -> list[int]:
    """Record and apply a decision as the fleet does. Returns the ids of the actions queued."""
    taken = decision(*effects)
    async with database.transaction() as tx:
        await decisions.record(tx, record.id, assessment(), taken, decided_by=decisions.FLEET, now=at)
        return await decisions.apply(tx, record, taken, now=at, not_before=at, due=DUE, cost_usd=cost_usd)


async def queued(database: Database, key: str = "alert:1") -> int:
    """An alert that waits to be sent."""
    async with database.transaction() as tx:
        action_id = await actions.add(tx, alert(key), now=NOW, not_before=NOW)
    assert action_id is not None
    return action_id


async def started(database: Database, action_id: int, *, at: datetime = NOW, owner: str = "worker") -> ActionRecord:
    async with database.transaction() as tx:
        action = await actions.start(tx, action_id, owner=owner, now=at)
    assert action is not None
    return action


async def asked(
    tx: Tx, mention_id: int, *, kind: ReviewKind = "reply", risk: float = 0.5, due: int = 1, action_id: int | None = None
) -> int:
    """A waiting review, due in so many minutes."""
    return await reviews.add(
        tx,
        mention_id=mention_id,
        kind=kind,
        risk=risk,
        proposed=(REPLY,),
        reasons=(REASON,),
        due_at=NOW + due * MINUTE,
        now=NOW,
        action_id=action_id,
    )
