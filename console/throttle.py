"""Slows down guessing at the login form: counts attempts per account and per address."""

from collections import OrderedDict, deque
from datetime import datetime, timedelta

_WINDOW = timedelta(minutes=15)
_REMEMBERED = 10_000
"""Keys kept; the longest unused goes first, so strangers cannot fill the memory."""


class Throttle:
    """Sliding window in this process's memory. A restart forgets: argon2 alone then slows the guesser."""

    def __init__(self, *, per_account: int = 8, per_address: int = 30) -> None:
        self._limits = {"account": per_account, "address": per_address}
        self._attempts: OrderedDict[tuple[str, str], deque[datetime]] = OrderedDict()

    def admit(self, *, account: str, address: str, now: datetime) -> timedelta | None:
        """Counts one attempt before the password is looked at. Returns how long to wait when there were too many."""
        keys = (("account", account.casefold()), ("address", address))
        waits = [wait for key in keys if (wait := self._wait(key, now)) is not None]
        if waits:
            return max(waits)
        for key in keys:
            self._recent(key, now).append(now)
        return None

    def forgive(self, *, account: str) -> None:
        """A right password wipes the account's count; the address keeps its own."""
        self._attempts.pop(("account", account.casefold()), None)

    def _wait(self, key: tuple[str, str], now: datetime) -> timedelta | None:
        recent = self._recent(key, now)
        return None if len(recent) < self._limits[key[0]] else recent[0] + _WINDOW - now

    def _recent(self, key: tuple[str, str], now: datetime) -> deque[datetime]:
        recent = self._attempts.setdefault(key, deque())
        self._attempts.move_to_end(key)
        while recent and recent[0] <= now - _WINDOW:
            recent.popleft()
        while len(self._attempts) > _REMEMBERED:
            self._attempts.popitem(last=False)
        return recent
