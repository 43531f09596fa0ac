"""Named rights to do something alone, such as polling with one token."""

from datetime import datetime

from sqlalchemy import case, or_, update

from storage.db import Tx
from storage.tables_house import LeaseRow
from storage.writing import insert_into

_NOBODY = ""


async def acquire(tx: Tx, name: str, *, owner: str, now: datetime, until: datetime) -> int | None:
    """Take or renew the lease until `until`. Returns its fence number, None when somebody else holds it.

    The fence grows with every change of hands and stays while one owner renews, so an old holder can be told from the new one.
    """
    insert = insert_into(tx, LeaseRow).values(name=name, owner=owner, lease_until=until, fence=1)
    statement = insert.on_conflict_do_update(
        index_elements=["name"],
        set_={
            "owner": owner,
            "lease_until": until,
            "fence": LeaseRow.fence + case((LeaseRow.owner == owner, 0), else_=1),
        },
        where=or_(LeaseRow.owner.in_((owner, _NOBODY)), LeaseRow.lease_until <= now),
    )
    return (await tx.scalars(statement.returning(LeaseRow.fence))).one_or_none()


async def release(tx: Tx, name: str, *, owner: str) -> None:
    """Let the next one in at once. Ignored when `owner` does not hold it."""
    held = (LeaseRow.name == name) & (LeaseRow.owner == owner)
    await tx.execute(update(LeaseRow).where(held).values(owner=_NOBODY))
