"""Stored to decided: read, one inference call in a thread, pure decisions, one transaction."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from domain.deciding import Case, Decision, FlagMention, OpenTicket, PostReply, Standing
from domain.errors import DatabaseAway
from domain.hearing import Mention
from domain.people import Identity
from domain.records import MentionRecord
from domain.understanding import Assessment, Classifier, Question
from storage import decisions, mentions, standing
from storage.db import Database
from storage.decisions import FLEET, Decided
from triage.decide import decide
from triage.governor import reply_cost
from triage.policy import Policy
from workers.clock import Clock
from workers.queue import Queue

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """What is read from SQL before inference, by mention id."""

    records: Sequence[MentionRecord]
    parents: Mapping[int, MentionRecord]


@dataclass(slots=True)
class Recent:
    """What this batch has already decided: two posts of one person in one batch are one conversation."""

    replied_author: dict[str, datetime] = field(default_factory=dict[str, datetime])
    replied_thread: dict[str, datetime] = field(default_factory=dict[str, datetime])
    flagged: set[str] = field(default_factory=set[str])
    tickets: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def standing(self, record: MentionRecord, stored: Standing) -> Standing:
        author, thread = _who_and_where(record)
        return replace(
            stored,
            last_reply_to_author_at=self.replied_author.get(author, stored.last_reply_to_author_at),
            last_reply_in_thread_at=self.replied_thread.get(thread, stored.last_reply_in_thread_at),
            author_flagged=stored.author_flagged or author in self.flagged,
        )

    def ticket(self, record: MentionRecord, stored: str | None) -> str | None:
        return self.tickets.get(_who_and_where(record), stored)

    def remember(self, record: MentionRecord, decision: Decision, now: datetime) -> None:
        author, thread = _who_and_where(record)
        for effect in decision.effects:
            match effect:
                case PostReply():
                    self.replied_author[author] = self.replied_thread[thread] = now
                case OpenTicket(reference=reference):
                    self.tickets[author, thread] = reference
                case FlagMention(tier=tier) if tier != "watch":
                    self.flagged.add(author)
                case _:
                    continue


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What is read from SQL after inference, by mention id, so that it is as fresh as can be."""

    standings: Mapping[int, Standing]
    tickets: Mapping[int, str]
    recent: Recent


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """Handles batches of stored mentions. `owner` names this process in leases."""

    database: Database
    queue: Queue
    classifier: Classifier
    policy: Callable[[], Policy]
    officials: Mapping[tuple[str, str], Identity]
    """(platform, account id) -> registry entry."""
    new_reference: Callable[[], str]
    now: Clock
    owner: str

    async def handle(self, ids: Sequence[int]) -> list[int]:
        """Returns the ids of new actions, which are also queued.

        Idempotent: rows that are handled, failed or leased to somebody else are passed over.
        """
        async with self.database.transaction() as tx:
            records = await mentions.claim(tx, ids, owner=self.owner, until=self.now() + LEASE, now=self.now())
            parents = await mentions.parents(tx, records)
        actions = await self._handle(Gathered(records=records, parents=parents)) if records else []
        await self.queue.put("perform", actions)
        return actions

    async def _handle(self, gathered: Gathered) -> list[int]:
        """A batch that fails is split until the poison row stands alone. A database that is away is nobody's poison."""
        try:
            assessments = await asyncio.to_thread(self.classifier.assess, _questions(gathered))
            return await self._decide_and_commit(gathered.records, assessments)
        except DatabaseAway:
            raise  # the leases run out, and the sweep asks again
        except Exception as error:  # noqa: BLE001 - strangers' text met our code: isolate the row, keep the fleet
            return await self._isolate(gathered, error)

    async def _isolate(self, gathered: Gathered, error: Exception) -> list[int]:
        records = gathered.records
        if len(records) == 1:
            reason = f"{type(error).__name__}: {error}"[:200]
            log.error("mention_failed", mention=records[0].id, error=type(error).__name__)
            async with self.database.transaction() as tx:
                await mentions.mark_failed(tx, records[0].id, owner=self.owner, reason=reason, now=self.now())
            return []
        middle = len(records) // 2
        first = await self._handle(replace(gathered, records=records[:middle]))
        return first + await self._handle(replace(gathered, records=records[middle:]))

    async def _decide_and_commit(self, records: Sequence[MentionRecord], assessments: Sequence[Assessment]) -> list[int]:
        """T2. Returns the ids of the actions that wait for the network."""
        policy, ids = self.policy(), [record.id for record in records]
        async with self.database.transaction() as tx:
            now = self.now()
            mine = await mentions.mark_handled_many(tx, ids, owner=self.owner, now=now)
            facts = Facts(
                standings=await standing.standings(tx, ids, now), tickets=await standing.open_tickets(tx, ids), recent=Recent()
            )
            judged = {
                record.id: (record, assessment)
                for record, assessment in zip(records, assessments, strict=True)
                if record.id in mine
            }
            decided = [self._decide(record, assessment, facts, policy) for record, assessment in judged.values()]
            rows = [(item.record.id, judged[item.record.id][1], item.decision) for item in decided]
            await decisions.record_many(tx, rows, decided_by=FLEET, now=now)
            return await decisions.apply_many(tx, decided, now=now, not_before=now, due=policy.due)

    def _decide(self, record: MentionRecord, assessment: Assessment, facts: Facts, policy: Policy) -> Decided:
        decision = decide(self._case(record, assessment, facts), policy)
        facts.recent.remember(record, decision, self.now())
        replies = [effect.text for effect in decision.effects if isinstance(effect, PostReply)]
        cost = sum(reply_cost(record.mention, text, policy) for text in replies)
        return Decided(record=record, decision=decision, cost_usd=cost)

    def _case(self, record: MentionRecord, assessment: Assessment, facts: Facts) -> Case:
        return make_case(
            record.mention,
            assessment,
            standing=facts.recent.standing(record, facts.standings[record.id]),
            open_ticket=facts.recent.ticket(record, facts.tickets.get(record.id)),
            officials=self.officials,
            reference=self.new_reference(),
        )


def make_case(
    mention: Mention,
    assessment: Assessment,
    *,
    standing: Standing,
    open_ticket: str | None,
    officials: Mapping[tuple[str, str], Identity],
    reference: str,
) -> Case:
    """What triage decides on. `workers/rehearsal.py` makes its cases here, too."""
    author = mention.author
    return Case(
        mention=mention,
        assessment=assessment,
        standing=standing,
        open_ticket=open_ticket,
        official=officials.get((author.platform, author.id)),
        reference=reference,
    )


def _who_and_where(record: MentionRecord) -> tuple[str, str]:
    mention = record.mention
    return f"{mention.platform}:{mention.author.id}", f"{mention.platform}:{mention.thread_id}"


def _questions(gathered: Gathered) -> list[Question]:
    return [_question(record, gathered.parents.get(record.id)) for record in gathered.records]


def _question(record: MentionRecord, parent: MentionRecord | None) -> Question:
    return Question(
        mention=record.mention,
        secrets=record.secrets,
        parent_text=parent.mention.text if parent else None,
        parent_author=parent.mention.author if parent else None,
    )
