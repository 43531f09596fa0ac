"""What makes a run of characters a card, an IBAN, a key or a seed phrase: checksums."""

import hashlib
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

WORDS = Path(__file__).parent / "data" / "bip39_en.txt"
"""The BIP-39 English list; its source and licence stand beside it."""

_BASE58 = {character: value for value, character in enumerate("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz")}
_WORD = re.compile(r"[A-Za-z]+")
_BETWEEN_WORDS = re.compile(r"[\s,;.:)\d|_/*>`'\"-]{1,12}")
_PHRASE_LENGTHS = (24, 21, 18, 15, 12)
_WORD_BITS = 11

_CARD_PREFIXES: tuple[tuple[str, frozenset[int]], ...] = (
    (r"4", frozenset({13, 16, 19})),
    (r"5[1-5]|22[2-9]|2[3-6]|27[01]|2720", frozenset({16})),
    (r"3[47]", frozenset({15})),
    (r"30[0-5]|3[68]", frozenset({14})),
    (r"35(?:2[89]|[3-8])", frozenset({16})),
    (r"6", frozenset({16, 17, 18, 19})),
    (r"220[0-4]", frozenset({16})),
)
LONGEST_CARD = 19
SHORTEST_GROUP = 3
"""Digits in a group of a grouped card number, the last group aside."""

_IBAN_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI NL FO GL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK MN",
    21: "CH CR HR LI LV",
    22: "BG BH DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL OM",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL SV NI",
    29: "BR EG PS QA UA",
    30: "JO KW MU YE",
    31: "MT SC",
    32: "LC",
    33: "RU",
}
_IBAN_LENGTHS = {country: length for length, countries in _IBAN_COUNTRIES.items() for country in countries.split()}


def is_card(number: str) -> bool:
    """Whether digits form a payment card number: a known prefix and length, and the Luhn checksum."""
    fits = any(len(number) in lengths and re.match(prefix, number) for prefix, lengths in _CARD_PREFIXES)
    return fits and _luhn(number)


def _luhn(number: str) -> bool:
    doubled = (sum(divmod(2 * int(digit), 10)) for digit in number[-2::-2])
    return (sum(doubled) + sum(int(digit) for digit in number[-1::-2])) % 10 == 0


def is_iban(text: str) -> int:
    """Length of the prefix of `text` (spaces counted) that is a valid IBAN, or 0."""
    wanted = _IBAN_LENGTHS.get(text[:2].upper(), 0)
    end = kept = 0
    while end < len(text) and kept < wanted:
        kept += text[end].isalnum()
        end += 1
    if not wanted or kept < wanted or (end < len(text) and text[end].isalnum()):
        return 0
    number = re.sub(r"[ -]", "", text[:end]).upper()
    return end if int("".join(str(int(character, 36)) for character in number[4:] + number[:4])) % 97 == 1 else 0


def is_wif(text: str) -> bool:
    """Whether a base58 run is a private key in wallet import format, by its checksum."""
    value = 0
    for character in text:
        value = value * 58 + _BASE58[character]
    data = value.to_bytes(max(38, (value.bit_length() + 7) // 8), "big").lstrip(b"\0")
    digest = hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()
    return len(data) in {37, 38} and digest[:4] == data[-4:]


def seed_phrases(text: str) -> Iterator[tuple[int, int, str]]:
    """Runs of 12 to 24 words of the BIP-39 list whose checksum holds; numbers and commas may stand between the words."""
    run: list[re.Match[str]] = []
    for match in _WORD.finditer(text):
        if match[0].lower() not in _words():
            yield from _phrases_in(run)
            run = []
        else:
            if run and not _BETWEEN_WORDS.fullmatch(text, run[-1].end(), match.start()):
                yield from _phrases_in(run)
                run = []
            run.append(match)
    yield from _phrases_in(run)


def _phrases_in(run: list[re.Match[str]]) -> Iterator[tuple[int, int, str]]:
    if len(run) < _PHRASE_LENGTHS[-1]:
        return
    numbers = [_words()[match[0].lower()] for match in run]
    place = 0
    while place <= len(run) - _PHRASE_LENGTHS[-1]:
        length = next((n for n in _PHRASE_LENGTHS if place + n <= len(run) and _checksum_holds(numbers[place : place + n])), 0)
        if length:
            yield run[place].start(), run[place + length - 1].end(), "seed_phrase"
        place += length or 1


def _checksum_holds(numbers: list[int]) -> bool:
    value = 0
    for number in numbers:
        value = value << _WORD_BITS | number
    check_bits = len(numbers) * _WORD_BITS // 33
    entropy = (value >> check_bits).to_bytes(check_bits * 4, "big")
    return hashlib.sha256(entropy).digest()[0] >> (8 - check_bits) == value & ((1 << check_bits) - 1)


@cache
def _words() -> Mapping[str, int]:
    return {word: number for number, word in enumerate(WORDS.read_text(encoding="ascii").split())}
