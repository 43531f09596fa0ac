"""What the local gateway refuses, seen on a bare socket."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from sandbox import brand
from sandbox.discord import rules
from tests.sandbox.discord_rig import Rig, running

INTENTS = rules.GUILDS | rules.GUILD_MESSAGES


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


@asynccontextmanager
async def socket(rig: Rig) -> AsyncGenerator[aiohttp.ClientWebSocketResponse]:
    async with rig.http.ws_connect(rig.url.replace("http", "ws") + "/gateway?v=10&encoding=json") as socket:
        assert (await socket.receive_json())["op"] == 10
        yield socket


async def event(socket: aiohttp.ClientWebSocketResponse, name: str) -> dict[str, Any]:
    async with asyncio.timeout(30):
        while True:
            payload = await socket.receive_json()
            if payload["t"] == name:
                return payload


async def close_code(socket: aiohttp.ClientWebSocketResponse) -> int | None:
    async with asyncio.timeout(30):
        async for _ in socket:
            pass
    return socket.close_code


def identify(**changes: Any) -> dict[str, Any]:
    return {"op": 2, "d": {"token": brand.DISCORD_TOKEN, "intents": INTENTS, "properties": {}} | changes}


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (identify(token="wrong"), 4004),
        (identify(intents=1 << 40), 4013),
        (identify(intents="all"), 4013),
        ({"op": 3, "d": {}}, 4003),
        ({"op": 99, "d": {}}, 4001),
        ({"op": 2, "d": None}, 4002),
        ({"op": 3, "d": {"padding": "x" * 5000}}, 4002),
    ],
)
async def test_wrong_payloads_close_the_socket(rig: Rig, payload: dict[str, Any], code: int) -> None:
    async with socket(rig) as ws:
        await ws.send_json(payload)
        assert await close_code(ws) == code


async def test_a_privileged_intent_that_was_not_granted_closes_with_4014(rig: Rig) -> None:
    await rig.control("POST", "/settings", granted_intents=["members"])
    async with socket(rig) as ws:
        await ws.send_json(identify(intents=INTENTS | rules.MESSAGE_CONTENT))
        assert await close_code(ws) == 4014


async def test_identifying_twice_closes_with_4005(rig: Rig) -> None:
    async with socket(rig) as ws:
        await ws.send_json(identify())
        await ws.send_json(identify())
        assert await close_code(ws) == 4005


async def test_a_silent_client_is_closed_with_4009(rig: Rig) -> None:
    await rig.control("POST", "/settings", heartbeat_ms=100)
    async with socket(rig) as ws:
        assert await close_code(ws) == 4009


async def test_a_heartbeat_is_acknowledged(rig: Rig) -> None:
    async with socket(rig) as ws:
        await ws.send_json({"op": 1, "d": None})
        assert (await ws.receive_json())["op"] == 11


async def test_a_sequence_from_the_future_closes_with_4007(rig: Rig) -> None:
    async with socket(rig) as ws:
        await ws.send_json(identify())
        session_id = (await event(ws, "READY"))["d"]["session_id"]
        await ws.close(code=4000)
    async with socket(rig) as ws:
        await ws.send_json({"op": 6, "d": {"token": brand.DISCORD_TOKEN, "session_id": session_id, "seq": 10_000}})
        assert await close_code(ws) == 4007


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_session_ends_when_the_client_closes_properly(rig: Rig, code: int) -> None:
    async with socket(rig) as ws:
        await ws.send_json(identify())
        ready = await event(ws, "READY")
        await ws.close(code=code)
    async with socket(rig) as ws:
        await ws.send_json(
            {"op": 6, "d": {"token": brand.DISCORD_TOKEN, "session_id": ready["d"]["session_id"], "seq": ready["s"]}}
        )
        assert await ws.receive_json() == {"op": 9, "t": None, "s": None, "d": False}


async def test_identifying_too_fast_is_answered_with_op_9() -> None:
    async with running(identify_every_s=60) as rig:
        async with socket(rig) as ws:
            await ws.send_json(identify())
            await event(ws, "READY")
        async with socket(rig) as ws:
            await ws.send_json(identify())
            assert (await ws.receive_json())["op"] == 9


async def test_more_than_120_payloads_a_minute_close_with_4008(rig: Rig) -> None:
    async with socket(rig) as ws:
        for _ in range(121):
            await ws.send_str(json.dumps({"op": 1, "d": None}))
        assert await close_code(ws) == 4008


async def test_text_is_hidden_without_the_content_intent(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with socket(rig) as ws:
        await ws.send_json(identify())
        await event(ws, "GUILD_CREATE")
        await rig.post(ana, "my phrase is ...")
        assert (await event(ws, "MESSAGE_CREATE"))["d"]["content"] == ""


async def test_text_that_mentions_the_bot_is_readable_without_the_content_intent(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with socket(rig) as ws:
        await ws.send_json(identify())
        await event(ws, "GUILD_CREATE")
        await rig.post(ana, f"<@{brand.DISCORD_BOT_ID}> help")
        assert (await event(ws, "MESSAGE_CREATE"))["d"]["content"] == f"<@{brand.DISCORD_BOT_ID}> help"


async def test_members_stay_unseen_without_their_intent(rig: Rig) -> None:
    ana = await rig.person("ana")
    async with socket(rig) as ws:
        await ws.send_json(identify())
        await event(ws, "GUILD_CREATE")
        await rig.post(ana, "hello")
        assert (await ws.receive_json())["t"] == "MESSAGE_CREATE"
