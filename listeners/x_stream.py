"""X's filtered stream: an own reader, because one malformed line ends tweepy's for good. It reconnects for ever."""

import asyncio
import json
import random
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import aclosing
from typing import Any

import aiohttp
import structlog

from listeners.x_posts import FIELDS, Listed, listed
from platforms.x import Failure, Json, XAccess, XFailed, XSession, as_list, as_object, as_string

log = structlog.get_logger(__name__)

_STREAM = "https://api.twitter.com/2/tweets/search/stream"
_TAG = "fleetwatch"
_SILENCE_S = 30.0
"""X sends an empty line every 20 s: a stream silent for longer is dead."""
_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=10, sock_connect=10, sock_read=_SILENCE_S)
_MAX_LINE = 1_000_000


async def posts(access: XAccess, session: XSession) -> AsyncGenerator[Listed]:
    """Posts that match the rules, for ever. What cannot be read comes as a post without an id."""
    failures = 0
    while True:
        try:
            await _keep_rules(access, session)
            async with aclosing(_lines(access, session)) as lines:
                async for line in lines:
                    failures = 0
                    for post in _read(line):
                        yield post
            failure = Failure(status=None, connected=True, reason="X closed the stream")
        except XFailed as failed:
            failure = failed.failure
        failures += 1
        wait_s = reconnect_wait(failure, failures) * random.uniform(1, 1.2)
        log.warning("x_stream_lost", status=failure.status, failures=failures, wait_s=round(wait_s, 1))
        await asyncio.sleep(wait_s)


def reconnect_wait(failure: Failure, failures: int) -> float:
    """Seconds, by X's rules: a lost connection at once, then +250 ms up to 16 s; HTTP errors 5 to 320 s; 429 60 s, doubling."""
    if failure.status is None:
        return min(0.25 * (failures - 1), 16.0)
    doubled = 2.0 ** min(failures - 1, 10)
    if failure.status == 429:
        return max(min(60.0 * doubled, 960.0), failure.wait_s)
    return min(5.0 * doubled, 320.0)


async def _lines(access: XAccess, session: XSession) -> AsyncGenerator[bytes]:
    params = {name.replace("_fields", ".fields"): ",".join(values) for name, values in FIELDS.items()}
    headers = {"Authorization": f"Bearer {access.bearer_token}"}
    async with session.open("GET", _STREAM, params=params, headers=headers, timeout=_TIMEOUT) as response:
        log.info("x_stream_connected")
        async for line in split_lines(response.content.iter_any()):
            yield line


async def split_lines(chunks: AsyncIterable[bytes]) -> AsyncGenerator[bytes]:
    """Lines without their ends, empty ones left out. A line that never ends is cut at a megabyte."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if line.strip():
                yield line.strip()
        if len(rest) > _MAX_LINE:
            yield rest
            rest = b""


def _read(line: bytes) -> list[Listed]:
    try:
        found: object = json.loads(line)
    except ValueError:
        text = line.decode(errors="replace")
        return [Listed(key=text, post=text, includes={})]
    answer = as_object(found)
    if "errors" in answer and "data" not in answer:
        log.warning("x_stream_trouble")
        return []
    return listed(answer) or [Listed(key="", post=found, includes={})]


async def _keep_rules(access: XAccess, session: XSession) -> None:
    """Make the rules that carry our tag be those we want; other rules are not ours to touch."""
    rules = [as_object(rule) for rule in as_list((await _rules(access, session, "GET")).get("data"))]
    ours = {as_string(rule.get("value")): as_string(rule.get("id")) for rule in rules if rule.get("tag") == _TAG}
    stale = [rule_id for value, rule_id in ours.items() if value not in access.stream_rules]
    missing = [{"value": value, "tag": _TAG} for value in access.stream_rules if value not in ours]
    if stale:
        await _rules(access, session, "POST", {"delete": {"ids": stale}})
    if missing:
        await _rules(access, session, "POST", {"add": missing})


async def _rules(access: XAccess, session: XSession, method: str, body: Json | None = None) -> Json:
    headers = {"Authorization": f"Bearer {access.bearer_token}"}
    async with session.request(method, f"{_STREAM}/rules", json=body, headers=headers) as response:
        answer: Any = await response.json()
        return as_object(answer)
