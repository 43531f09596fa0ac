"""The CDN: avatars and attachments as small pictures drawn from their hash."""

import hashlib
import struct
import zlib

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sandbox.discord.world import DiscordWorld

_SIDE = 8
_CELL = 8


def routes(_: DiscordWorld) -> list[Route]:
    return [
        Route("/cdn/avatars/{user_id}/{name}.png", _picture),
        Route("/cdn/embed/avatars/{name}.png", _picture),
        Route("/cdn/attachments/{channel_id}/{attachment_id}/{name}", _picture),
    ]


def _picture(request: Request) -> Response:
    return Response(draw(request.path_params["name"]), media_type="image/png")


def draw(seed: str) -> bytes:
    """A 64 x 64 PNG of coloured cells; the same seed gives the same bytes."""
    digest = hashlib.sha256(seed.encode()).digest()
    colours = (bytes(digest[0:3]), bytes(digest[3:6]))
    rows = [b"".join(colours[digest[6 + y] >> x & 1] * _CELL for x in range(_SIDE)) for y in range(_SIDE)]
    pixels = b"".join((b"\x00" + row) * _CELL for row in rows)
    size = _SIDE * _CELL
    header = struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)
    chunks = (_chunk(b"IHDR", header), _chunk(b"IDAT", zlib.compress(pixels)), _chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
