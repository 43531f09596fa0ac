"""Accounts: people and bots as the platforms show them, and the names they went by."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select, update

from domain.people import Account, Platform
from storage.columns import clean
from storage.db import Tx
from storage.tables import AccountNameRow, AccountRow
from storage.writing import insert_into

_NAMES = ("kind", "username", "display_name", "title", "seen_at")
"""Taken over as last seen."""
_FACTS = ("bio", "created_at", "followers", "following", "posts", "verified", "avatar_url")
"""Not every event carries them: an absent one does not erase what is known."""


async def upsert(tx: Tx, accounts: Sequence[Account], now: datetime) -> dict[tuple[Platform, str], int]:
    """Remember the accounts as they are now; of one that comes twice, the last. Returns (platform, platform id) -> our id."""
    newest: dict[tuple[Platform, str], Account] = {(account.platform, account.id): account for account in accounts}
    if not newest:
        return {}
    # Sorted, so that two transactions lock shared rows in the same order.
    rows = [_row(newest[key], now) for key in sorted(newest)]
    insert = insert_into(tx, AccountRow)
    new, old = insert.excluded, AccountRow
    statement = insert.on_conflict_do_update(
        index_elements=["platform", "external_id"],
        set_={name: new[name] for name in _NAMES} | {name: func.coalesce(new[name], getattr(old, name)) for name in _FACTS},
    ).returning(AccountRow.platform, AccountRow.external_id, AccountRow.id)
    stored = {(platform, external_id): id_ for platform, external_id, id_ in (await tx.execute(statement, rows))}
    ids = {key: stored[key[0], clean(key[1])] for key in newest}
    await _remember_names(tx, [(ids[account.platform, account.id], shown_name(account)) for account in accounts], now)
    return ids


async def clear(tx: Tx, account_id: int, now: datetime | None) -> None:
    """A human found the account harmless; None takes that back."""
    await tx.execute(update(AccountRow).where(AccountRow.id == account_id).values(cleared_at=now))


async def names(tx: Tx, account_id: int) -> list[str]:
    """Names over time, oldest first."""
    query = select(AccountNameRow.name).where(AccountNameRow.account_id == account_id).order_by(AccountNameRow.id)
    return list((await tx.scalars(query)).all())


def shown_name(account: Account) -> str:
    """`Display name [title] (@username)`, without the parts the account lacks."""
    title = f" [{account.title}]" if account.title else ""
    username = f" (@{account.username})" if account.username else ""
    return f"{account.display_name}{title}{username}"


def account_of(row: AccountRow) -> Account:
    return Account(
        platform=row.platform,
        id=row.external_id,
        kind=row.kind,
        username=row.username,
        display_name=row.display_name,
        title=row.title,
        bio=row.bio,
        created_at=row.created_at,
        followers=row.followers,
        following=row.following,
        posts=row.posts,
        verified=row.verified,
        avatar_url=row.avatar_url,
    )


def _row(account: Account, now: datetime) -> dict[str, object]:
    shared = {name: getattr(account, name) for name in (*_NAMES[:-1], *_FACTS)}
    return {**shared, "platform": account.platform, "external_id": account.id, "opted_out": False, "seen_at": now}


async def _remember_names(tx: Tx, named: Sequence[tuple[int, str]], now: datetime) -> None:
    rows = [{"account_id": id_, "name": name, "first_seen_at": now} for id_, name in dict.fromkeys(named)]
    await tx.execute(insert_into(tx, AccountNameRow).on_conflict_do_nothing(), rows)
