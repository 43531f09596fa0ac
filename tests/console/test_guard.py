"""Requests from elsewhere, and the headers on every answer."""

import httpx
import pytest
from fastapi import FastAPI

from console.guard import LARGEST_BODY, SECURITY_HEADERS
from storage import switches
from storage.db import Database
from tests.console.conftest import ORIGIN, Visit, browser

KILL = {"on": "true", "confirm": "yes"}


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"sec-fetch-site": "cross-site", "origin": ORIGIN},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {},
    ],
)
async def test_a_write_from_elsewhere_changes_nothing(visit: Visit, db: Database, headers: dict[str, str]) -> None:
    client = await visit("lead")
    del client.headers["sec-fetch-site"]
    answer = await client.post("/fleet/x/killed", data=KILL, headers=headers)
    assert answer.status_code == 403
    async with db.reading() as tx:
        assert not any(switch.killed for switch in await switches.all(tx))


async def test_an_old_browser_writes_by_its_origin(visit: Visit, db: Database) -> None:
    client = await visit("lead")
    del client.headers["sec-fetch-site"]
    assert (await client.post("/fleet/x/killed", data=KILL, headers={"origin": ORIGIN})).status_code == 303
    async with db.reading() as tx:
        assert [switch.platform for switch in await switches.all(tx) if switch.killed] == ["x"]


async def test_a_large_form_is_refused(visit: Visit) -> None:
    client = await visit("admin")
    answer = await client.post("/users", content=b"x" * (LARGEST_BODY + 1))
    assert answer.status_code == 413


async def test_a_form_of_unknown_length_is_refused(visit: Visit) -> None:
    client = await visit("admin")
    request = client.build_request("POST", "/users", content=b"username=x", headers={"transfer-encoding": "chunked"})
    del request.headers["content-length"]
    assert (await client.send(request)).status_code == 413


@pytest.mark.parametrize("path", ["/login", "/queue", "/cases/999", "/static/console.css", "/healthz", "/nowhere"])
async def test_every_answer_has_the_security_headers(visit: Visit, path: str) -> None:
    answer = await (await visit("viewer")).get(path)
    assert {name: answer.headers.get(name) for name in SECURITY_HEADERS} == SECURITY_HEADERS


async def test_a_fault_has_them_too_and_tells_nothing(app: FastAPI) -> None:
    @app.get("/fault")
    async def fault() -> None:
        raise RuntimeError("the secret detail")

    async with browser(app, {}) as client:
        answer = await client.get("/fault")
    assert answer.status_code == 500
    assert answer.headers["content-security-policy"] == SECURITY_HEADERS["Content-Security-Policy"]
    assert "the secret detail" not in answer.text
    assert fault.__name__ == "fault"


async def test_pages_are_not_kept_but_assets_are(visit: Visit) -> None:
    client = await visit("viewer")
    assert (await client.get("/queue")).headers["cache-control"] == "no-store"
    assert "immutable" in (await client.get("/static/console.css?v=1")).headers["cache-control"]


def test_scripts_and_styles_come_from_files_only() -> None:
    policy = SECURITY_HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy


async def test_methods_that_change_nothing_pass(stranger: httpx.AsyncClient) -> None:
    del stranger.headers["sec-fetch-site"]
    assert (await stranger.get("/login")).status_code == 200
