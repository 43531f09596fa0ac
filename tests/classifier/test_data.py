"""The written posts keep to the label scheme, and the split leaves no author on both sides."""

import tomllib
from collections import Counter

import pytest

from classifier.faq import load_articles
from classifier.posts import Post, load_held_out, load_posts
from domain.understanding import LANGUAGES, NEEDS, SENTIMENTS, URGENCIES
from tests.classifier.conftest import ROOT

POSTS = load_posts()
HELD_OUT = load_held_out()
SCHEME = tomllib.loads((ROOT / "config" / "taxonomy.toml").read_text(encoding="utf-8"))
ARTICLES = {article.id: article for article in load_articles(ROOT / "config" / "faq" / "kestrel.jsonl")}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_covers_the_scheme(language: str) -> None:
    posts = [post for post in POSTS if post.lang == language]
    assert len(posts) >= 1000
    assert {post.intent for post in posts} - {None} == set(SCHEME["intents"])
    assert {post.scam_type for post in posts} - {None} == set(SCHEME["scam_types"])
    assert {post.urgency for post in posts} - {None} == set(URGENCIES)
    assert {post.sentiment for post in posts} - {None} == set(SENTIMENTS)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_a_held_out_set_of_every_intent(language: str) -> None:
    posts = [post for post in HELD_OUT if post.lang == language]
    assert len(posts) >= 150
    assert {post.intent for post in posts} - {None} == set(SCHEME["intents"])


@pytest.mark.parametrize("posts", [POSTS, HELD_OUT], ids=["training", "held out"])
def test_labels_fit_together(posts: list[Post]) -> None:
    for post in posts:
        others = (post.intent, post.urgency, post.sentiment)
        assert (post.threat == "scam") == (post.scam_type is not None) == (others == (None, None, None)), post.id
        assert (post.action == "flag") == (post.threat == "scam"), post.id
        assert post.action in {*NEEDS, "flag", None}, post.id
        assert post.action != "reply_faq" or (post.faq_id in ARTICLES and post.urgency != "critical"), post.id
        assert post.faq_id is None or post.faq_id in ARTICLES, post.id


def test_no_post_repeats_another_or_a_faq_question() -> None:
    texts = [post.text.casefold() for post in POSTS + HELD_OUT]
    questions = {text.casefold() for article in ARTICLES.values() for texts in article.questions.values() for text in texts}
    repeated = {text for text, count in Counter(texts).items() if count > 1}
    assert not repeated
    assert not questions & set(texts)


def test_no_author_stands_on_two_sides() -> None:
    calibration = {post.author for post in POSTS if post.calibration}
    training = {post.author for post in POSTS if not post.calibration}
    held_out = {post.author for post in HELD_OUT}
    assert calibration
    assert training
    assert held_out
    assert not calibration & training
    assert not held_out & (calibration | training)
    assert {post.lang for post in POSTS if post.calibration} == set(LANGUAGES)
