"""Time and ids come in as arguments everywhere; these are the real ones."""

import secrets
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""No letters or digits that people mix up when reading aloud."""


def utc_now() -> datetime:
    return datetime.now(UTC)


def new_reference(prefix: str) -> str:
    """A public ticket reference such as `KST-7F3K2QX`: short to say, 30^7 to guess."""
    return f"{prefix}-{''.join(secrets.choice(_ALPHABET) for _ in range(7))}"
