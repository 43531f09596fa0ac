"""What the case page lays before a reviewer, worked out from the case file."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from console.context import Console
from console.labelling import Ask, asks
from console.verdicts import proposed_reply, proposed_ticket
from domain.deciding import OpenTicket, PostReply
from domain.limits import MAX_LENGTH, text_length
from domain.records import ActionRecord, CaseFile, MentionRecord, ReviewRecord, UserRecord
from domain.understanding import Article, Judgement

REASONS = (
    "The answer fits the question",
    "Answered, with the wording mended",
    "Needs somebody to look into the account",
    "Impersonates us or tries to steal",
    "Not for us",
    "Already settled elsewhere in the thread",
)
"""Common reasons, chosen with the keys 1 to 6; free text is always possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What the reviewer can do about the current item."""

    item: ReviewRecord | None
    reply: PostReply | None = None
    ticket: OpenTicket | None = None
    article: Article | None = None
    interrupted: ActionRecord | None = None
    """The reply whose fate a human must tell."""
    taken_by: str | None = None
    """Somebody else holds the claim."""
    draft: str = ""
    length: int = 0
    limit: int = 0
    asks: Sequence[Ask] = ()
    """The labels to confirm or correct, for items that ask for them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """One judgement: its label, and the most probable labels with their probabilities, best first."""

    task: str
    label: str
    ranked: Sequence[tuple[str, float]]


def current(items: Sequence[ReviewRecord], chosen: int | None) -> ReviewRecord | None:
    """The item asked for, else the first that waits (for a label last), else the last decided."""
    named = [item for item in items if item.id == chosen]
    waiting = sorted((item for item in items if item.state == "waiting"), key=lambda item: item.kind == "label")
    return next(iter(named or waiting or list(items)[-1:]), None)


def lay_out(item: ReviewRecord | None, case: CaseFile, console: Console, user: UserRecord, typed: str | None) -> Desk:
    """`typed`: what the reviewer wrote before his decision was refused."""
    if item is None:
        return Desk(item=None)
    reply, platform = proposed_reply(item), case.record.mention.platform
    draft = typed if typed is not None else reply.text if reply else ""
    return Desk(
        item=item,
        reply=reply,
        ticket=proposed_ticket(item),
        article=console.policy.articles.get(reply.article_id) if reply and reply.article_id else None,
        interrupted=next((action for action in case.actions if action.id == item.action_id), None),
        taken_by=held_by_other(item, user.username, console.clock()),
        draft=draft,
        length=text_length(platform, draft),
        limit=MAX_LENGTH[platform],
        asks=asks(case) if item.kind == "label" else (),
    )


def held_by_other(item: ReviewRecord, username: str, now: datetime) -> str | None:
    """Who else holds a claim that has not run out."""
    live = item.claimed_until is not None and item.claimed_until > now
    return item.claimed_by if live and item.claimed_by != username else None


def thread(case: CaseFile) -> list[MentionRecord]:
    """The posts around the mention, oldest first, the mention itself among them."""
    posts = {record.id: record for record in (*case.thread, case.record)}
    return sorted(posts.values(), key=lambda record: (record.mention.posted_at, record.id))


def bars(case: CaseFile) -> list[Bars]:
    """The judgements in the order a reviewer wants them; the kind of scam only where there is one."""
    if case.assessment is None:
        return []
    judgements: dict[str, Judgement] = {
        "intent": case.assessment.intent,
        "urgency": case.assessment.urgency,
        "sentiment": case.assessment.sentiment,
        "threat": case.assessment.threat,
        "language": case.assessment.language,
    }
    if case.assessment.threat.label != "none":
        judgements["scam_type"] = case.assessment.scam_type
    return [Bars(task=task, label=one.label, ranked=_likeliest(one)) for task, one in judgements.items()]


def _likeliest(judgement: Judgement) -> Sequence[tuple[str, float]]:
    ranked = sorted(judgement.probabilities.items(), key=lambda pair: -pair[1])
    return [(name, probability) for name, probability in ranked[:3] if probability >= 0.01] or ranked[:1]
