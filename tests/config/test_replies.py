"""The public texts: whole, safe and short enough, in every language."""

import json
import string
import tomllib
from pathlib import Path
from typing import Any

import pytest

from domain.limits import MAX_LENGTH, text_length
from domain.understanding import LANGUAGES

ROOT = Path(__file__).parents[2]
PLACEHOLDERS = {
    "faq": {"variants": {"answer", "url"}, "short": {"title", "url"}},
    "acknowledge": {"variants": {"reference"}, "short": {"reference"}},
    "acknowledge_secret": {"variants": {"reference"}, "short": {"reference"}},
    "outage": {"variants": {"reference"}, "short": {"reference"}},
}
FACTS = {"reference": "KST-7F3K2", "url": "https://help.kestrel.example/" + "a" * 11}
LONGEST_X_GREETING = "@" + "a" * 15 + " "


def phrases(language: str) -> dict[str, Any]:
    return tomllib.loads((ROOT / "config" / "replies" / f"{language}.toml").read_text(encoding="utf-8"))


def titles(language: str) -> list[str]:
    lines = (ROOT / "config" / "faq" / "kestrel.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["title"][language] for line in lines]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_purpose_has_varied_texts(language: str) -> None:
    book = phrases(language)
    assert set(book) == set(PLACEHOLDERS)
    for phrase in book.values():
        assert 2 <= len(set(phrase["variants"])) == len(phrase["variants"])
        assert 2 <= len(set(phrase["short"])) == len(phrase["short"])


@pytest.mark.parametrize("purpose", PLACEHOLDERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_texts_use_the_placeholders_of_their_purpose(language: str, purpose: str) -> None:
    for kind, wanted in PLACEHOLDERS[purpose].items():
        for text in phrases(language)[purpose][kind]:
            assert {name for _, name, _, _ in string.Formatter().parse(text) if name} == wanted, text


@pytest.mark.parametrize("purpose", PLACEHOLDERS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_short_texts_fit_a_post_on_x(language: str, purpose: str) -> None:
    title = max(titles(language), key=lambda text: text_length("x", text))
    for text in phrases(language)[purpose]["short"]:
        assert text_length("x", LONGEST_X_GREETING + text.format(title=title, **FACTS)) <= MAX_LENGTH["x"], text


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_text_carries_a_link_of_its_own(language: str) -> None:
    for phrase in phrases(language).values():
        assert not any("http" in text or "@" in text for text in phrase["variants"] + phrase["short"])
