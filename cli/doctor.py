"""`fleetwatch doctor`: `check`, then every connection, side by side and time-boxed."""

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, cast

import discord
from redis.asyncio import Redis
from telegram.error import InvalidToken

from cli.check import Finding, examine, report
from config.load import ROOT, load_registry
from config.settings import Settings
from domain.errors import FleetwatchError, PlatformRefused
from domain.people import Platform
from platforms.discord import DiscordAccess, new_client
from platforms.telegram import TelegramAccess, TelegramLine
from platforms.x import XAccess, XFailed, XSession, as_object, connect
from storage.db import Database
from workers.wiring import WIRES, configured

PATIENCE_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """One connection to try. `mend` is what to do when it fails for a reason that it cannot name itself."""

    name: str
    look: Callable[[], Awaitable[str]]
    mend: str


def run(data_dir: Path, as_json: bool) -> int:
    """Exit code: 0 when all is well."""
    settings, findings = examine()
    readable = {finding.name for finding in findings if finding.ok}
    probes = probes_for(settings, data_dir) if settings and "identities" in readable else ()
    return report([*findings, *asyncio.run(try_all(tuple(probes)))], as_json)


async def try_all(probes: tuple[Probe, ...]) -> list[Finding]:
    return await asyncio.gather(*map(try_one, probes))


async def try_one(probe: Probe, patience_s: float = PATIENCE_S) -> Finding:
    """Never raises: whatever a driver or an SDK throws is a finding. Its text may hold a token, its kind's name does not."""
    try:
        async with asyncio.timeout(patience_s):
            return Finding(name=probe.name, ok=True, sentence=await probe.look())
    except FleetwatchError as error:
        wrong = str(error)
    except TimeoutError:
        wrong = f"no answer within {patience_s:g} s; {probe.mend}"
    except Exception as error:  # noqa: BLE001
        wrong = f"{type(error).__name__}; {probe.mend}"
    return Finding(name=probe.name, ok=False, sentence=wrong)


def probes_for(settings: Settings, data_dir: Path) -> Iterator[Probe]:
    """What these settings ask for, and nothing else."""
    yield Probe(name="data folder", look=partial(_data_folder, data_dir), mend="name another --data-dir.")
    look = partial(_database, settings.storage.url_at(data_dir))
    yield Probe(name="database", look=look, mend="start the server, or mend storage.url.")
    if settings.queue.redis_url:
        yield Probe(name="redis", look=partial(_redis, settings.queue.redis_url), mend="start Redis, or mend queue.redis_url.")
    registry = load_registry(ROOT / settings.files.identities)
    for platform in configured(settings):
        look = partial(LOOKS[platform], WIRES[platform].access(settings, registry))
        yield Probe(name=platform, look=look, mend="look at the network, the tokens and base_url.")


async def _data_folder(data_dir: Path) -> str:
    standing = next(folder for folder in (data_dir, *data_dir.parents) if folder.exists())
    if not os.access(standing, os.W_OK):
        raise FleetwatchError(f"{standing} cannot be written to; make it writable, or name another --data-dir.")
    return f"{data_dir} can be written to."


async def _database(url: str) -> str:
    if not _is_there(url):
        return "made at the first start."
    database = Database(url)
    try:
        async with database.reading() as tx:
            await tx.connection()
    finally:
        await database.close()
    return "answers."


def _is_there(url: str) -> bool:
    """Trying an SQLite file that is not there would leave an empty one behind."""
    scheme, _, path = url.partition(":///")
    return not scheme.startswith("sqlite") or Path(path).exists()


class _Redis(Protocol):
    async def ping(self) -> bool: ...

    async def aclose(self) -> None: ...


async def _redis(url: str) -> str:
    redis = cast("_Redis", Redis.from_url(url))  # pyright: ignore[reportUnknownMemberType]
    try:
        await redis.ping()
    finally:
        await redis.aclose()
    return "answers."


async def _x(access: XAccess) -> str:
    session = XSession(access.base_url)
    try:
        me = await connect(access, session).get_me(user_auth=True)
    except XFailed as failed:
        raise PlatformRefused(f"{failed}; look at x.access_token, its three sisters and x.base_url.") from None
    finally:
        await session.close()
    return f"signed in as @{as_object(me.get('data')).get('username')}."


async def _telegram(access: TelegramAccess) -> str:
    line = TelegramLine(access)
    try:
        me = as_object(await line.ask("getme"))
    except InvalidToken:
        raise PlatformRefused("Telegram does not know the token; copy the bot's token again into telegram.token.") from None
    finally:
        await line.close()
    return f"signed in as @{me.get('username')}."


async def _discord(access: DiscordAccess) -> str:
    async with new_client(access, discord.Client) as client:
        try:
            await client.login(access.token)
        except discord.LoginFailure:
            raise PlatformRefused("Discord does not know the token; copy the bot's token again into discord.token.") from None
        return f"signed in as {client.user}."


LOOKS: Mapping[Platform, Callable[[Any], Awaitable[str]]] = {"x": _x, "telegram": _telegram, "discord": _discord}
