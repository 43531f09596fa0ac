"""How X counts, shortens and reads a text."""

import hashlib
import re
import unicodedata
from collections.abc import Callable
from typing import Any

MAX_WEIGHT = 280
_LINK_WEIGHT = 23
_LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\"'.,;:!?)\]]")
_HANDLE = re.compile(r"(?<![A-Za-z0-9_@/.])@([A-Za-z0-9_]{1,15})(?![A-Za-z0-9_@])")
_HASHTAG = re.compile(r"(?<![\w&#])#(\w*[^\W\d]\w*)")
_CASHTAG = re.compile(r"(?<![\w$])\$([A-Za-z]{1,6}(?:[._][A-Za-z]{1,2})?)(?!\w)")
_PICTURE = "[\U0001f1e6-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u3030\u303d\u3297\u3299\u2190-\u21ff]"
_EMOJI = re.compile(
    f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3"
    f"|{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*(?:\u200d{_PICTURE}[\ufe0f\U0001f3fb-\U0001f3ff]*)*"
)
_LIGHT = ((0, 4351), (8192, 8205), (8208, 8223), (8242, 8247))


def weight(text: str) -> int:
    """Weighted length: a link 23, an emoji sequence 2, most Western characters 1, everything else 2."""
    bare, links = _LINK.subn("", unicodedata.normalize("NFC", text))
    bare, emoji = _EMOJI.subn("", bare)
    return links * _LINK_WEIGHT + emoji * 2 + sum(1 if _light(ord(character)) else 2 for character in bare)


def _light(code_point: int) -> bool:
    return any(low <= code_point <= high for low, high in _LIGHT)


def handles(text: str) -> list[str]:
    """User names after an @, in order."""
    return [match[1] for match in _HANDLE.finditer(text)]


def cashtags(text: str) -> list[str]:
    return [match[1].upper() for match in _CASHTAG.finditer(text)]


def hashtags(text: str) -> list[str]:
    return [match[1] for match in _HASHTAG.finditer(text)]


def links(text: str) -> list[str]:
    return [match[0] for match in _LINK.finditer(text)]


def short_link(url: str) -> str:
    return f"https://t.co/{hashlib.sha256(url.encode()).hexdigest()[:10]}"


def shown(text: str) -> str:
    """The text as the API gives it: links shortened, `&`, `<` and `>` escaped."""
    shortened = _LINK.sub(lambda match: short_link(match[0]), text)
    return shortened.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def entities(text: str, person_id: Callable[[str], str | None]) -> dict[str, Any]:
    """Entities of a text (as written), with positions in its shown form. `person_id` knows who has a user name."""
    display = shown(text)
    long_links = {short_link(url): url for url in links(text)}
    found: dict[str, Any] = {
        "mentions": [
            {**_span(match), "username": match[1], "id": person}
            for match in _HANDLE.finditer(display)
            if (person := person_id(match[1]))
        ],
        "hashtags": [{**_span(match), "tag": match[1]} for match in _HASHTAG.finditer(display)],
        "cashtags": [{**_span(match), "tag": match[1]} for match in _CASHTAG.finditer(display)],
        "urls": [
            {**_span(match), "url": match[0], "expanded_url": long_links[match[0]], "display_url": _bare(long_links[match[0]])}
            for match in _LINK.finditer(display)
            if match[0] in long_links
        ],
    }
    return {kind: values for kind, values in found.items() if values}


def _span(match: re.Match[str]) -> dict[str, int]:
    return {"start": match.start(), "end": match.end()}


def _bare(url: str) -> str:
    return re.sub(r"^https?://(www\.)?", "", url)[:30]
