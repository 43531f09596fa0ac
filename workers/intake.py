"""Hears to stored: one transaction for the events and the cursor; only then may the platform be acknowledged."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import assert_never

from domain.hearing import AccountSeen, Batch, Deleted, Edited, Heard, Listener, Media, Mention, Unparsable
from domain.people import Account
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
    """Takes batches in. Nothing personal reaches storage: texts, names and raw JSON are redacted first."""

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
                await accounts.upsert(tx, [self._account(account)], now)
            case Unparsable(platform=platform, error=error):
                await quarantine.add(tx, platform, self._quarantined(heard.raw), self.redact(error).text, now)
            case _:
                assert_never(heard.event)
        return None

    def _new(self, heard: Heard, mention: Mention) -> NewMention:
        clean = self.redact(mention.text)
        raw, _ = self.redact_json(heard.raw)
        shown = replace(
            mention,
            text=clean.text,
            author=self._account(mention.author),
            channel_name=self.redact(mention.channel_name).text,
            media=tuple(self._media(media) for media in mention.media),
        )
        return NewMention(mention=shown, secrets=clean.found, raw=raw)

    def _account(self, account: Account) -> Account:
        """Names and bios are strangers' texts as well. User names stay: replies need them."""
        return replace(
            account,
            display_name=self.redact(account.display_name).text,
            title=self.redact(account.title).text if account.title else account.title,
            bio=self.redact(account.bio).text if account.bio else account.bio,
        )

    def _media(self, media: Media) -> Media:
        """A link is the author's words, and so is the name of a file in its address; the query there is the platform's."""
        if media.url is None:
            return media
        if media.kind == "link":
            return replace(media, external_id=self.redact(media.external_id).text, url=self.redact(media.url).text)
        path, mark, query = media.url.partition("?")
        return replace(media, url=self.redact(path).text + mark + query)

    def _quarantined(self, raw: str) -> str:
        """No parser knows which of its strings are texts, so it is redacted as one text as well."""
        return self.redact(self.redact_json(raw)[0]).text
