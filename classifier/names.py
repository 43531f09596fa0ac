"""What a name looks like to the eye, whatever its code points."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from classifier.text import INVISIBLE

# letters of other scripts drawn like Latin ones, by lower and by upper shape: the two views differ (в looks like b small, B large)
_LOWER = dict(zip("аеорсухіјѕһԁԛԝкпгвмтнɑɡıαορνυικτχηεսօһյո", "aeopcyxijshdqwknrbmthagiaopvuiktxnesohjn", strict=True))
_UPPER = dict(zip("АВЕКМНОРСТУХІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧՕՏ", "abekmhopctyxijsgabezhikmnoptyxos", strict=True))
_EXTRA = {"ł": "l", "ø": "o", "đ": "d", "ħ": "h", "ŧ": "t", "ß": "ss", "æ": "ae", "œ": "oe", "ʟ": "l", "ᴋ": "k", "ᴇ": "e", "ꜱ": "s", "ᴛ": "t", "ʀ": "r"}
_LEET = str.maketrans({"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "$": "s", "@": "a", "!": "l", "|": "l", "i": "l"})
_SHAPES = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_NOT_WORD = re.compile(r"[\W_]+")


def skeletons(name: str) -> frozenset[str]:
    """Forms of a name that look alike: two names share one when the eye may take them for each other."""
    bare = INVISIBLE.sub("", unicodedata.normalize("NFKD", INVISIBLE.sub("", name)))
    bare = "".join(character for character in bare if not unicodedata.combining(character))
    views = {_fold(bare), _fold(bare.upper()), _fold("".join(_UPPER.get(character, character) for character in bare))}
    return frozenset(view for view in views if view)


def _fold(name: str) -> str:
    letters = "".join(_UPPER.get(character) or _LOWER.get(character.lower()) or _EXTRA.get(character.lower(), character) for character in name)
    flat = _NOT_WORD.sub("", letters.casefold().translate(_LEET))
    for drawn, meant in _SHAPES:
        flat = flat.replace(drawn, meant)
    return flat


def words(name: str) -> list[str]:
    """Words of a name: split at spaces, marks, underscores and capitals, lower case."""
    clean = INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    return [word.casefold() for word in _NOT_WORD.split(_CAMEL.sub(" ", clean)) if word]


def beside(name: str, brands: Iterable[str], roles: Sequence[str]) -> tuple[str, str] | None:
    """A brand word directly before or after a role word in the name, as the eye reads it."""
    parts = words(name)
    look = [skeletons(part) for part in parts]
    for brand in brands:
        mark = skeletons(brand)
        for role in roles:
            want = skeletons(role)
            size = max(len(words(role)), 1)
            for place, seen in enumerate(look):
                joined = [skeletons("".join(parts[start : start + size])) for start in (place - size, place + 1) if start >= 0]
                if (seen & mark and any(side & want for side in joined)) or seen & _glued(mark, want):
                    return brand, role
    return None


def _glued(brand: frozenset[str], role: frozenset[str]) -> set[str]:
    return {pair for b in brand for r in role for pair in (b + r, r + b)}
