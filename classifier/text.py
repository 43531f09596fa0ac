"""Normalisation of posts, the same in training and in inference.

What a writer can change without changing what a human reads must not change what the models read: invisible characters,
look-alike letters, letters spaced out or repeated, capitals, handles and the path of a link.
"""

import re
import unicodedata

MAX_CHARACTERS = 1500
"""What is read of a post: enough for the longest honest question, and a bound on the time one post can cost."""

INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ufe00-\ufe0f\ufeff]"
)
_LONE_SURROGATES = re.compile("[\ud800-\udfff]")
_LINK = re.compile(r"https?://([^\s/?#:]{1,255})\S*")
_ADDRESSEES = re.compile(r"^\s*(?:@\w{1,64}[\s,:]*)+")
_HANDLE = re.compile(r"(?<!\w)@\w{1,64}")
_DIGITS = re.compile(r"\d")
_REPEATED_LETTER = re.compile(r"([^\W\d_])\1{2,}")
_REPEATED_MARK = re.compile(r"([\W_])\1{3,}")
_SPACED = re.compile(r"(?<!\S)[^\W\d_](?:[ .*_-][^\W\d_]){3,}(?!\S)")
_SPACED_CJK = re.compile("[\u1100-\u11ff\u3040-\u30ff\u3130-\u318f\u3400-\u9fff\uac00-\ud7a3]")
_GAPS = re.compile(r"[ .*_-]")
_SPACES = re.compile(r"\s+")
_LATIN_AND_CYRILLIC = re.compile(r"(?=[^\W\d_]*[a-z])(?=[^\W\d_]*[\u0370-\u03ff\u0400-\u052f])[^\W\d_]+")
_CYRILLIC = re.compile("[\u0400-\u052f]")
_TO_LATIN = str.maketrans("аеорсухіѕјһԁԛԝкмтвнзгьбαοερτυνικ", "aeopcyxisjhdqwkmtbhgrbbaoeptuvik")
_TO_CYRILLIC = str.maketrans("aeopcyxkmtbhisj", "аеорсухкмтвніѕј")


def _bare(code: int) -> str | None:
    letters = unicodedata.normalize("NFD", chr(code))
    return letters[0] if len(letters) > 1 and letters[0].isascii() else None


ACCENTS = {code: bare for code in (*range(0xC0, 0x250), *range(0x1E00, 0x1F00)) if (bare := _bare(code))} | {
    ord("đ"): "d",
    ord("ø"): "o",
    ord("ł"): "l",
    ord("ı"): "i",
}
"""For `str.translate`: Latin letters lose their accents, as many people type them anyway."""


SCRIPTS = ("latin", "cyrillic", "han", "hangul")
_SCRIPT_LETTERS = {
    "hangul": re.compile("[\u1100-\u11ff\u3131-\u318e\uac00-\ud7a3]"),
    "han": re.compile("[\u3041-\u30fa\uff66-\uff9d\u3400-\u9fff]"),
    "cyrillic": re.compile("[\u0400-\u04ff]"),
}
_WIDE_LETTER = 3
"""Letters of Latin script that say as much as one letter of the others: names and jargon are Latin in every language."""


def script(text: str) -> str:
    """Which of `SCRIPTS` most of a post is written in; Latin where it has no letters."""
    head = text[:200]
    counts = {name: len(letters.findall(head)) for name, letters in _SCRIPT_LETTERS.items()}
    name = max(counts, key=lambda one: counts[one])
    return name if counts[name] * _WIDE_LETTER >= max(sum(map(str.isascii, head)), 1) else "latin"


def normalise(text: str) -> str:
    """Text as the n-gram expert reads it: as `plain`, with every digit as 0."""
    return _DIGITS.sub("0", plain(text))


def without_links(text: str) -> str:
    """The text without its web addresses; the text itself where nothing else is in it."""
    return " ".join(_LINK.sub(" ", text[:MAX_CHARACTERS]).split()) or text


def plain(text: str) -> str:
    """Text as the encoder reads it: NFKC, lower case, Latin letters without accents, links as their host.

    The handles a post begins with are left out, other handles become `@user`. At most `MAX_CHARACTERS` characters are read.
    """
    text = unicodedata.normalize("NFKC", text[:MAX_CHARACTERS])[:MAX_CHARACTERS]
    text = _LONE_SURROGATES.sub(" ", INVISIBLE.sub("", text)).lower()
    text = _ADDRESSEES.sub("", text)
    text = _LINK.sub(r" http \1 ", text)
    text = _HANDLE.sub("@user", text)
    text = _SPACED.sub(_joined, text)
    text = _LATIN_AND_CYRILLIC.sub(_one_script, text)
    text = _REPEATED_LETTER.sub(r"\1\1", text)
    text = _REPEATED_MARK.sub(r"\1\1\1", text)
    return _SPACES.sub(" ", text.translate(ACCENTS)).strip()


def _joined(found: re.Match[str]) -> str:
    # single syllables with spaces between them are how some people write Korean, not a disguise
    return found.group() if _SPACED_CJK.search(found.group()) else _GAPS.sub("", found.group())


def _one_script(found: re.Match[str]) -> str:
    word = found.group()
    cyrillic = len(_CYRILLIC.findall(word))
    return word.translate(_TO_CYRILLIC if cyrillic * 2 > len(word) else _TO_LATIN)
