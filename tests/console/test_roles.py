"""Who may do what: every route of the console against every role."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi.routing import APIRoute

from console.access import ROLES
from console.app import PAGES
from domain.records import Role
from tests.console.conftest import Visit

PUBLIC = {"GET /login", "POST /login", "GET /healthz", "GET /readyz", "GET /metrics"}
SIGNED_IN = {"POST /logout", "GET /password", "POST /password"}

LEAST: dict[str, Role] = {
    "GET /": "viewer",
    "GET /queue": "viewer",
    "GET /queue/changes": "viewer",
    "GET /cases/{mention_id}": "viewer",
    "GET /tickets": "viewer",
    "GET /flags": "viewer",
    "GET /mentions": "viewer",
    "GET /quarantine": "viewer",
    "GET /decisions": "viewer",
    "GET /fleet": "viewer",
    "GET /quality": "viewer",
    "GET /events": "viewer",
    "POST /reviews/claim": "reviewer",
    "POST /reviews/{review_id}/claim": "reviewer",
    "POST /reviews/{review_id}/release": "reviewer",
    "POST /reviews/{review_id}/decide": "reviewer",
    "POST /reviews/{review_id}/label": "reviewer",
    "POST /reviews/{review_id}/undo": "reviewer",
    "POST /reviews/{review_id}/resolve": "reviewer",
    "POST /tickets/{ticket_id}/state": "reviewer",
    "POST /tickets/{ticket_id}/assign": "reviewer",
    "POST /mentions/{mention_id}/retry": "lead",
    "POST /fleet/{platform}/killed": "lead",
    "POST /fleet/{platform}/live": "lead",
    "GET /users": "admin",
    "POST /users": "admin",
    "POST /users/{user_id}/role": "admin",
    "POST /users/{user_id}/disabled": "admin",
    "POST /users/{user_id}/password": "admin",
}

FORMS = {
    "POST /reviews/claim": {"chosen": "999"},
    "POST /reviews/{review_id}/decide": {"choice": "ignore", "reason": "Not for us"},
    "POST /reviews/{review_id}/resolve": {"fate": "leave"},
    "POST /tickets/{ticket_id}/state": {"state": "solved"},
    "POST /fleet/{platform}/killed": {"on": "true", "confirm": "yes"},
    "POST /fleet/{platform}/live": {"on": "true", "confirm": "yes"},
    "POST /users": {"username": "newcomer", "role": "viewer"},
    "POST /users/{user_id}/role": {"role": "viewer"},
    "POST /users/{user_id}/disabled": {"disabled": "true"},
    "POST /password": {"current": "x", "fresh": "y", "again": "z"},
}

# An open stream never ends by itself: its role is checked below without reading it.
ASKED = sorted(set(LEAST) - {"GET /events"})


def routes() -> Iterator[str]:
    for page in PAGES:
        for route in page.router.routes:
            assert isinstance(route, APIRoute)
            yield from (f"{method} {route.path}" for method in route.methods or ())


def test_every_route_has_its_role_in_this_table() -> None:
    assert set(routes()) == PUBLIC | SIGNED_IN | set(LEAST)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_opens_what_it_may_and_nothing_else(visit: Visit, role: Role) -> None:
    client = await visit(role)
    answers = {route: (await ask(client, route)).status_code for route in ASKED}
    allowed = {route for route in ASKED if ROLES.index(role) >= ROLES.index(LEAST[route])}
    assert {route for route, status in answers.items() if status != 403} == allowed
    assert not {route: status for route, status in answers.items() if status >= 500}


async def test_a_stranger_is_sent_to_the_login(stranger: httpx.AsyncClient) -> None:
    for route in (*ASKED, *SIGNED_IN):
        answer = await ask(stranger, route)
        assert answer.status_code == 303, route
        assert answer.headers["location"].startswith("/login"), route


async def test_a_stranger_gets_no_stream(stranger: httpx.AsyncClient) -> None:
    assert (await stranger.get("/events")).status_code == 401


async def test_probes_are_open(stranger: httpx.AsyncClient) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/login"):
        assert (await stranger.get(path)).status_code == 200, path


async def ask(client: httpx.AsyncClient, route: str) -> httpx.Response:
    method, path = route.split(" ")
    for name in ("mention_id", "review_id", "ticket_id", "user_id"):
        path = path.replace(f"{{{name}}}", "999")
    return await client.request(method, path.replace("{platform}", "x"), data=FORMS.get(route, {}))
