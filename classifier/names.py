"""What a name looks like to the eye, whatever its code points."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import lru_cache

from classifier.text import INVISIBLE

# letters of other scripts drawn like Latin ones, by lower and by upper shape: the two differ
_LOWER = dict(zip("аеорсухіјѕһԁԛԝкпгвмтнɑɡıαορνυικτχηεսօһյո", "aeopcyxijshdqwknrbmthagiaopvuiktxnesohjn", strict=True))
_UPPER = dict(zip("АВЕКМНОРСТУХІЈЅԌΑΒΕΖΗΙΚΜΝΟΡΤΥΧՕՏ", "abekmhopctyxijsgabezhikmnoptyxos", strict=True))
_EXTRA = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ħ": "h",
    "ŧ": "t",
    "ß": "ss",
    "æ": "ae",
    "œ": "oe",
    "ʟ": "l",
    "ᴋ": "k",
    "ᴇ": "e",
    "ꜱ": "s",
    "ᴛ": "t",
    "ʀ": "r",
}
_LEET = str.maketrans(
    {"0": "o", "1": "l", "3": "e", "4": "a", "5": "s", "7": "t", "8": "b", "$": "s", "@": "a", "!": "l", "|": "l", "i": "l"}
)
_SHAPES = (("rn", "m"), ("vv", "w"), ("cl", "d"))
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_END_DIGITS = re.compile(r"\d+$")
_NOT_WORD = re.compile(r"[\W_]+")


@lru_cache(maxsize=8192)
def skeletons(name: str) -> frozenset[str]:
    """Forms of a name that look alike: two names share one when the eye may take them for each other."""
    bare = INVISIBLE.sub("", unicodedata.normalize("NFKD", INVISIBLE.sub("", name)))
    bare = "".join(character for character in bare if not unicodedata.combining(character))
    views = {_fold(bare), _fold(bare.upper()), _fold("".join(_UPPER.get(character, character) for character in bare))}
    return frozenset(view for view in views if view)


def _fold(name: str) -> str:
    letters = "".join(
        _UPPER.get(character) or _LOWER.get(character.lower()) or _EXTRA.get(character.lower(), character) for character in name
    )
    flat = _NOT_WORD.sub("", letters.casefold().translate(_LEET))
    for drawn, meant in _SHAPES:
        flat = flat.replace(drawn, meant)
    return flat


def words(name: str, *, camel: bool = True) -> list[str]:
    """Words of a name, lower case, digits at their ends left out: split at spaces and marks, and at capitals if `camel`."""
    clean = INVISIBLE.sub("", unicodedata.normalize("NFKC", name))
    split = _NOT_WORD.split(_CAMEL.sub(" ", clean) if camel else clean)
    return [_END_DIGITS.sub("", word.casefold()) or word for word in split if word]


class BrandBesideRole:
    """Finds a brand word directly before or after a role word in a name, as the eye reads it."""

    def __init__(self, brands: Iterable[str], roles: Sequence[str]) -> None:
        self._brands = {look: brand for brand in brands for look in skeletons(brand)}
        self._roles = {look: role for role in roles for look in skeletons(role)}
        self._longest = max((len(words(role)) for role in roles), default=1)
        self._glued = {
            pair: (brand, role)
            for b, brand in self._brands.items()
            for r, role in self._roles.items()
            for pair in (b + r, r + b)
        }

    def find(self, name: str) -> tuple[str, str] | None:
        """The brand word and the role word, or None."""
        return self._find(words(name)) or self._find(words(name, camel=False))

    def _find(self, parts: Sequence[str]) -> tuple[str, str] | None:
        for place, part in enumerate(parts):
            looks = skeletons(part)
            glued = next((self._glued[look] for look in looks if look in self._glued), None)
            brand = next((self._brands[look] for look in looks if look in self._brands), None)
            role = self._role_beside(parts, place) if brand else None
            if glued or (brand and role):
                return glued or (brand or "", role or "")
        return None

    def _role_beside(self, parts: Sequence[str], place: int) -> str | None:
        for size in range(1, self._longest + 1):
            before, after = parts[max(0, place - size) : place], parts[place + 1 : place + 1 + size]
            for look in skeletons("".join(before)) | skeletons("".join(after)):
                if look in self._roles:
                    return self._roles[look]
        return None
