"""How the console words things for people: labels, ages, initials."""

from datetime import UTC, datetime
from unicodedata import category

from domain.understanding import LANGUAGES

PLATFORM_NAMES = {"x": "X", "telegram": "Telegram", "discord": "Discord"}

LANGUAGE_NAMES = {
    "en": "English",
    "zh": "Chinese",
    "ko": "Korean",
    "ja": "Japanese",
    "ru": "Russian",
    "es": "Spanish",
    "fr": "French",
    "vi": "Vietnamese",
}

_SPECIAL = {"login_2fa": "login & 2FA", "api": "API", "faq": "FAQ", "scam_type": "kind of scam"}

NOTICES = {
    "claimed": "Claimed: it is yours for the next minutes.",
    "taken": "Somebody else has it, or has decided it.",
    "released": "Released: anybody can take it.",
    "undone": "Undone: nothing was sent, and the item waits for a decision again.",
    "settled": "Recorded.",
    "retried": "It will be handled again.",
    "saved": "Saved.",
    "empty": "Nothing else waits for you: the queue is empty.",
    "password": "Your password is changed. Other sessions of yours were ended.",
    "signed-out": "You are signed out.",
}
"""Sentences shown after a redirect; the address carries the key alone, so nobody can put words into a page by a link."""


def label(value: str) -> str:
    """`account_compromised` -> `account compromised`."""
    return _SPECIAL.get(value, value.replace("_", " "))


def drifting(what: str) -> str:
    """`languages` -> `the mix of languages`, `ko` -> `Korean`."""
    return "the mix of languages" if what == "languages" else LANGUAGE_NAMES.get(what, what or "posts of unknown language")


def percent(probability: float) -> str:
    """Never rounds doubt away: 0.997 is 99%, not 100%."""
    if 0.99 < probability < 1:
        return "99%"
    return "<1%" if 0 < probability < 0.01 else f"{probability:.0%}"


def initials(name: str) -> str:
    """Stands for an avatar: those of strangers are never loaded. One or two letters, or `?`."""
    words = [word for word in ("".join(filter(_is_letter, part)) for part in name.split()) if word]
    if not words:
        return "?"
    return "".join(word[0] for word in words[:2]).upper()


def hue(name: str) -> int:
    """One of twelve colours for an initials badge, the same for the same name."""
    return sum(map(ord, name)) % 12


def iso(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def utc(moment: datetime) -> str:
    """Shown where scripts are off; with them the browser's zone replaces it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


def lang(code: str | None) -> str:
    """A language tag for the `lang` attribute; empty means unknown, which HTML allows."""
    return code if code in LANGUAGES else ""


def _is_letter(character: str) -> bool:
    return category(character)[0] in "LN"
