"""The endpoints of the API, one row each, and what every request must pass: credentials, then the rate limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.x import auth, people, posts, stream, timelines
from sandbox.x.call import Call
from sandbox.x.problems import TOO_MANY_REQUESTS, Problem, Rejected
from sandbox.x.world import XWorld

Handler = Callable[[Call], Awaitable[Response]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """`app` and `user` are requests per 15 minutes with a bearer token and as a user; None: not allowed that way."""

    method: str
    path: str
    handler: Handler
    app: int | None
    user: int | None


def routes(world: XWorld) -> list[Route]:
    return [Route(row.path, _admit(world, row), methods=[row.method]) for row in ENDPOINTS]


def _admit(world: XWorld, row: Endpoint) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        headers: dict[str, str] = {}
        try:
            caller = auth.caller(world, request, app=row.app is not None, user=row.user is not None)
            limit = (row.user if caller else row.app) or 0
            allowance = world.limiter.count(f"{row.method} {row.path}", caller.id if caller else "app", limit)
            headers = allowance.headers()
            call = Call(world=world, request=request, caller=caller)
            response = _problem(TOO_MANY_REQUESTS) if allowance.exceeded else await row.handler(call)
        except Rejected as rejected:
            response = _problem(rejected.problem)
        response.headers.update(headers)
        return response

    return endpoint


def _problem(problem: Problem) -> JSONResponse:
    return JSONResponse(problem.body(), problem.status, media_type="application/problem+json")


ENDPOINTS = (
    Endpoint(method="GET", path="/2/users/me", handler=people.me, app=None, user=75),
    Endpoint(method="GET", path="/2/users/by", handler=people.users_by_usernames, app=300, user=900),
    Endpoint(method="GET", path="/2/users/by/username/{username}", handler=people.user_by_username, app=300, user=900),
    Endpoint(method="GET", path="/2/users", handler=people.users_by_ids, app=300, user=900),
    Endpoint(method="GET", path="/2/users/{id}", handler=people.user_by_id, app=300, user=900),
    Endpoint(method="GET", path="/2/users/{id}/mentions", handler=timelines.mentions, app=450, user=300),
    Endpoint(method="GET", path="/2/users/{id}/tweets", handler=timelines.timeline, app=10_000, user=900),
    Endpoint(method="POST", path="/2/tweets", handler=posts.create_post, app=None, user=100),
    Endpoint(method="GET", path="/2/tweets", handler=posts.posts_by_ids, app=3500, user=5000),
    Endpoint(method="GET", path="/2/tweets/search/recent", handler=timelines.search_recent, app=450, user=300),
    Endpoint(method="GET", path="/2/tweets/search/stream", handler=stream.read_stream, app=50, user=None),
    Endpoint(method="GET", path="/2/tweets/search/stream/rules", handler=stream.list_rules, app=450, user=None),
    Endpoint(method="POST", path="/2/tweets/search/stream/rules", handler=stream.change_rules, app=100, user=None),
    Endpoint(method="GET", path="/2/tweets/{id}", handler=posts.post_by_id, app=450, user=900),
    Endpoint(method="DELETE", path="/2/tweets/{id}", handler=posts.delete_post, app=None, user=50),
)
