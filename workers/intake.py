"""Hears to stored: one transaction for the events and the cursor; only then may the platform be acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from domain.hearing import AccountSeen, Batch, Deleted, Edited, Heard, Listener, Mention, Unparsable
from domain.understanding import Redacted
from storage import accounts, cursors, mentions, quarantine
from storage.db import Database, Tx
from storage.mentions import NewMention
from workers.clock import Clock
from workers.queue import Queue

Redact = Callable[[str], Redacted]
RedactJson = Callable[[str], tuple[str, frozenset[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes batches in. Nothing personal reaches storage: text and raw JSON are redacted first."""

    database: Database
    queue: Queue
    redact: Redact
    redact_json: RedactJson
    now: Clock

    async def listen(self, listener: Listener) -> None:
        """Follow one listener from its stored cursors until it fails or is cancelled."""
        async with self.database.reading() as tx:
            where = await cursors.load(tx, listener.platform)
        async for batch in listener.batches(where):
            await self.take(batch)

    async def take(self, batch: Batch) -> list[int]:
        """Store a batch and its cursors together. Returns the ids of mentions to handle (new, or edited)."""
        now = self.now()
        new = [self._new(heard, heard.event) for heard in batch.heard if isinstance(heard.event, Mention)]
        async with self.database.transaction() as tx:
            ids = await mentions.insert(tx, new, now)
            for heard in batch.heard:
                changed = await self._take_other(tx, heard)
                if changed is not None:
                    ids.append(changed)
            await cursors.store(tx, batch.platform, batch.cursors, now)
        await self.queue.put("handle", ids)
        return ids

    async def _take_other(self, tx: Tx, heard: Heard) -> int | None:
        """Everything but new mentions. Returns a mention's id when it must be handled again."""
        now = self.now()
        match heard.event:
            case Mention():
                return None
            case Edited() as edited:
                clean = self.redact(edited.text)
                return await mentions.apply_edit(tx, replace(edited, text=clean.text), clean.found, now)
            case Deleted() as deleted:
                await mentions.apply_deletion(tx, deleted.platform, deleted.external_id, now)
            case AccountSeen(account=account):
                await accounts.upsert(tx, [account], now)
            case Unparsable(platform=platform, error=error):
                await quarantine.add(tx, platform, self.redact_json(heard.raw)[0], error, now)
            case _:
                assert_never(heard.event)
        return None

    def _new(self, heard: Heard, mention: Mention) -> NewMention:
        clean = self.redact(mention.text)
        raw, _ = self.redact_json(heard.raw)
        return NewMention(mention=replace(mention, text=clean.text), secrets=clean.found, raw=raw)
