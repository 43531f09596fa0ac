"""Every text the shipped phrases and articles can make, as the shipped policy judges it."""

from collections.abc import Iterator

import pytest

from classifier.redaction import redact
from config.settings import Settings
from domain.deciding import PostReply, Standing
from domain.hearing import Mention
from domain.people import PLATFORMS, Platform
from domain.understanding import LANGUAGES
from tests.triage.builders import NOON, author, mention
from triage.governor import Plea, govern
from triage.policy import Policy
from triage.wording import render, render_answer
from workers.wiring import build_policy


def texts(post: Mention, language: str, policy: Policy) -> Iterator[str | None]:
    for purpose in ("acknowledge", "acknowledge_secret", "outage"):
        yield render(post, language, purpose, policy, reference="KST-7F3K2QX")
    for article in policy.articles:
        yield render_answer(post, language, article, policy)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_shows_nothing_private_and_no_strange_link(language: str, platform: Platform) -> None:
    policy = build_policy(Settings())
    for number in range(3):  # the mention's id picks the variant
        post = mention(platform=platform, author=author(platform, username="a" * 15), external_id=str(number))
        for text in texts(post, language, policy):
            assert text is not None
            assert redact(text).found == frozenset(), text
            reply = PostReply(purpose="faq", language=language, text=text)
            assert govern(Plea(mention=post, reply=reply, standing=Standing(now=NOON), policy=policy)) is None, text
