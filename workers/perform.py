"""Decided to done: exactly one network call for an action, never with a transaction open, never blindly twice."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

import structlog

from domain.acting import (
    Absent,
    Alerter,
    AlertOrder,
    CannotTell,
    Found,
    Outcome,
    ReadBack,
    Refused,
    ReplyOrder,
    Responder,
    RetryLater,
    Sent,
    Unknown,
    Withheld,
)
from domain.deciding import PostReply, Reason
from domain.people import Platform
from domain.records import ActionRecord, MentionRecord
from storage import actions, mentions, reviews, standing, switches
from storage.db import Database, Tx
from triage.governor import Plea, Refusal, govern
from triage.policy import Policy
from workers.clock import Clock

log = structlog.get_logger(__name__)

AT_ONCE = 8
"""Network calls under way at the same time."""

MOST_TRIES = 3
"""An action that vanishes this often is not tried again by itself."""

HELD_BACK = timedelta(seconds=5)
"""How long a reply waits behind a kill switch before it is looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """One claimed action, ready for the network."""

    action: ActionRecord
    record: MentionRecord | None
    live: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Performer:
    """Performs claimed actions. `shadows` stand in for `responders` on platforms that are not live."""

    database: Database
    responders: Mapping[Platform, Responder]
    shadows: Mapping[Platform, Responder]
    alerter: Alerter
    policy: Callable[[], Policy]
    now: Clock
    owner: str

    async def perform(self, ids: Sequence[int]) -> None:
        """Idempotent: actions that are not pending, or not yet due, are passed over."""
        gate, turn = asyncio.Semaphore(AT_ONCE), asyncio.Lock()

        async def guarded(action_id: int) -> None:
            async with gate:
                await self._perform_one(action_id, turn)

        async with asyncio.TaskGroup() as group:
            for action_id in ids:
                group.create_task(guarded(action_id))

    async def _perform_one(self, action_id: int, turn: asyncio.Lock) -> None:
        """`turn`: replies begin one after the other, so that the later of two to one person sees the earlier."""
        async with turn, self.database.transaction() as tx:
            errand = await self._start(tx, action_id)
        if errand is None:
            return
        outcome = await self._send(errand)
        async with self.database.transaction() as tx:
            await self._finish(tx, errand.action, outcome)
        log.info("action_finished", action=errand.action.id, kind=errand.action.kind, outcome=type(outcome).__name__)

    async def _start(self, tx: Tx, action_id: int) -> Errand | None:
        """T3: pending -> sending, unless the governor, asked again with fresh facts, says no."""
        now = self.now()
        action = await actions.start(tx, action_id, owner=self.owner, now=now)
        if action is None:
            return None
        if action.mention_id is None or action.platform is None:
            return Errand(action=action, record=None, live=True)
        record = await mentions.get(tx, action.mention_id)
        facts = await standing.for_action(tx, action_id, now)
        if record is None or facts is None:
            await actions.finish(tx, action, state="cancelled", now=now, detail="the mention is gone")
            return None
        reply = reply_of(action)
        refusal = govern(Plea(mention=record.mention, reply=reply, standing=facts, policy=self.policy()))
        if refusal is not None:
            await self._hold(tx, action, reply, refusal)
            return None
        live = {switch.platform: switch.live for switch in await switches.all(tx)}
        return Errand(action=action, record=record, live=live.get(action.platform, False))

    async def _hold(self, tx: Tx, action: ActionRecord, reply: PostReply, refusal: Refusal) -> None:
        now, why = self.now(), refusal.reason.text
        if refusal.then == "wait":
            await actions.finish(tx, action, state="pending", now=now, detail=why, not_before=now + HELD_BACK)
            return
        await actions.finish(tx, action, state="cancelled", now=now, detail=why)
        if refusal.then == "human" and action.mention_id is not None:
            await reviews.add(
                tx,
                mention_id=action.mention_id,
                kind="reply",
                risk=0.3,
                proposed=(reply,),
                reasons=(refusal.reason,),
                due_at=now + self.policy().due["normal"],
                now=now,
            )

    async def _send(self, errand: Errand) -> Outcome:
        action, record = errand.action, errand.record
        if record is None:
            order = AlertOrder(key=action.key, title=action.title, body=action.text, link=action.link)
            return await self.alerter.alert(order)
        responder = (self.responders if errand.live else self.shadows).get(record.mention.platform)
        if responder is None:
            return Refused(reason=f"{record.mention.platform} is not configured")
        return await responder.reply(order_of(action, record))

    async def _finish(self, tx: Tx, action: ActionRecord, outcome: Outcome) -> None:
        """T4. Fenced: a row that somebody else has taken meanwhile stays theirs."""
        now = self.now()
        match outcome:
            case Sent(external_id=external_id):
                await actions.finish(tx, action, state="sent", now=now, external_id=external_id)
            case Withheld(reason=reason):
                await actions.finish(tx, action, state="shadowed", now=now, detail=reason)
            case Refused(reason=reason):
                await actions.finish(tx, action, state="failed", now=now, detail=reason)
            case RetryLater(after_s=after_s, reason=reason):
                later = now + timedelta(seconds=max(after_s, 1.0))
                await actions.finish(tx, action, state="pending", now=now, detail=reason, not_before=later)
            case Unknown(reason=reason):
                await actions.finish(tx, action, state="unknown", now=now, detail=reason)
            case _:
                assert_never(outcome)

    async def reconcile(self, action: ActionRecord) -> None:
        """An action whose fate is unknown: ask the platform; where it cannot tell, a human decides."""
        async with self.database.transaction() as tx:
            if action.state == "sending" and not await self._give_up(tx, action):
                return
            record = await mentions.get(tx, action.mention_id) if action.mention_id is not None else None
        responder = self.responders.get(record.mention.platform) if record else None
        if record is None:
            answer = Absent()  # an alert that comes twice is better than none
        elif responder is None:
            answer = CannotTell(reason=f"{record.mention.platform} is not configured")
        else:
            answer = await responder.find(order_of(action, record))
        if isinstance(answer, Absent) and action.attempts >= MOST_TRIES:
            answer = CannotTell(reason=f"tried {action.attempts} times, and never there")
        async with self.database.transaction() as tx:
            await self._settle(tx, action, answer)

    async def _give_up(self, tx: Tx, action: ActionRecord) -> bool:
        """The sender died between the call and its record. False: it came back and wrote the outcome itself."""
        return await actions.finish(tx, action, state="unknown", now=self.now(), detail="the sender died while sending")

    async def _settle(self, tx: Tx, action: ActionRecord, answer: ReadBack) -> None:
        now = self.now()
        match answer:
            case Found(external_id=external_id):
                await actions.settle(tx, action.id, state="sent", detail="found by read-back", external_id=external_id, now=now)
            case Absent():
                await actions.settle(tx, action.id, state="pending", detail="proven absent by read-back", now=now)
            case CannotTell(reason=reason):
                await self._ask_human(tx, action, reason)
            case _:
                assert_never(answer)

    async def _ask_human(self, tx: Tx, action: ActionRecord, why: str) -> None:
        if action.mention_id is None:
            await actions.settle(tx, action.id, state="failed", detail=why, now=self.now())
            return
        await reviews.add(
            tx,
            mention_id=action.mention_id,
            kind="reply",
            risk=0.8,
            proposed=(),
            reasons=(Reason(rule="reconcile", text=f"perhaps sent, perhaps not: {why}"),),
            due_at=self.now() + self.policy().due["high"],
            now=self.now(),
            action_id=action.id,
        )


def reply_of(action: ActionRecord) -> PostReply:
    """The governor's view of a stored reply."""
    purpose = "custom" if action.purpose == "custom" else "faq" if action.purpose == "faq" else "acknowledge"
    return PostReply(purpose=purpose, language="", text=action.text)


def order_of(action: ActionRecord, record: MentionRecord) -> ReplyOrder:
    mention = record.mention
    return ReplyOrder(
        platform=mention.platform,
        key=action.key,
        mention_id=mention.external_id,
        channel_id=mention.channel_id,
        thread_id=mention.thread_id,
        author_id=mention.author.id,
        text=action.text,
    )
