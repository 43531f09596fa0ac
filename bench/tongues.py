"""In which language one of our own public texts is written: the one whose catalogue and phrases it is made of."""

import re
from collections.abc import Iterable, Mapping

from domain.phrases import Phrasebook
from domain.understanding import Article

_PLACEHOLDER = re.compile(r"\{\w+\}")
_LEAST = 6
"""Shorter pieces of a phrase say too little."""


class Tongues:
    """Pieces of every text we may post, longest first: the first one found in a text tells its language."""

    def __init__(self, articles: Iterable[Article], phrases: Phrasebook) -> None:
        pieces: dict[str, set[str]] = {}
        for language, piece in (*_of_articles(articles), *_of_phrases(phrases)):
            pieces.setdefault(piece, set()).add(language)
        telling = {piece: next(iter(languages)) for piece, languages in pieces.items() if len(languages) == 1}
        self._pieces: Mapping[str, str] = dict(sorted(telling.items(), key=lambda item: -len(item[0])))

    def of(self, text: str) -> str | None:
        """None when the text is none of ours."""
        return next((language for piece, language in self._pieces.items() if piece in text), None)


def _of_articles(articles: Iterable[Article]) -> list[tuple[str, str]]:
    return [
        (language, text)
        for article in articles
        for texts in (article.title, article.answer)
        for language, text in texts.items()
    ]


def _of_phrases(phrases: Phrasebook) -> list[tuple[str, str]]:
    return [
        (language, piece.strip())
        for language, purposes in phrases.items()
        for phrase in purposes.values()
        for text in phrase.variants + phrase.short
        for piece in _PLACEHOLDER.split(text)
        if len(piece.strip()) >= _LEAST
    ]
