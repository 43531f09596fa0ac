"""What every page is handed: one value made in `console.app`, reached through `Here`."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import Depends, Request
from prometheus_client import CollectorRegistry

from console.live import Live
from console.passwords import Passwords
from console.render import Pages
from console.throttle import Throttle
from storage.db import Database
from triage.policy import Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Console:
    """The console's parts. `clock` gives the moment in UTC; every write takes it as an argument."""

    db: Database
    policy: Policy
    pages: Pages
    live: Live
    passwords: Passwords
    throttle: Throttle
    registry: CollectorRegistry
    clock: Callable[[], datetime]
    undo: timedelta
    """How long a decided reply waits before it may be sent."""
    claim: timedelta
    """How long a claimed review stays with its reviewer."""
    session: timedelta
    public_url: str
    new_reference: Callable[[], str]
    """A fresh public ticket reference."""

    @property
    def secure(self) -> bool:
        """The browser reaches us over TLS, so cookies may be marked Secure."""
        return self.public_url.startswith("https:")


def _console(request: Request) -> Console:
    return cast("Console", request.app.state.console)


Here = Annotated[Console, Depends(_console)]
