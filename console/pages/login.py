"""Signing in and out, and changing one's password."""

import math
from typing import Annotated

import structlog
from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from console import access
from console.access import SignedIn
from console.context import Console, Here
from console.forms import LoginForm, PasswordForm
from console.passwords import weakness
from console.screen import see_other
from console.words import NOTICES
from domain.records import UserRecord
from storage import audit, sessions, users

log = structlog.get_logger(__name__)
router = APIRouter()


@router.get("/login")
async def login_page(request: Request, console: Here, next: str = "/queue") -> Response:  # noqa: A002 the word in the address
    if await access.find_user(request, console):
        return see_other(_inside(next))
    return _login_page(console, next_page=next, notice=NOTICES.get(request.query_params.get("said", "")))


@router.post("/login")
async def login(request: Request, console: Here, form: Annotated[LoginForm, Form()]) -> Response:
    address = request.client.host if request.client else ""
    wait = console.throttle.admit(account=form.username, address=address, now=console.clock())
    if wait is not None:
        minutes = math.ceil(wait.total_seconds() / 60)
        error = f"Too many attempts. Try again in {minutes} minute{'' if minutes == 1 else 's'}."
        return _login_page(console, next_page=form.next, username=form.username, error=error, status=429)
    user = await _authenticate(console, form)
    if user is None:
        log.info("login_refused", address=address)
        error = "This user name and password do not belong together."
        return _login_page(console, next_page=form.next, username=form.username, error=error, status=401)
    console.throttle.forgive(account=form.username)
    async with console.db.transaction() as tx:
        token = await access.open_session(tx, console, user)
        await audit.add(tx, actor=user.username, verb="session.open", subject=f"user {user.id}", detail="", now=console.clock())
    response = see_other("/password" if user.must_change_password else _inside(form.next))
    access.set_cookie(response, console, token)
    return response


@router.post("/logout")
async def logout(request: Request, console: Here, user: SignedIn) -> Response:
    async with console.db.transaction() as tx:
        await sessions.revoke(tx, access.token_hash(request.cookies[access.cookie_name(console)]))
        await audit.add(
            tx, actor=user.username, verb="session.close", subject=f"user {user.id}", detail="", now=console.clock()
        )
    response = see_other("/login?said=signed-out")
    response.delete_cookie(access.cookie_name(console), path="/", secure=console.secure, httponly=True, samesite="lax")
    return response


@router.get("/password")
async def password_page(console: Here, user: SignedIn) -> Response:
    return console.pages.render("password.html", {"user": user, "error": None})


@router.post("/password")
async def change_password(console: Here, user: SignedIn, form: Annotated[PasswordForm, Form()]) -> Response:
    error = await _password_error(console, user, form)
    if error:
        return console.pages.render("password.html", {"user": user, "error": error}, status=422)
    fresh = await console.passwords.hash(form.fresh)
    async with console.db.transaction() as tx:
        await users.set_password(tx, user.id, fresh)
        await sessions.revoke_user(tx, user.id)
        token = await access.open_session(tx, console, user)
        await audit.add(
            tx, actor=user.username, verb="user.password", subject=f"user {user.id}", detail="", now=console.clock()
        )
    response = see_other("/queue?said=password")
    access.set_cookie(response, console, token)
    return response


async def _authenticate(console: Console, form: LoginForm) -> UserRecord | None:
    async with console.db.reading() as tx:
        found = await users.by_name(tx, form.username)
    user, stored = found or (None, None)
    right = await console.passwords.matches(form.password, stored)
    return user if right and user and not user.disabled else None


async def _password_error(console: Console, user: UserRecord, form: PasswordForm) -> str | None:
    if form.fresh != form.again:
        return "The two new passwords differ."
    if form.fresh == form.current:
        return "Choose a password that differs from the current one."
    weak = weakness(form.fresh, user.username)
    if weak:
        return weak
    if console.throttle.admit(account=f"change:{user.username}", address=f"change:{user.username}", now=console.clock()):
        return "Too many attempts. Try again later."
    async with console.db.reading() as tx:
        found = await users.by_name(tx, user.username)
    right = found is not None and await console.passwords.matches(form.current, found[1])
    return None if right else "The current password is wrong."


def _login_page(
    console: Console,
    *,
    next_page: str,
    username: str = "",
    error: str | None = None,
    notice: str | None = None,
    status: int = 200,
) -> Response:
    values = {"next": _inside(next_page), "username": username, "error": error, "notice": notice}
    return console.pages.render("login.html", values, status=status)


def _inside(address: str) -> str:
    """Only our own paths: a link to the login page must not lead on to somebody else's site."""
    outside = not address.startswith("/") or address.startswith(("//", "/\\")) or any(ord(letter) < 33 for letter in address)
    return "/queue" if outside else address
