"""Passwords: argon2id hashes computed off the event loop, and readable passwords for first logins."""

import asyncio
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 12
LONGEST = 200

_AT_ONCE = 2
"""Each hash takes 64 MiB: a burst of logins must queue, not fill the memory."""

_CONSONANTS = "bdfghjkmnprstvz"
_VOWELS = "aeiou"


class Passwords:
    """Hashes and checks passwords, a few at a time."""

    def __init__(self, hasher: PasswordHasher | None = None) -> None:
        self._hasher = hasher or PasswordHasher()
        self._gate = asyncio.Semaphore(_AT_ONCE)
        self._decoy: str | None = None

    async def hash(self, password: str) -> str:
        async with self._gate:
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, stored: str | None) -> bool:
        """Takes as long for an unknown user (`stored` None) as for a known one."""
        if stored is None:
            self._decoy = self._decoy or await self.hash(secrets.token_hex())
        async with self._gate:
            right = await asyncio.to_thread(self._verify, password, stored or self._decoy or "")
        return right and stored is not None

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerificationError, InvalidHashError):
            return False


def weakness(password: str, username: str) -> str | None:
    """One sentence that says why the password is refused, or None."""
    if len(password) < SHORTEST:
        return f"Use at least {SHORTEST} characters."
    if len(password) > LONGEST:
        return f"Use at most {LONGEST} characters."
    if username.casefold() in password.casefold():
        return "Leave your user name out of the password."
    if len(set(password)) < 5:
        return "Use more different characters."
    return None


def readable_password() -> str:
    """Four spoken groups and a number, about 54 bits: `bafod-tumik-...`. Made to be typed once and changed."""
    return "-".join(["".join(_syllables()) for _ in range(4)] + [f"{secrets.randbelow(100):02d}"])


def _syllables() -> list[str]:
    return [secrets.choice(letters) for letters in (_CONSONANTS, _VOWELS, _CONSONANTS, _VOWELS, _CONSONANTS)]
