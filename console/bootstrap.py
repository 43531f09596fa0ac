"""The first user of a fresh console."""

from datetime import datetime

from console.passwords import Passwords, readable_password
from storage import audit, users
from storage.db import Database

FIRST_USER = "admin"


async def ensure_first_user(db: Database, now: datetime) -> tuple[str, str] | None:
    """Makes the first admin when there are no users. Returns name and password, to be printed now: only a hash is kept."""
    async with db.reading() as tx:
        if await users.count(tx):
            return None
    password = readable_password()
    hashed = await Passwords().hash(password)
    async with db.transaction() as tx:
        if await users.count(tx):
            return None
        await users.add(tx, FIRST_USER, hashed, "admin", must_change=True, now=now)
        await audit.add(tx, actor="fleetwatch", verb="user.add", subject=FIRST_USER, detail="first login", now=now)
    return FIRST_USER, password
