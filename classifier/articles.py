"""The FAQ catalogue: one JSON object a line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from domain.errors import ConfigError
from domain.understanding import LANGUAGES, Article

_FIELDS = frozenset({"id", "intent", "url", "title", "answer", "questions"})


def load_articles(path: Path) -> list[Article]:
    """The articles in file order. Raises ConfigError naming file, line, field and mend."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise ConfigError(f"{path} is missing: create it with one article a line, or mend the setting that names it.") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read as UTF-8 text ({type(error).__name__}): mend the file.") from None
    articles: dict[str, Article] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        article = _article(line, f"{path}:{number}")
        if article.id in articles:
            raise ConfigError(f"{path}:{number}: field `id`: `{article.id}` stands twice; rename or remove one article.")
        articles[article.id] = article
    if not articles:
        raise ConfigError(f"{path} holds no article: add at least one line.")
    return list(articles.values())


def _article(line: str, where: str) -> Article:
    try:
        content: object = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"{where}: not a JSON object ({error}); mend the line.") from None
    if not isinstance(content, dict):
        raise ConfigError(f"{where}: not a JSON object; mend the line.")
    fields = cast("dict[str, object]", content)
    for name in (*sorted(_FIELDS - fields.keys()), *sorted(fields.keys() - _FIELDS)):
        mend = "add it" if name in _FIELDS else f"remove it or use one of {', '.join(sorted(_FIELDS))}"
        raise ConfigError(f"{where}: field `{name}` is {'missing' if name in _FIELDS else 'unknown'}; {mend}.")
    url = _text(fields["url"], f"{where}: field `url`")
    if not _is_link(url):
        raise ConfigError(f"{where}: field `url`: `{url}` is not an https link; write https://host/page.")
    return Article(
        id=_text(fields["id"], f"{where}: field `id`"),
        intent=_text(fields["intent"], f"{where}: field `intent`"),
        url=url,
        title=_texts(fields["title"], f"{where}: field `title`"),
        answer=_texts(fields["answer"], f"{where}: field `answer`"),
        questions=_questions(fields["questions"], f"{where}: field `questions`"),
    )


def _is_link(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname)


def _text(value: object, where: str) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ConfigError(f"{where} is not a text; write a non-empty string.")
    return value


def _by_language(value: object, where: str) -> Mapping[str, object]:
    if not isinstance(value, dict) or not value:
        raise ConfigError(f'{where} is not an object by language; write {{"en": ...}}.')
    by_language = cast("dict[str, object]", value)
    for code in by_language:
        if code not in LANGUAGES:
            raise ConfigError(f"{where}: language `{code}` is unknown; use one of {', '.join(LANGUAGES)}.")
    return by_language


def _texts(value: object, where: str) -> Mapping[str, str]:
    return {code: _text(text, f"{where}.{code}") for code, text in _by_language(value, where).items()}


def _questions(value: object, where: str) -> Mapping[str, tuple[str, ...]]:
    questions: dict[str, tuple[str, ...]] = {}
    for code, texts in _by_language(value, where).items():
        if not isinstance(texts, list) or not texts:
            raise ConfigError(f"{where}.{code} is not a list of questions; write at least one.")
        questions[code] = tuple(_text(text, f"{where}.{code}") for text in cast("list[object]", texts))
    return questions
