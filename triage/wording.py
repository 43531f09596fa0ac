"""Public texts: the phrase of a purpose in the author's language that fits the platform."""

from zlib import crc32

from domain.hearing import Mention
from domain.limits import MAX_LENGTH, text_length
from domain.people import Platform
from domain.phrases import Phrase
from triage.policy import Policy


def render(mention: Mention, language: str, purpose: str, policy: Policy, **facts: str) -> str | None:
    """The longest kind of text that fits, or None when the language has no phrase or nothing fits.

    The variant follows from the mention's id: stable over retries, varied over people.
    """
    phrase = policy.phrases.get(language, {}).get(purpose)
    if phrase is None:
        return None
    seed = crc32(f"{mention.platform}:{mention.external_id}".encode())
    texts = (
        _greet(mention) + variants[seed % len(variants)].format(**facts) for variants in _lengths(mention.platform, phrase)
    )
    return next((text for text in texts if text_length(mention.platform, text) <= MAX_LENGTH[mention.platform]), None)


def _lengths(platform: Platform, phrase: Phrase) -> tuple[tuple[str, ...], ...]:
    """Long before short, except on X, where long texts never fit."""
    ordered = (phrase.short,) if platform == "x" else (phrase.variants, phrase.short)
    return tuple(variants for variants in ordered if variants)


def _greet(mention: Mention) -> str:
    """On X the handle leads: it notifies the author, and two people never get the same text (refused as a duplicate)."""
    return f"@{mention.author.username} " if mention.platform == "x" and mention.author.username else ""


def render_answer(mention: Mention, language: str, article_id: str, policy: Policy) -> str | None:
    """The FAQ reply, or None when the article is not written in that language."""
    article = policy.articles.get(article_id)
    if article is None or language not in article.title or language not in article.answer:
        return None
    facts = {"title": article.title[language], "answer": article.answer[language], "url": article.url}
    return render(mention, language, "faq", policy, **facts)
