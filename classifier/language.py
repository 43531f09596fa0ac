"""Which of the configured languages a post is written in: its script first, then letter statistics."""

import math
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Protocol, cast

from classifier.text import MAX_CHARACTERS
from domain.understanding import LANGUAGES, Judgement

_NOISE = re.compile(
    r"https?://\S+|(?<!\w)@\w+|\[\w+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)*\.[a-z]{2,}(?!\w)|[a-z0-9_]*\d[a-z0-9_]*",
    re.IGNORECASE | re.ASCII,
)
_KANA = re.compile("[\u3041-\u30fa\uff66-\uff9d]")
_HANGUL = re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]")
_HAN = re.compile("[\u3400-\u9fff]")
_CYRILLIC = re.compile("[\u0400-\u04ff]")
_LATIN = re.compile("[a-z\u00c0-\u024f\u1ea0-\u1ef9]", re.IGNORECASE)
_VIETNAMESE = re.compile("[\u0102\u0103\u0110\u0111\u0128\u0129\u0168\u0169\u01a0\u01a1\u01af\u01b0\u1ea0-\u1ef9]")
_LATIN_LANGUAGES = ("en", "es", "fr", "vi")
_WORD = re.compile(r"[^\W\d_]+")
_HINTS = {
    "en": "the is are my i you and what how why where when can do does "
    "it this not to of in on for have has anyone please me your was get",
    "es": "el la los las mi es que qué en y por para no de un una "
    "con cómo como dónde cuándo cuánto me se lo ya hay está puedo del al su",
    "fr": "le la les mon ma est que en et pour pas de un une avec comment où "
    "quand combien je ne ce j c d l n du des au vous il on mes sur",
    "vi": "toi minh bi khong ko k ai la gi sao cho nap rut tien duoc dc roi r chua voi o dau the nao giup san em anh vao "
    "dang lau roi oi ad mn nhe nha vay thi cai nay nua het xong tui ma con nhan gui loi trang",
}
"""Little words; the Vietnamese ones as they are typed without diacritics."""
_HINT_WEIGHT = 1.3
"""Log-odds that one little word of a language adds: measured on the written posts of the training voices."""
_MOST_HINTS = 6
_SCRIPT_SURE = 0.98
_OTHER_SCRIPT_WEIGHT = 5
"""Latin letters that one letter of another script outweighs: brand, product and trade names are Latin in every language."""
_PACE = 6
"""Vietnamese writes a letter of its own at least this often."""


class _Identifier(Protocol):
    def set_languages(self, langs: Sequence[str]) -> None: ...
    def rank(self, text: str) -> list[tuple[str, float]]: ...


class _Maker(Protocol):
    def from_model_file(self, model_file: str, *, norm_probs: bool) -> _Identifier: ...


def identify(text: str) -> Judgement:
    """A judgement over `LANGUAGES`. A text without letters gets equal probabilities."""
    text = _NOISE.sub(" ", text[:MAX_CHARACTERS])
    language = _by_script(text)
    if language is not None:
        return _judgement({language: _SCRIPT_SURE})
    if _LATIN.search(text) is None:
        return _judgement({})
    return _judgement(_by_letters(text))


def _by_script(text: str) -> str | None:
    """A script that only one configured language uses, unless most letters are of another script."""
    latin = len(_LATIN.findall(text))
    counts = {"ko": len(_HANGUL.findall(text)), "ja": len(_KANA.findall(text)), "ru": len(_CYRILLIC.findall(text))}
    han = len(_HAN.findall(text))
    counts["zh"] = han if not counts["ja"] and not counts["ko"] else 0
    counts["ja"] += han if counts["ja"] else 0
    language = max(counts, key=lambda code: counts[code])
    if counts[language] * _OTHER_SCRIPT_WEIGHT >= max(latin, 1):
        return language
    return "vi" if len(_VIETNAMESE.findall(text)) * _PACE >= max(latin, 1) else None


def _by_letters(text: str) -> dict[str, float]:
    lowered = text.lower()
    words = _WORD.findall(lowered)
    weights = {code: max(probability, 1e-4) for code, probability in _identifier().rank(lowered)}
    for code, little_words in _HINTS.items():
        hints = little_words.split()
        weights[code] *= math.exp(_HINT_WEIGHT * min(sum(word in hints for word in words), _MOST_HINTS))
    total = sum(weights.values())
    return {code: weight / total for code, weight in weights.items()}


def _judgement(known: dict[str, float]) -> Judgement:
    rest = (1.0 - sum(known.values())) / (len(LANGUAGES) - len(known))
    probabilities = {code: known.get(code, rest) for code in LANGUAGES}
    return Judgement(label=max(LANGUAGES, key=lambda code: probabilities[code]), probabilities=probabilities)


@lru_cache(maxsize=1)
def _identifier() -> _Identifier:
    # imported late: the model takes a third of a second and tens of megabytes, and posts of one script never need it
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415

    identifier = cast("_Maker", LanguageIdentifier).from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(_LATIN_LANGUAGES)
    return identifier
