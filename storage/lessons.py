"""What reviewers' decisions teach: posts with the labels that a decision about them implies."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import or_, select

from domain.deciding import Effect, OpenTicket, PostReply
from domain.people import Platform
from domain.records import Head
from storage import labels
from storage.db import Tx
from storage.tables import AccountRow, MentionRow, ReviewRow

_VERDICTS = ("approve", "ticket", "scam", "ignore")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """One label of one post (redacted). `article_id`: instead of an intent, the article that a human found right."""

    platform: Platform
    author_id: str
    text: str
    head: Head
    label: str
    article_id: str | None = None


async def of_decisions(tx: Tx, *, platforms: Collection[Platform]) -> list[Lesson]:
    """Of the decisions that humans took, oldest first. Posts deleted, or edited since, teach nothing."""
    query = (
        select(ReviewRow, MentionRow.text, AccountRow.platform, AccountRow.external_id)
        .join(MentionRow, MentionRow.id == ReviewRow.mention_id)
        .join(AccountRow, AccountRow.id == MentionRow.account_id)
        .where(ReviewRow.decided_by.is_not(None), ReviewRow.outcome.in_(_VERDICTS), ReviewRow.kind != "label")
        .where(MentionRow.deleted_at.is_(None), MentionRow.text != "", AccountRow.platform.in_(list(platforms)))
        .where(or_(MentionRow.edited_at.is_(None), MentionRow.edited_at <= ReviewRow.decided_at))
        .order_by(ReviewRow.id)
    )
    return [
        Lesson(platform=platform, author_id=author, text=text, head=head, label=label, article_id=article)
        for review, text, platform, author in await tx.execute(query)
        for head, label, article in _implied(review)
    ]


async def of_labels(tx: Tx, *, platforms: Collection[Platform]) -> list[Lesson]:
    """Of the posts that reviewers were asked to label. An action `flag` says what the threat says already."""
    return [
        Lesson(platform=one.platform, author_id=one.author_id, text=one.text, head=one.head, label=one.label)
        for one in await labels.all(tx, platforms=platforms)
        if (one.head, one.label) != ("action", "flag")
    ]


def _implied(review: ReviewRow) -> Iterator[tuple[Head, str, str | None]]:
    """A scam has no intent nor action of its own, and what was flagged wrongly is none."""
    if review.outcome == "scam":
        yield "threat", "scam", None
        return
    if review.kind == "flag":
        yield "threat", "none", None
    if review.outcome == "approve":
        yield from _approved(review.proposed)
    elif review.outcome == "ticket":
        yield "action", "open_ticket", None
        yield from _of_ticket(review.proposed)
    elif review.kind != "flag":
        yield "action", "none", None


def _approved(proposed: Sequence[Effect]) -> Iterator[tuple[Head, str, str | None]]:
    answer = next((effect for effect in proposed if isinstance(effect, PostReply) and effect.article_id), None)
    if any(isinstance(effect, OpenTicket) for effect in proposed):
        yield "action", "open_ticket", None
        yield from _of_ticket(proposed)
    elif answer is not None:
        yield "action", "reply_faq", None
        yield "intent", "", answer.article_id


def _of_ticket(proposed: Sequence[Effect]) -> Iterator[tuple[Head, str, str | None]]:
    """The reviewer saw the proposed intent and urgency on the ticket and let them stand."""
    ticket = next((effect for effect in proposed if isinstance(effect, OpenTicket)), None)
    if ticket is not None:
        yield "intent", ticket.intent, None
        yield "urgency", ticket.urgency, None
