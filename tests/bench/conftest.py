"""A small honest fleet: it stores every post that the sandbox tells of, and answers some through the real responders."""

import asyncio
import shutil
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bench.comparing import Entry
from bench.ledgers import read_sandbox
from domain.acting import ReplyOrder, Responder, RetryLater, Sent
from domain.deciding import AskReview, Decision, Effect, FlagMention, OpenTicket, PostReply, Reason
from domain.hearing import Mention
from domain.people import PLATFORMS, Account, AccountKind, Platform
from domain.records import ActionRecord
from domain.understanding import URGENCIES
from platforms.discord import DiscordAccess
from platforms.telegram import TelegramAccess
from platforms.x import XAccess
from responders.discord import DiscordResponder
from responders.telegram import TelegramResponder
from responders.x import XResponder
from sandbox.player import Player
from sandbox.scenario import load
from storage import actions, decisions, mentions
from storage.db import Database
from storage.mentions import NewMention
from tests.sandbox.conftest import ROOT, call, running_sandbox

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
ANSWERS = {
    "en": "Hi! This article should answer it. Reset your password: https://help.kestrel.example/reset-password",
    "zh": "您好！这篇文章可以解答您的问题。提现一直显示处理中：https://help.kestrel.example/withdrawal-pending",
    "fr": "Merci pour votre question ! Voir le centre d'aide : https://help.kestrel.example/tax-report",
}


@pytest.fixture(scope="module")
def honest_run(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Path:
    """A data folder after a calm hour: the sandbox's own ledger files and a database that agrees with them."""
    folder = tmp_path_factory.mktemp("honest")
    shutil.copy(sqlite_template, folder / "fleetwatch.sqlite3")
    with running_sandbox(folder / "sandbox") as (url, _):
        Player(url, load(ROOT / "sandbox" / "scenarios" / "calm_hour.toml")).play(speed=0)
        asyncio.run(_handle(url, folder / "fleetwatch.sqlite3"))
    return folder


@pytest.fixture
def run_folder(honest_run: Path, tmp_path: Path) -> Path:
    """A copy of the honest run, to be doctored."""
    return Path(shutil.copytree(honest_run, tmp_path / "run"))


async def _handle(url: str, database_file: Path) -> None:
    entries = read_sandbox(url)
    database, responders = Database(f"sqlite+aiosqlite:///{database_file}"), _responders(call(f"{url}/_control/setup"))
    wanted = {(note["platform"], note["id"]): note["expect"] for note in entries["notes"] if note["kind"] == "post"}
    people = {(note["platform"], note["id"]): note for note in entries["notes"] if note["kind"] == "person"}
    try:
        for platform in PLATFORMS:
            for post in (entry for entry in entries[platform] if entry["kind"] == "posted"):
                person, expect = people[(platform, post["author"])], wanted[(platform, post["id"])]
                effects = _effects(expect["action"], person["language"])
                await _commit(database, responders, _mention(platform, post, person), effects)
    finally:
        await database.close()
        for responder in responders.values():
            await cast("Any", responder).close()


def _responders(setup: Mapping[str, Any]) -> dict[Platform, Responder]:
    return {
        "x": XResponder(XAccess(**setup["x"])),
        "telegram": TelegramResponder(TelegramAccess(**setup["telegram"])),
        "discord": DiscordResponder(DiscordAccess(**setup["discord"])),
    }


def _mention(platform: Platform, post: Entry, person: Entry) -> Mention:
    kind = AccountKind.BOT if person["role"] == "bot" else AccountKind.PERSON
    return Mention(
        platform=platform,
        external_id=post["id"],
        channel_id=post["channel"],
        channel_name="",
        thread_id={"x": post["id"], "telegram": f"{post['channel']}:0", "discord": post["channel"]}[platform],
        reply_to_id=post["reply_to"],
        author=Account(platform=platform, id=post["author"], kind=kind, username=person["key"], display_name=person["key"]),
        text=post["text"],
        posted_at=NOW,
        addressed=True,
    )


def _effects(action: str, language: str) -> tuple[Effect, ...]:
    match action:
        case "reply_faq" if language in ANSWERS:
            return (PostReply(purpose="faq", language=language, text=ANSWERS[language]),)
        case "open_ticket":
            return (OpenTicket(reference=f"KST-{language}", intent="other", urgency="high", language=language),)
        case "flag":
            return (FlagMention(tier="likely", scam_type="fake_support", signals=()),)
        case "none":
            return ()
        case _:
            return (AskReview(kind="unsure", risk=0.5, proposed=()),)


async def _commit(
    database: Database, responders: Mapping[Platform, Responder], mention: Mention, effects: Sequence[Effect]
) -> None:
    decision = Decision(effects=tuple(effects), reasons=(Reason(rule="test", text="as the scenario wants"),))
    async with database.transaction() as tx:
        ids = await mentions.insert(tx, [NewMention(mention=mention, secrets=frozenset(), raw="{}")], NOW)
        (record,) = await mentions.claim(tx, ids, owner="test", until=NOW + timedelta(minutes=1), now=NOW)
        due = {str(urgency): timedelta(hours=1) for urgency in URGENCIES}
        action_ids = await decisions.apply(tx, record, decision, now=NOW, not_before=NOW, due=due)
        await mentions.mark_handled(tx, record.id, owner="test", now=NOW)
        started = [await actions.start(tx, action_id, owner="test", now=NOW) for action_id in action_ids]
    for action in filter(None, started):
        external_id = await _send(responders[mention.platform], mention, action)
        async with database.transaction() as tx:
            assert await actions.finish(tx, action, state="sent", now=NOW, external_id=external_id)


async def _send(responder: Responder, mention: Mention, action: ActionRecord) -> str:
    order = ReplyOrder(
        platform=mention.platform,
        key=action.key,
        mention_id=mention.external_id,
        channel_id=mention.channel_id,
        thread_id=mention.thread_id,
        author_id=mention.author.id,
        text=action.text,
    )
    outcome = await responder.reply(order)
    while isinstance(outcome, RetryLater):
        await asyncio.sleep(outcome.after_s)
        outcome = await responder.reply(order)
    assert isinstance(outcome, Sent), outcome
    return outcome.external_id
