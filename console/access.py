"""Who may open what: sessions as revocable rows, and the least role a page asks for, said in its signature."""

import hashlib
import secrets
from dataclasses import dataclass
from typing import Annotated, get_args

from fastapi import Depends, HTTPException, Request
from starlette.responses import Response

from console.context import Console, Here
from domain.records import Role, UserRecord
from storage import sessions
from storage.db import Tx

ROLES: tuple[Role, ...] = get_args(Role)
"""Least first."""


class LoginNeeded(Exception):
    """Nobody is signed in, or the session ended."""


class PasswordChangeNeeded(Exception):
    """The user still has a password that somebody else chose."""


def cookie_name(console: Console) -> str:
    """The `__Host-` prefix pins the cookie to this host, but browsers take it over TLS only."""
    return "__Host-fleetwatch" if console.secure else "fleetwatch"


async def open_session(tx: Tx, console: Console, user: UserRecord) -> str:
    """Returns the new session's token; only its hash is stored."""
    token = secrets.token_urlsafe(32)
    now = console.clock()
    await sessions.add(tx, token_hash(token), user.id, now + console.session, now)
    return token


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def set_cookie(response: Response, console: Console, token: str) -> None:
    response.set_cookie(
        cookie_name(console),
        token,
        max_age=int(console.session.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=console.secure,
        path="/",
    )


async def find_user(request: Request, console: Console) -> UserRecord | None:
    """The signed-in user of a live session. Read on every request, so a revoked session or a lower role acts at once."""
    token = request.cookies.get(cookie_name(console))
    if not token:
        return None
    async with console.db.reading() as tx:
        user = await sessions.find(tx, token_hash(token), console.clock())
    return None if user is None or user.disabled else user


async def _signed_in(request: Request, console: Here) -> UserRecord:
    user = await find_user(request, console)
    if user is None:
        raise LoginNeeded
    return user


SignedIn = Annotated[UserRecord, Depends(_signed_in)]


@dataclass(frozen=True, slots=True, kw_only=True)
class AtLeast:
    """A dependency that lets users of a role, or a higher one, through."""

    role: Role

    def __call__(self, user: SignedIn) -> UserRecord:
        if user.must_change_password:
            raise PasswordChangeNeeded
        if not may(user, self.role):
            raise HTTPException(403, f"This needs the role {self.role}; you are {user.role}.")
        return user


def may(user: UserRecord, role: Role) -> bool:
    return ROLES.index(user.role) >= ROLES.index(role)


Viewer = Annotated[UserRecord, Depends(AtLeast(role="viewer"))]
Reviewer = Annotated[UserRecord, Depends(AtLeast(role="reviewer"))]
Lead = Annotated[UserRecord, Depends(AtLeast(role="lead"))]
Admin = Annotated[UserRecord, Depends(AtLeast(role="admin"))]
