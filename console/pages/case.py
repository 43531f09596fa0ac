"""One case: the thread, what is proposed, the evidence, and the decision."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from console import labelling, verdicts
from console.access import Reviewer, Viewer
from console.context import Console, Here
from console.desk import REASONS, bars, current, held_by_other, lay_out, thread
from console.forms import FateForm, Filtered, Filters, Id, LabelForm, VerdictForm
from console.pages.queue import query_of, take
from console.screen import see_other, show
from console.verdicts import Matter, Refused
from domain.deciding import Verdict
from domain.errors import AlreadyDecided
from domain.records import CaseFile, ReviewRecord, UserRecord
from storage import casefile, reviews
from storage.db import Tx

router = APIRouter()


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
    return _onward(matter.item, following, filters, wanted=form.then == "next")


@router.post("/reviews/{review_id}/label")
async def label(
    request: Request, console: Here, user: Reviewer, review_id: Id, filters: Filtered, form: Annotated[LabelForm, Form()]
) -> Response:
    try:
        async with console.db.transaction() as tx:
            matter = await labelling.label(tx, console, user, review_id, form.given)
            following = None if form.then == "stay" else await _take_next(tx, console, user, filters, after=review_id)
    except (AlreadyDecided, Refused) as error:
        return await _refused(request, console, user, review_id, filters, error)
    return _onward(matter.item, following, filters, wanted=form.then != "stay")


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
    for item in await reviews.queue(tx, **filters.model_dump()):
        if item.id != after and not held_by_other(item, user.username, now) and await take(tx, console, user.username, item.id):
            return item
    return None


def _onward(done: ReviewRecord, following: ReviewRecord | None, filters: Filters, *, wanted: bool) -> Response:
    """To the next item, where one is wanted and there is one; the toast offers to undo the last."""
    if following is not None:
        return see_other(_address(following, filters, undo=str(done.id)))
    if wanted:
        return see_other(_address(done, filters, undo=str(done.id), said="empty"))
    return see_other(_address(done, filters, undo=str(done.id)))


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
    return await show(
        request,
        console,
        user,
        "case.html",
        status=status,
        case=case,
        desk=lay_out(current(case.reviews, chosen), case, console, user, typed.text if typed else None),
        typed=typed,
        bars=bars(case),
        thread=thread(case),
        ours=[action for action in case.actions if action.kind == "reply"],
        reasons=REASONS,
        error=error,
        undo=await _undoable(console, user, undo or chosen),
        query=query_of(filters),
    )


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
