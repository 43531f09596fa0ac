"""One case: the thread, what is proposed, the evidence, and the decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from console import verdicts
from console.access import Reviewer, Viewer
from console.context import Console, Here
from console.forms import FateForm, Filtered, Filters, Id, VerdictForm
from console.pages.queue import query_of, take
from console.screen import see_other, show
from console.verdicts import Matter, Refused
from domain.deciding import OpenTicket, PostReply, Verdict
from domain.errors import AlreadyDecided
from domain.limits import MAX_LENGTH, text_length
from domain.records import ActionRecord, CaseFile, MentionRecord, ReviewRecord, UserRecord
from domain.understanding import Article, Judgement
from storage import casefile, reviews
from storage.db import Tx

REASONS = (
    "The answer fits the question",
    "Answered, with the wording mended",
    "Needs somebody to look into the account",
    "Impersonates us or tries to steal",
    "Not for us",
    "Already settled elsewhere in the thread",
)
"""Common reasons, chosen with the keys 1 to 6; free text is always possible."""

router = APIRouter()


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
    mine: bool = False
    draft: str = ""
    length: int = 0
    limit: int = 0


@router.get("/cases/{mention_id}")
async def case_page(
    request: Request,
    console: Here,
    user: Viewer,
    mention_id: Id,
    filters: Filtered,
    review: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
    undo: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Response:
    async with console.db.reading() as tx:
        case = await casefile.load(tx, mention_id)
    if case is None:
        raise verdicts.NotFound
    return await _show_case(request, console, user, case, filters, chosen=review, undo=undo)


@router.post("/reviews/{review_id}/decide")
async def decide(
    request: Request,
    console: Here,
    user: Reviewer,
    review_id: Id,
    filters: Filtered,
    form: Annotated[VerdictForm, Form()],
) -> Response:
    verdict = Verdict(choice=form.choice, reason=form.reason, text=form.text or None)
    try:
        async with console.db.transaction() as tx:
            matter = await verdicts.decide(tx, console, user, review_id, verdict)
            following = await _take_next(tx, console, user, filters, after=review_id) if form.then == "next" else None
    except (AlreadyDecided, Refused) as error:
        async with console.db.reading() as tx:
            matter = await verdicts.load(tx, review_id)
        return await _show_case(
            request, console, user, matter.case, filters, chosen=review_id, error=str(error), typed=form, status=409
        )
    if following is not None:
        return see_other(_address(following, filters, undo=str(review_id)))
    if form.then == "next":
        return see_other(_address(matter.item, filters, undo=str(review_id), said="empty"))
    return see_other(_address(matter.item, filters, undo=str(review_id)))


@router.post("/reviews/{review_id}/undo")
async def undo(request: Request, console: Here, user: Reviewer, review_id: Id, filters: Filtered) -> Response:
    try:
        async with console.db.transaction() as tx:
            matter = await verdicts.undo(tx, console, user, review_id)
    except Refused as error:
        return await _refused(request, console, user, review_id, filters, error)
    return see_other(_address(matter.item, filters, said="undone"))


@router.post("/reviews/{review_id}/resolve")
async def resolve(
    request: Request, console: Here, user: Reviewer, review_id: Id, filters: Filtered, form: Annotated[FateForm, Form()]
) -> Response:
    try:
        async with console.db.transaction() as tx:
            matter = await verdicts.resolve(tx, user, review_id, form.fate, console.clock())
    except (AlreadyDecided, Refused) as error:
        return await _refused(request, console, user, review_id, filters, error)
    return see_other(_address(matter.item, filters, said="settled"))


async def _refused(
    request: Request, console: Console, user: UserRecord, review_id: int, filters: Filters, error: Exception
) -> Response:
    async with console.db.reading() as tx:
        matter = await verdicts.load(tx, review_id)
    return await _show_case(request, console, user, matter.case, filters, chosen=review_id, error=str(error), status=409)


async def _take_next(tx: Tx, console: Console, user: UserRecord, filters: Filters, *, after: int) -> ReviewRecord | None:
    """Claims the first free item of the reviewer's part of the queue."""
    now = console.clock()
    for item in await reviews.queue(tx, now=now, **filters.model_dump()):
        if item.id != after and not held_by_other(item, user.username, now) and await take(tx, console, user.username, item.id):
            return item
    return None


def held_by_other(item: ReviewRecord, username: str, now: datetime) -> str | None:
    """Who else holds a claim that has not run out."""
    live = item.claimed_until is not None and item.claimed_until > now
    return item.claimed_by if live and item.claimed_by != username else None


def _address(item: ReviewRecord, filters: Filters, **more: str) -> str:
    return f"/cases/{item.mention_id}?{query_of(filters, review=str(item.id), **more)}"


async def _show_case(  # noqa: PLR0913 the page's whole state
    request: Request,
    console: Console,
    user: UserRecord,
    case: CaseFile,
    filters: Filters,
    *,
    chosen: int | None = None,
    undo: int | None = None,
    error: str | None = None,
    typed: VerdictForm | None = None,
    status: int = 200,
) -> Response:
    item = _current(case.reviews, chosen)
    return await show(
        request,
        console,
        user,
        "case.html",
        status=status,
        case=case,
        desk=_desk(item, case, console, user, typed),
        typed=typed,
        bars=_bars(case),
        thread=_thread(case),
        ours=[action for action in case.actions if action.kind == "reply"],
        reasons=REASONS,
        error=error,
        undo=await _undoable(console, user, undo or chosen),
        query=query_of(filters),
    )


def _current(items: Sequence[ReviewRecord], chosen: int | None) -> ReviewRecord | None:
    """The item asked for, else the first that waits, else the last decided."""
    named = [item for item in items if item.id == chosen]
    waiting = [item for item in items if item.state == "waiting"]
    return next(iter(named or waiting or list(items)[-1:]), None)


def _desk(item: ReviewRecord | None, case: CaseFile, console: Console, user: UserRecord, typed: VerdictForm | None) -> Desk:
    if item is None:
        return Desk(item=None)
    now, platform = console.clock(), case.record.mention.platform
    reply = verdicts.proposed_reply(item)
    draft = typed.text if typed else (reply.text if reply else "")
    held = item.state == "waiting" and item.claimed_by is not None and item.claimed_until is not None
    return Desk(
        item=item,
        reply=reply,
        ticket=verdicts.proposed_ticket(item),
        article=console.policy.articles.get(reply.article_id) if reply and reply.article_id else None,
        interrupted=next((action for action in case.actions if action.id == item.action_id), None),
        taken_by=held_by_other(item, user.username, now),
        mine=held and item.claimed_by == user.username and not _expired(item, now),
        draft=draft,
        length=text_length(platform, draft),
        limit=MAX_LENGTH[platform],
    )


def _expired(item: ReviewRecord, now: datetime) -> bool:
    return item.claimed_until is None or item.claimed_until <= now


def _thread(case: CaseFile) -> list[MentionRecord]:
    """The posts around the mention, oldest first, the mention itself among them."""
    posts = {record.id: record for record in (*case.thread, case.record)}
    return sorted(posts.values(), key=lambda record: (record.mention.posted_at, record.id))


def _bars(case: CaseFile) -> list[tuple[str, str, list[tuple[str, float]]]]:
    """Task, likeliest label, and its most probable labels with their probabilities, best first."""
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
    return [(task, judgement.label, _likeliest(judgement)) for task, judgement in judgements.items()]


def _likeliest(judgement: Judgement) -> list[tuple[str, float]]:
    ranked = sorted(judgement.probabilities.items(), key=lambda pair: -pair[1])
    return [(name, probability) for name, probability in ranked[:3] if probability >= 0.01] or ranked[:1]


async def _undoable(console: Console, user: UserRecord, review_id: int | None) -> tuple[Matter, int] | None:
    """The decision the toast offers to undo, and the seconds left for it."""
    if review_id is None:
        return None
    async with console.db.reading() as tx:
        try:
            matter = await verdicts.load(tx, review_id)
        except verdicts.NotFound:
            return None
    now = console.clock()
    if matter.item.decided_at is None or verdicts.why_not_undo(matter, user, now, console):
        return None
    left = matter.item.decided_at + console.undo - now
    return matter, max(1, round(left / timedelta(seconds=1)))
