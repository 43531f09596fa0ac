"""What X refuses when a post is made through the API: one function a rule, asked in this order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from sandbox.x import text
from sandbox.x.problems import Problem, forbidden, invalid
from sandbox.x.world import Draft, XWorld

_DUPLICATE_WINDOW = timedelta(hours=24)

Rule = Callable[[XWorld, Draft], Problem | None]


def has_text(_: XWorld, draft: Draft) -> Problem | None:
    return None if draft.text.strip() or draft.media else invalid("text", draft.text, "The text of a post must not be empty")


def target_is_there(world: XWorld, draft: Draft) -> Problem | None:
    if draft.reply_to and not world.live(draft.reply_to):
        return forbidden("You attempted to reply to a Tweet that is deleted or not visible to you.")
    if draft.quotes and not world.live(draft.quotes):
        return forbidden("You attempted to quote a Tweet that is deleted or not visible to you.")
    return None


def target_is_latest(world: XWorld, draft: Draft) -> Problem | None:
    target = world.live(draft.reply_to)
    if target and target.id != draft.reply_to:
        return forbidden("You attempted to reply to an older version of an edited Tweet.")
    return None


def author_asked(world: XWorld, draft: Draft) -> Problem | None:
    """Self-serve apps may only reply to somebody who @mentions or quotes them (X API changelog, 2026-02-23)."""
    target = world.live(draft.reply_to)
    if not target or target.author_id == draft.author_id or draft.author_id in target.mentions:
        return None
    quoted = world.live(target.quotes)
    if quoted and quoted.author_id == draft.author_id:
        return None
    return forbidden(
        "Reply to this conversation is not allowed because you have not been mentioned or otherwise engaged "
        "by the author of the post you are replying to."
    )


def short_enough(_: XWorld, draft: Draft) -> Problem | None:
    return forbidden("Your Tweet text is too long.") if text.weight(draft.text) > text.MAX_WEIGHT else None


def one_cashtag(_: XWorld, draft: Draft) -> Problem | None:
    return forbidden("A post may contain at most one cashtag.") if len(text.cashtags(draft.text)) > 1 else None


def not_said_before(world: XWorld, draft: Draft) -> Problem | None:
    """X compares whole texts, so the same answer to another person (whose handle comes first) is no duplicate."""
    since = datetime.now(UTC) - _DUPLICATE_WINDOW
    whole = world.reply_handles(draft) + draft.text
    said = (post.handles + post.text for post in world.posts_of(draft.author_id) if post.created_at > since)
    return forbidden("You are not allowed to create a Tweet with duplicate content.") if whole in said else None


POST_RULES: tuple[Rule, ...] = (
    has_text,
    target_is_there,
    target_is_latest,
    author_asked,
    short_enough,
    one_cashtag,
    not_said_before,
)
