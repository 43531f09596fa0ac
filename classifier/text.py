"""Normalisation of posts, the same in training and in inference."""

import re
import unicodedata

MAX_CHARACTERS = 1500
"""What is read of a post: enough for the longest honest question, and a bound on the time one post can cost."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
_LINK = re.compile(r"https?://([^\s/?#:]{1,255})\S*")
_ADDRESSEES = re.compile(r"^\s*(?:@\w{1,64}[\s,:]*)+")
_HANDLE = re.compile(r"(?<!\w)@\w{1,64}")
_DIGITS = re.compile(r"\d")
_REPEATED = re.compile(r"(\D)\1{3,}")
_SPACES = re.compile(r"\s+")


def normalise(text: str) -> str:
    """Text as the models read it: NFKC, lower case, no invisible characters, links as their host, digits as 0.

    The handles a post begins with are left out, other handles become `@user`.

    At most `MAX_CHARACTERS` characters of the post are read.
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])[:MAX_CHARACTERS]
    text = INVISIBLE.sub("", text).lower()
    text = _ADDRESSEES.sub("", text)
    text = _LINK.sub(r" http \1 ", text)
    text = _HANDLE.sub("@user", text)
    text = _REPEATED.sub(r"\1\1\1", text)
    text = _DIGITS.sub("0", text)
    return _SPACES.sub(" ", text).strip()
