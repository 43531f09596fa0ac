"""Who may use the console."""

from typing import Annotated

from fastapi import APIRouter, Form, HTTPException, Request
from starlette.responses import Response

from console.access import ROLES, Admin
from console.context import Here
from console.forms import DisabledForm, Id, NewUserForm, RoleForm
from console.passwords import readable_password
from console.screen import see_other, show
from console.verdicts import NotFound
from domain.records import UserRecord
from storage import audit, sessions, users
from storage.db import Tx

router = APIRouter()


@router.get("/users")
async def users_page(request: Request, console: Here, user: Admin) -> Response:
    return await _show_users(request, console, user)


@router.post("/users")
async def add_user(request: Request, console: Here, user: Admin, form: Annotated[NewUserForm, Form()]) -> Response:
    password = readable_password()
    hashed = await console.passwords.hash(password)
    now = console.clock()
    async with console.db.transaction() as tx:
        if await users.by_name(tx, form.username):
            taken = True
        else:
            taken = False
            await users.add(tx, form.username, hashed, form.role, must_change=True, now=now)
            await audit.add(tx, actor=user.username, verb="user.add", subject=form.username, detail=form.role, now=now)
    if taken:
        return await _show_users(request, console, user, error=f"There is already a user named {form.username}.", status=409)
    return await _show_users(request, console, user, fresh=(form.username, password))


@router.post("/users/{user_id}/role")
async def set_role(console: Here, user: Admin, user_id: Id, form: Annotated[RoleForm, Form()]) -> Response:
    async with console.db.transaction() as tx:
        other = await _other(tx, user, user_id)
        await users.set_role(tx, user_id, form.role)
        detail, now = f"{other.role} -> {form.role}", console.clock()
        await audit.add(tx, actor=user.username, verb="user.role", subject=other.username, detail=detail, now=now)
    return see_other("/users?said=saved")


@router.post("/users/{user_id}/disabled")
async def set_disabled(console: Here, user: Admin, user_id: Id, form: Annotated[DisabledForm, Form()]) -> Response:
    async with console.db.transaction() as tx:
        other = await _other(tx, user, user_id)
        await users.set_disabled(tx, user_id, form.disabled)
        await sessions.revoke_user(tx, user_id)
        verb = "user.disable" if form.disabled else "user.enable"
        await audit.add(tx, actor=user.username, verb=verb, subject=other.username, detail="", now=console.clock())
    return see_other("/users?said=saved")


@router.post("/users/{user_id}/password")
async def reset_password(request: Request, console: Here, user: Admin, user_id: Id) -> Response:
    password = readable_password()
    hashed = await console.passwords.hash(password)
    async with console.db.transaction() as tx:
        other = await _other(tx, user, user_id)
        await users.set_password(tx, user_id, hashed, must_change=True)
        await sessions.revoke_user(tx, user_id)
        await audit.add(tx, actor=user.username, verb="user.reset", subject=other.username, detail="", now=console.clock())
    return await _show_users(request, console, user, fresh=(other.username, password))


async def _other(tx: Tx, admin: UserRecord, user_id: int) -> UserRecord:
    """Somebody else's row: an admin who changed his own could leave nobody who can let him in again."""
    found = next((other for other in await users.all(tx) if other.id == user_id), None)
    if found is None:
        raise NotFound
    if found.id == admin.id:
        raise HTTPException(409, "You cannot change your own role or access; ask another admin.")
    return found


async def _show_users(
    request: Request,
    console: Here,
    user: UserRecord,
    *,
    fresh: tuple[str, str] | None = None,
    error: str | None = None,
    status: int = 200,
) -> Response:
    """`fresh`: a user name and the first password, shown this once."""
    async with console.db.reading() as tx:
        rows = await users.all(tx)
    return await show(request, console, user, "users.html", status=status, rows=rows, roles=ROLES, fresh=fresh, error=error)
