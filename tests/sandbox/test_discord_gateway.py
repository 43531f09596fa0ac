"""The real discord.py against the local gateway."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import discord
import pytest

from platforms.discord import new_client
from sandbox import brand
from tests.sandbox.discord_rig import Rig, running


class Witness(discord.Client):
    """Writes down what the library tells it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.seen: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def on_ready(self) -> None:
        await self.seen.put(("ready", None))

    async def on_resumed(self) -> None:
        await self.seen.put(("resumed", None))

    async def on_message(self, message: discord.Message) -> None:
        await self.seen.put(("message", message))

    async def on_raw_message_edit(self, payload: discord.RawMessageUpdateEvent) -> None:
        await self.seen.put(("edit", payload))

    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        await self.seen.put(("delete", payload))

    async def on_member_join(self, member: discord.Member) -> None:
        await self.seen.put(("join", member))

    async def next(self, kind: str) -> Any:
        async with asyncio.timeout(30):
            while True:
                what, value = await self.seen.get()
                if what == kind:
                    return value


@asynccontextmanager
async def connected(rig: Rig, token: str = brand.DISCORD_TOKEN) -> AsyncGenerator[Witness]:
    client = new_client(rig.access(), Witness)
    task = asyncio.create_task(client.start(token))
    try:
        await client.next("ready")
        yield client
    finally:
        await client.close()
        await asyncio.wait([task])


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


async def test_a_client_becomes_ready_with_the_guild_and_its_channels(rig: Rig) -> None:
    async with connected(rig) as client:
        (guild,) = client.guilds
        assert (guild.name, {channel.name for channel in guild.text_channels}) == ("Kestrel", {"general", "support"})


async def test_a_post_arrives_with_author_reply_and_picture(rig: Rig) -> None:
    ana = await rig.person("ana", display_name="Ana Q")
    async with connected(rig) as client:
        first = await rig.post(ana, "withdrawal stuck", media=[{"kind": "photo", "name": "screen.png"}])
        message = await client.next("message")
        assert (str(message.id), message.content, message.author.display_name) == (first, "withdrawal stuck", "Ana Q")
        assert message.attachments[0].content_type == "image/png"
        await rig.post(ana, "anyone?", reply_to=first)
        assert str((await client.next("message")).reference.message_id) == first


async def test_edits_deletions_and_joins_arrive(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with connected(rig) as client:
        post = await rig.post(ana, "frist")
        assert (await client.next("join")).name == "ana"
        await rig.control("PATCH", f"/posts/{post}", text="first")
        assert (await client.next("edit")).data["content"] == "first"
        await rig.control("DELETE", f"/posts/{post}")
        assert str((await client.next("delete")).message_id) == post


async def test_a_dropped_socket_is_resumed_and_the_gap_replayed(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with connected(rig) as client:
        assert (await rig.control("POST", "/sessions/drop"))["sessions"] == 1
        await rig.post(ana, "while you were away")
        assert (await client.next("message")).content == "while you were away"
        await client.next("resumed")
    assert len(rig.entries("gateway", event="identify")) == 1


async def test_op_7_makes_the_client_resume(rig: Rig) -> None:
    async with connected(rig) as client:
        await rig.control("POST", "/sessions/reconnect")
        await client.next("resumed")


async def test_op_9_resumable_makes_the_client_resume(rig: Rig) -> None:
    async with connected(rig) as client:
        await rig.control("POST", "/sessions/invalidate", resumable=True)
        await client.next("resumed")


async def test_op_9_not_resumable_makes_the_client_identify_anew(rig: Rig) -> None:
    async with connected(rig) as client:
        await rig.control("POST", "/sessions/invalidate", resumable=False)
        await client.next("ready")
    assert len(rig.entries("gateway", event="identify")) == 2


async def test_members_are_sent_in_chunks_on_request(rig: Rig) -> None:
    for name in ("ana", "bob"):
        await rig.control("POST", f"/people/{await rig.person(name)}/join")
    async with connected(rig) as client:
        members = await client.guilds[0].chunk(cache=False)
        assert {member.name for member in members} == {"ana", "bob", brand.DISCORD_BOT_USERNAME}


async def test_presence_updates_are_accepted(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with connected(rig) as client:
        await client.change_presence(status=discord.Status.idle)
        await rig.post(ana, "still there?")
        assert (await client.next("message")).content == "still there?"
