"""Where every request passes: faults are applied here and every answer is written to the ledger."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.x.world import Fault, XWorld


class Gate:
    """ASGI middleware. A fault replaces an answer, before or after the request had its effect."""

    def __init__(self, app: ASGIApp, world: XWorld) -> None:
        self._app = app
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", "")) if scope["type"] == "http" else ""
        if not path.startswith("/2/"):
            await self._app(scope, receive, send)
            return

        async def note(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._world.ledger.append("request", method=scope["method"], path=path, status=message["status"])
            await send(message)

        fault = self._take_fault(scope["method"], path)
        if fault:
            await self._fail(fault, scope, receive, note)
        else:
            await self._app(scope, receive, note)

    def _take_fault(self, method: str, path: str) -> Fault | None:
        faults = self._world.faults
        fault = next((fault for fault in faults if fault.method == method and path.endswith(fault.path_end)), None)
        if fault:
            faults.remove(fault)
        return fault

    async def _fail(self, fault: Fault, scope: Scope, receive: Receive, send: Send) -> None:
        if fault.after_effect:
            await self._app(scope, receive, _nowhere)
        await asyncio.sleep(fault.delay_s)
        headers = [(b"content-type", fault.content_type.encode()), *((n.encode(), v.encode()) for n, v in fault.headers)]
        await send({"type": "http.response.start", "status": fault.status, "headers": headers})
        await send({"type": "http.response.body", "body": fault.body})


async def _nowhere(_: Message) -> None:
    """The answer is lost on its way."""
