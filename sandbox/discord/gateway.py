"""The gateway: one WebSocket a client, version 10, JSON encoding, zlib-stream compression when asked for."""

import asyncio
import json
import time
import zlib
from collections import deque
from collections.abc import Callable
from typing import Any, Final

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from sandbox import brand
from sandbox.discord import render, rules
from sandbox.discord.render import Json
from sandbox.discord.session import Close, Outbox, Session
from sandbox.discord.world import DiscordWorld

_HEARTBEAT, _IDENTIFY, _PRESENCE, _VOICE, _RESUME, _REQUEST_MEMBERS = 1, 2, 3, 4, 6, 8
_INVALID_SESSION, _HELLO, _HEARTBEAT_ACK = 9, 10, 11
_HEARTBEAT_GRACE: Final = 1.5
_CHUNK: Final = 1000


def routes(world: DiscordWorld) -> list[WebSocketRoute]:
    async def gateway(socket: WebSocket) -> None:
        await _Connection(world, socket).run()

    return [WebSocketRoute("/gateway", gateway), WebSocketRoute("/gateway/", gateway)]


class _Closed(Exception):
    """This side ends the connection with `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class _Connection:
    """One socket from HELLO to its end. Reading happens here, writing in a task fed by the outbox, so that order is kept."""

    def __init__(self, world: DiscordWorld, socket: WebSocket) -> None:
        self._world = world
        self._socket = socket
        self._outbox: Outbox = asyncio.Queue()
        self._session: Session | None = None
        self._last_beat = time.monotonic()
        self._received: deque[float] = deque(maxlen=rules.GATEWAY_SENDS[0] + 1)
        self._handlers: dict[int, Callable[[Any], None]] = {
            _HEARTBEAT: self._beat,
            _IDENTIFY: self._identify,
            _RESUME: self._resume,
            _PRESENCE: self._ignore,
            _VOICE: self._ignore,
            _REQUEST_MEMBERS: self._request_members,
        }

    async def run(self) -> None:
        await self._socket.accept()
        self._send(_HELLO, {"heartbeat_interval": self._world.heartbeat_ms, "_trace": []})
        writer = asyncio.create_task(self._write())
        code: int | None = None
        try:
            while True:
                self._handle(await self._receive())
        except _Closed as closed:
            code = closed.code
            self._outbox.put_nowait(Close(closed.code))
            await writer
        except WebSocketDisconnect as gone:
            code = gone.code
        finally:
            writer.cancel()
            self._detach(code)

    def _detach(self, code: int | None) -> None:
        """The socket is gone. A client that closed with 1000 or 1001 has ended its session as well."""
        self._world.ledger.append("gateway", event="close", code=code)
        session = self._session
        if session and session.outbox is self._outbox:
            session.outbox = None
        if session and code in (1000, 1001):
            self._world.sessions.pop(session.id, None)

    # Writing

    def _send(self, op: int, data: object = None) -> None:
        self._outbox.put_nowait({"op": op, "t": None, "s": None, "d": data})

    async def _write(self) -> None:
        # Anything but zlib-stream is answered in plain text frames, which clients accept whatever they asked for.
        stream = zlib.compressobj() if self._socket.query_params.get("compress") == "zlib-stream" else None
        while True:
            item = await self._outbox.get()
            if isinstance(item, Close):
                await self._socket.close(item.code)
                return
            text = json.dumps(item, ensure_ascii=False)
            try:
                if stream:
                    await self._socket.send_bytes(stream.compress(text.encode()) + stream.flush(zlib.Z_SYNC_FLUSH))
                else:
                    await self._socket.send_text(text)
            except WebSocketDisconnect:
                return
            if item["t"] == "MESSAGE_CREATE":
                self._world.ledger.append("delivered", ids=[item["d"]["id"]])

    # Reading

    async def _receive(self) -> Json:
        allowed_s = self._world.heartbeat_ms / 1000 * _HEARTBEAT_GRACE
        try:
            async with asyncio.timeout(self._last_beat + allowed_s - time.monotonic()):
                message = await self._socket.receive()
        except TimeoutError:
            raise _Closed(4009) from None
        if message["type"] == "websocket.disconnect" or self._socket.application_state is WebSocketState.DISCONNECTED:
            raise WebSocketDisconnect(message.get("code") or 1006)
        return self._decode(message.get("text") or message.get("bytes") or "")

    def _decode(self, frame: str | bytes) -> Json:
        self._received.append(time.monotonic())
        most, per_s = rules.GATEWAY_SENDS
        if len(self._received) > most and self._received[-1] - self._received[0] < per_s:
            raise _Closed(4008)
        if len(frame) > rules.MAX_GATEWAY_BYTES:
            raise _Closed(4002)
        try:
            payload = json.loads(frame)
        except ValueError:
            raise _Closed(4002) from None
        if not isinstance(payload, dict):
            raise _Closed(4002)
        return payload  # pyright: ignore[reportUnknownVariableType] - JSON

    def _handle(self, payload: Json) -> None:
        op = payload.get("op")
        handler = self._handlers.get(op) if isinstance(op, int) else None
        if handler is None:
            raise _Closed(4001)
        if op in (_IDENTIFY, _RESUME) and self._session:
            raise _Closed(4005)
        if op not in (_HEARTBEAT, _IDENTIFY, _RESUME) and not self._session:
            raise _Closed(4003)
        data = payload.get("d")
        if op != _HEARTBEAT and not isinstance(data, dict):
            raise _Closed(4002)
        handler(data)

    def _beat(self, _: object) -> None:
        self._last_beat = time.monotonic()
        self._world.ledger.append("gateway", event="heartbeat")
        self._send(_HEARTBEAT_ACK)

    def _ignore(self, data: Json) -> None:
        """Presence and voice state are accepted; nobody here looks at them."""

    # Sessions

    def _identify(self, data: Json) -> None:
        self._world.ledger.append("gateway", event="identify")
        if data.get("token") != brand.DISCORD_TOKEN:
            raise _Closed(4004)
        if refusal := rules.intents_close_code(data.get("intents"), self._world.granted_intents):
            raise _Closed(refusal)
        now = time.monotonic()
        last = self._world.identified[-1] if self._world.identified else None
        if last is not None and now - last < self._world.identify_every_s:
            self._send(_INVALID_SESSION, False)
            return
        self._world.identified.append(now)
        self._session = self._world.open_session(int(data["intents"]), self._outbox)
        self._welcome(self._session, int(data.get("large_threshold") or 50))

    def _welcome(self, session: Session, large_threshold: int) -> None:
        world = self._world
        ready: Json = {
            "v": 10,
            "user": render.own_user(world.bot),
            "guilds": [{"id": brand.DISCORD_GUILD_ID, "unavailable": True}],
            "session_id": session.id,
            "resume_gateway_url": world.gateway_url,
            "application": {"id": brand.DISCORD_APPLICATION_ID, "flags": world.application_flags},
            "shard": [0, 1],
        }
        session.dispatch("READY", ready)
        if not session.intents & rules.GUILDS:
            return
        members = world.members() if session.intents & rules.GUILD_MEMBERS else [world.bot]
        large = len(world.members()) > large_threshold
        guild: Json = render.guild() | {
            "joined_at": world.bot.joined_at.isoformat() if world.bot.joined_at else None,
            "large": large,
            "unavailable": False,
            "member_count": len(world.members()),
            "members": [render.member(person) for person in members[:large_threshold]],
            "channels": [render.channel(channel, place) for place, channel in enumerate(world.channels.values())],
            **{name: [] for name in ("voice_states", "threads", "presences", "stage_instances", "guild_scheduled_events")},
        }
        session.dispatch("GUILD_CREATE", guild)

    def _resume(self, data: Json) -> None:
        self._world.ledger.append("gateway", event="resume")
        if data.get("token") != brand.DISCORD_TOKEN:
            raise _Closed(4004)
        session = self._world.sessions.get(str(data.get("session_id")))
        if session is None:
            self._send(_INVALID_SESSION, False)
            return
        outcome = session.resume(data["seq"] if isinstance(data.get("seq"), int) else -1, self._outbox)
        if outcome == "resumed":
            self._session = session
            return
        self._world.sessions.pop(session.id)
        if outcome == "bad sequence":
            raise _Closed(4007)
        self._send(_INVALID_SESSION, False)

    def _request_members(self, data: Json) -> None:
        session = self._session
        if session is None or not session.intents & rules.GUILD_MEMBERS:
            return
        wanted = set(map(str, data.get("user_ids") or ()))
        query = str(data.get("query") or "").casefold()
        found = [
            render.member(person)
            for person in self._world.members()
            if (person.id in wanted if wanted else person.username.casefold().startswith(query))
        ]
        found = found[: int(data.get("limit") or len(found))]
        chunks = [found[start : start + _CHUNK] for start in range(0, len(found), _CHUNK)] or [[]]
        for index, chunk in enumerate(chunks):
            facts: Json = {
                "guild_id": brand.DISCORD_GUILD_ID,
                "members": chunk,
                "chunk_index": index,
                "chunk_count": len(chunks),
            }
            nonce = {"nonce": data["nonce"]} if data.get("nonce") else {}
            session.dispatch("GUILD_MEMBERS_CHUNK", facts | nonce)
