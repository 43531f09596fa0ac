"""How good the model's judgements are: whether reviewers agree with it, and whether the posts are still those it knows."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fastapi import APIRouter, Request
from starlette.responses import Response

from console.access import Viewer
from console.context import Here
from console.screen import show
from domain.records import HEADS, Head, HeadAgreement
from storage import counts, labels
from storage.db import Tx
from triage.drift import LEAST, Drift, compare

DAY = timedelta(days=1)
BEFORE = timedelta(days=7)
AGREED_WITHIN = timedelta(days=7)

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """How often reviewers said what the model said."""

    n: int
    agreed: int

    @property
    def share(self) -> float | None:
        """None: too few to tell."""
        return self.agreed / self.n if self.n >= LEAST else None


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadRow:
    head: Head
    drawn: Cell
    """Of posts drawn at random only: an estimate for all posts."""
    total: Cell
    languages: Sequence[Cell]


@router.get("/quality")
async def quality_page(request: Request, console: Here, user: Viewer) -> Response:
    now = console.clock()
    async with console.db.reading() as tx:
        drift = await drift_of(tx, now)
        agreed = await labels.agreement(tx, since=now - AGREED_WITHIN)
        taken, waiting = await labels.sampled(tx, since=now.replace(hour=0, minute=0, second=0, microsecond=0))
    codes = sorted({one.language for one in agreed})
    return await show(
        request,
        console,
        user,
        "quality.html",
        drift=drift,
        codes=codes,
        rows=[_row(head, [one for one in agreed if one.head == head], codes) for head in HEADS],
        taken=taken,
        label_waiting=waiting,
        per_day=console.policy.samples_per_day,
        least=LEAST,
    )


async def drift_of(tx: Tx, now: datetime) -> Drift:
    """The last day against the week before it."""
    newest = await counts.judged(tx, since=now - DAY, until=now)
    return compare(newest, await counts.judged(tx, since=now - DAY - BEFORE, until=now - DAY))


def _row(head: Head, agreed: Sequence[HeadAgreement], codes: Sequence[str]) -> HeadRow:
    return HeadRow(
        head=head,
        drawn=_cell(agreed, lambda one: one.drawn),
        total=_cell(agreed, lambda _: True),
        languages=[_cell(agreed, lambda one, code=code: one.language == code) for code in codes],
    )


def _cell(agreed: Sequence[HeadAgreement], which: Callable[[HeadAgreement], bool]) -> Cell:
    chosen = [one for one in agreed if which(one)]
    return Cell(n=sum(one.n for one in chosen), agreed=sum(one.agreed for one in chosen))
