"""The Bot API over HTTP: tokens, parameters in, envelopes out, and the one place where faults are put in the way."""

import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox.telegram import rules
from sandbox.telegram.errors import ApiError
from sandbox.telegram.methods import METHODS, Method
from sandbox.telegram.params import read_params
from sandbox.telegram.wire import StoredFile
from sandbox.telegram.world import TelegramWorld

_TOKEN = re.compile(r"\d+:[\w-]+")


def api_routes(world: TelegramWorld) -> list[Route]:
    async def call(request: Request) -> Response:
        method: str = request.path_params["method"]

        async def perform() -> Response:
            return await _perform(world, method, request)

        response = await _with_faults(world, method, perform)
        world.ledger.append("request", method=request.method, path=f"/{method}", status=response.status_code)
        return response

    async def download(request: Request) -> Response:
        response = _download(world, request.path_params["token"], request.path_params["path"])
        world.ledger.append("request", method=request.method, path="/file", status=response.status_code)
        return response

    return [
        Route("/bot{token}/{method}", call, methods=["GET", "POST"]),
        Route("/file/bot{token}/{path:path}", download, methods=["GET"]),
    ]


async def _with_faults(world: TelegramWorld, method: str, perform: Callable[[], Awaitable[Response]]) -> Response:
    waiting = world.faults[method.lower()]
    return await (waiting.popleft()(perform) if waiting else perform())


async def _perform(world: TelegramWorld, method: str, request: Request) -> Response:
    try:
        check_token(world, request.path_params["token"])
        result = await _method(method)(world, await read_params(request))
    except ApiError as refusal:
        return JSONResponse(refusal.body(), status_code=refusal.status)
    return JSONResponse({"ok": True, "result": result})


def _method(name: str) -> Method:
    try:
        return METHODS[name.lower()]
    except KeyError:
        raise ApiError(404, "Not Found: method not found") from None


def check_token(world: TelegramWorld, token: str) -> None:
    """A malformed token is no such page; a well-formed wrong one is unauthorised."""
    if not _TOKEN.fullmatch(token):
        raise ApiError(404, "Not Found")
    if token != world.token:
        raise ApiError(401, "Unauthorized")


def _download(world: TelegramWorld, token: str, path: str) -> Response:
    try:
        check_token(world, token)
        file = _file_at(world, path)
    except ApiError as refusal:
        return JSONResponse(refusal.body(), status_code=refusal.status)
    return Response(rules.file_bytes(path.partition("-")[2]), media_type=file.mime)


def _file_at(world: TelegramWorld, path: str) -> StoredFile:
    for file in world.files.values():
        if file.path == path:
            return file
    raise ApiError(404, "Not Found")
