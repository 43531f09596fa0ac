"""The written posts keep to the label scheme, and the split leaves no author on both sides."""

import tomllib

import pytest

from classifier.faq import load_articles
from classifier.posts import load_posts
from domain.understanding import LANGUAGES, SENTIMENTS, URGENCIES
from tests.classifier.conftest import ROOT

POSTS = load_posts()
SCHEME = tomllib.loads((ROOT / "config" / "taxonomy.toml").read_text(encoding="utf-8"))
ARTICLES = {article.id: article for article in load_articles(ROOT / "config" / "faq" / "kestrel.jsonl")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_covers_the_scheme(language: str) -> None:
    posts = [post for post in POSTS if post.lang == language]
    assert len(posts) >= 90
    assert {post.intent for post in posts} - {None} == set(SCHEME["intents"])
    assert {post.scam_type for post in posts} - {None} == set(SCHEME["scam_types"])
    assert {post.urgency for post in posts} - {None} == set(URGENCIES)
    assert {post.sentiment for post in posts} - {None} == set(SENTIMENTS)


def test_scams_carry_no_labels_of_their_own() -> None:
    for post in POSTS:
        others = (post.intent, post.urgency, post.sentiment)
        assert (post.threat == "scam") == (post.scam_type is not None) == (others == (None, None, None))


def test_articles_exist_and_share_the_intent() -> None:
    assert all(ARTICLES[post.faq_id].intent == post.intent for post in POSTS if post.faq_id is not None)


def test_no_post_repeats_another_or_a_faq_question() -> None:
    texts = [post.text.casefold() for post in POSTS]
    questions = {text.casefold() for article in ARTICLES.values() for texts in article.questions.values() for text in texts}
    assert len(set(texts)) == len(texts)
    assert not questions & set(texts)


def test_the_held_out_authors_are_others() -> None:
    held_out = {post.author for post in POSTS if post.held_out}
    assert not held_out & {post.author for post in POSTS if not post.held_out}
    assert {post.lang for post in POSTS if post.held_out} == set(LANGUAGES)
