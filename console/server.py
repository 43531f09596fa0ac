"""uvicorn for the console: it ends the open event streams before it waits for connections to close."""

import socket

import uvicorn
from fastapi import FastAPI

GRACE_S = 5


class ConsoleServer(uvicorn.Server):
    """A shutdown never hangs on a browser that listens."""

    def __init__(self, app: FastAPI, *, host: str, port: int) -> None:
        self._live = app.state.console.live
        config = uvicorn.Config(
            app, host=host, port=port, log_config=None, access_log=False, timeout_graceful_shutdown=GRACE_S, server_header=False
        )
        super().__init__(config)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._live.close()
        await super().shutdown(sockets)
