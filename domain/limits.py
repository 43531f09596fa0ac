"""How long a public text may be on each platform, counted as that platform counts."""

import re

from domain.people import Platform

MAX_LENGTH: dict[Platform, int] = {"x": 280, "telegram": 4096, "discord": 2000}

_X_LINK_LENGTH = 23
_X_LINK = re.compile(r"https?://\S+")
_X_LIGHT = ((0x0000, 0x10FF), (0x2000, 0x200D), (0x2010, 0x201F), (0x2032, 0x2037))


def text_length(platform: Platform, text: str) -> int:
    """Length in the platform's own unit: X weighted characters, Telegram UTF-16 units, Discord code points.

    X: twitter-text configuration v3 without emoji merging, so an emoji sequence counts at least what X counts.
    """
    if platform == "x":
        bare, links = _X_LINK.subn("", text)
        return links * _X_LINK_LENGTH + sum(_x_weight(ord(character)) for character in bare)
    if platform == "telegram":
        return len(text.encode("utf-16-le")) // 2
    return len(text)


def _x_weight(code_point: int) -> int:
    return 1 if any(low <= code_point <= high for low, high in _X_LIGHT) else 2
