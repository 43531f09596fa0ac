"""Labelled posts through the very functions that production uses, without a platform, a database or a clock."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, cast

from classifier.labelled import Record, read_records, sound
from classifier.redaction import redact
from domain.deciding import AskReview, Decision, Effect, FlagMention, JoinTicket, OpenTicket, PostReply, Standing
from domain.errors import ConfigError
from domain.hearing import Mention
from domain.people import PLATFORMS, Account, AccountKind, Platform
from domain.understanding import SENTIMENTS, THREATS, URGENCIES, Assessment, Classifier, Question
from triage.decide import decide
from triage.policy import Policy
from workers.handle import make_case

Action = Literal["reply_faq", "open_ticket", "flag", "none"]
ACTIONS: tuple[Action, ...] = ("reply_faq", "open_ticket", "flag", "none")
BATCH = 64

_NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
_REFERENCE = "KST-2222222"
_OPEN_FIELDS = ("sentiment", "urgency", "intent")
"""What scam posts have none of."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A post, and what a careful support lead says of it. Scam posts have no sentiment, urgency and intent."""

    platform: Platform
    lang: str
    text: str
    sentiment: str | None = None
    urgency: str | None = None
    intent: str | None = None
    threat: str
    action: str
    faq_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rehearsed:
    """What the fleet made of a row. `action` is what it did, or proposed to a reviewer."""

    row: Row
    assessment: Assessment
    decision: Decision
    action: Action
    automatic: bool
    """It was done, or the post left alone, without asking a reviewer."""
    faq_id: str | None = None
    """The article of the reply, sent or proposed."""
    pressing: bool = False
    """A ticket or a review came of it, with urgency critical or high."""


def read_rows(path: Path) -> Iterator[Row]:
    """Raises ConfigError naming the line, also while the rows are read."""
    for record in read_records(path, ("platform", "lang", "text", "threat", "action")):
        yield _row(f"{path}:{record.line}", record)


def rehearse(
    rows: Sequence[Row], classifier: Classifier, policy: Policy, done: Callable[[int], None] = lambda _count: None
) -> list[Rehearsed]:
    """Every row is the post of another stranger who asks the brand and has no history. `done` is told of each batch's size."""
    rehearsed: list[Rehearsed] = []
    for first in range(0, len(rows), BATCH):
        batch = rows[first : first + BATCH]
        questions = [ask(row.text, row.platform, first + place) for place, row in enumerate(batch)]
        assessments = classifier.assess(questions)
        rehearsed += map(_decided, batch, questions, assessments, [policy] * len(batch))
        done(len(batch))
    return rehearsed


def ask(text: str, platform: Platform, number: int) -> Question:
    """The text, redacted as intake does, as a stranger's post to the brand."""
    clean = redact(text)
    name = f"stranger{number}"
    author = Account(platform=platform, id=f"stranger-{number}", kind=AccountKind.PERSON, username=name, display_name=name)
    mention = Mention(
        platform=platform,
        external_id=f"post-{number}",
        channel_id="",
        channel_name="",
        thread_id=f"thread-{number}",
        reply_to_id=None,
        author=author,
        text=clean.text,
        posted_at=_NOW - timedelta(seconds=5),
        addressed=True,
    )
    return Question(mention=mention, secrets=clean.found)


def _decided(row: Row, question: Question, assessment: Assessment, policy: Policy) -> Rehearsed:
    standing = Standing(now=_NOW)
    case = make_case(question.mention, assessment, standing=standing, open_ticket=None, officials={}, reference=_REFERENCE)
    decision = decide(case, policy)
    asked = [effect for effect in decision.effects if isinstance(effect, AskReview)]
    proposed = [effect for review in asked for effect in review.proposed]
    at_once = _action(decision.effects)
    replies = [effect for effect in (*decision.effects, *proposed) if isinstance(effect, PostReply)]
    return Rehearsed(
        row=row,
        assessment=assessment,
        decision=decision,
        action=at_once if at_once != "none" else _action(proposed) if proposed else _asked_about(asked, assessment),
        automatic=at_once != "none" or not asked,
        faq_id=next((reply.article_id for reply in replies if reply.purpose == "faq"), None),
        pressing=any(urgency in {"critical", "high"} for urgency in _urgencies([*decision.effects, *proposed], assessment)),
    )


def _asked_about(asked: Sequence[AskReview], assessment: Assessment) -> Action:
    """A review that proposes nothing asks whether the post is a scam."""
    return "flag" if asked and assessment.threat.label == "scam" else "none"


def _action(effects: Sequence[Effect]) -> Action:
    """One word for all effects. A name that is only watched is none."""
    if any(isinstance(effect, FlagMention) and effect.tier != "watch" for effect in effects):
        return "flag"
    if any(isinstance(effect, OpenTicket | JoinTicket) for effect in effects):
        return "open_ticket"
    if any(isinstance(effect, PostReply) and effect.purpose == "faq" for effect in effects):
        return "reply_faq"
    return "none"


def _urgencies(effects: Sequence[Effect], assessment: Assessment) -> Iterator[str]:
    """Of the tickets; a review or a ticket already open that brings no new ticket is as urgent as the post."""
    tickets = [effect for effect in effects if isinstance(effect, OpenTicket)]
    if tickets:
        yield from (ticket.urgency for ticket in tickets)
    elif any(isinstance(effect, AskReview | JoinTicket) for effect in effects):
        yield assessment.urgency.label


def _row(where: str, record: Record) -> Row:
    fields = record.fields
    values = {name: _text(where, fields, name) for name in ("platform", "lang", "text", "threat", "action", "faq_id")}
    _refuse_unknown(where, "platform", values["platform"], PLATFORMS)
    _refuse_unknown(where, "threat", values["threat"], THREATS)
    _refuse_unknown(where, "action", values["action"], ACTIONS)
    if not values["lang"]:
        raise ConfigError(f"{where}: `lang` is empty; write the language's code, such as en.")
    if values["action"] == "reply_faq" and not values["faq_id"]:
        raise ConfigError(f"{where}: `action` is reply_faq and `faq_id` is empty; name the article.")
    said = {name: _text(where, fields, name) or None for name in _OPEN_FIELDS}
    if values["threat"] != "scam":
        _refuse_absent(where, fields)
    _refuse_unknown(where, "sentiment", said["sentiment"], (None, *SENTIMENTS))
    _refuse_unknown(where, "urgency", said["urgency"], (None, *URGENCIES))
    return Row(
        platform=cast("Platform", values["platform"]),
        lang=values["lang"],
        text=values["text"],
        threat=values["threat"],
        action=values["action"],
        faq_id=values["faq_id"] or None,
        **said,
    )


def _text(where: str, fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name)
    if value is not None and not isinstance(value, str):
        raise ConfigError(f"{where}: `{name}` is not a text; write it as a string.")
    return sound(value or "")


def _refuse_absent(where: str, fields: Mapping[str, object]) -> None:
    missing = [name for name in _OPEN_FIELDS if name not in fields]
    if missing:
        raise ConfigError(f"{where}: no `{missing[0]}` there; only scam posts go without: add it.")


def _refuse_unknown(where: str, name: str, value: str | None, known: Sequence[str | None]) -> None:
    if value not in known:
        raise ConfigError(f"{where}: `{name}` is `{(value or '')[:40]}`; use one of {', '.join(filter(None, known))}.")
