"""`fleetwatch train`: models of a brand's own, from labelled rows or from reviewers' decisions."""

import asyncio
import sys
from collections import Counter
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from classifier.articles import load_articles
from classifier.encoder import load_encoder
from classifier.folders import Progress
from classifier.intent_files import Source, check_out, train_intents
from classifier.intent_training import Trained
from classifier.intents import SHIPPED
from classifier.labelled import Labelled, read_labelled
from classifier.model import load
from classifier.opening import kind_of
from classifier.retrain import Compared, NewRows, Row, draft_of, keep, retrain
from classifier.shelf import Shelf
from cli.fleet_database import open_database
from config.load import ROOT, load_settings
from domain.errors import ConfigError, ModelError
from domain.people import PLATFORMS, Platform
from storage import lessons
from storage.lessons import Lesson

ALL = "all"
"""For `--split`: every row."""


def run_intents(data: Path, out: Path, split: str | None, encoder: Path | None) -> int:
    """A model for the labels of the file, whatever they are."""
    check_out(out)
    chosen, rows = chosen_rows(data, split)
    source, network = Source(name=data.name, split=chosen), load_encoder(encoder or SHIPPED)
    with progress() as report:
        trained = train_intents(rows, out, source, network, report, carried=encoder)
    print(_told(trained, out))
    return 0


def run_heads(head: str, data: Path, out: Path | None, data_dir: Path) -> int:
    """One head, on the rows of a file."""
    rows = [Row(text=row.text, label=row.label, author=row.more.get("author", "")) for row in read_labelled(data)]
    return _retrained({head: rows}, f"`{data.name}`", out, data_dir)


def run_reviews(data_dir: Path, out: Path | None, include_x: bool) -> int:
    """Every head about which reviewers have said enough."""
    platforms: tuple[Platform, ...] = tuple(platform for platform in PLATFORMS if include_x or platform != "x")
    articles = {article.id: article.intent for article in load_articles(ROOT / load_settings().files.faq)}
    taught: dict[str, list[Row]] = {}
    for lesson in asyncio.run(_lessons(data_dir, platforms)):
        label = articles.get(lesson.article_id, "") if lesson.article_id else lesson.label
        if label:
            author = f"{lesson.platform}:{lesson.author_id}"
            taught.setdefault(lesson.head, []).append(Row(text=lesson.text, label=label, author=author))
    if not taught:
        raise ConfigError(f"{data_dir}: reviewers have not decided anything yet that could be learned from; review some posts.")
    return _retrained(taught, f"reviewers' decisions ({', '.join(platforms)})", out, data_dir)


async def _lessons(data_dir: Path, platforms: Sequence[Platform]) -> list[Lesson]:
    """What decisions imply, then what reviewers said when they were asked for labels."""
    async with open_database(data_dir) as database, database.reading() as tx:
        decided = await lessons.of_decisions(tx, platforms=platforms)
        return decided + await lessons.of_labels(tx, platforms=platforms)


def _retrained(rows: Mapping[str, Sequence[Row]], source: str, out: Path | None, data_dir: Path) -> int:
    """Exit code 1 when nothing was promoted."""
    if out is not None and out.exists():
        raise ConfigError(f"--out {out}: is there already; name a new folder.")
    shelf = Shelf(data_dir / "models", ROOT / load_settings().files.model)
    base = shelf.path(shelf.current())
    if kind_of(base) != "fleet":
        raise ModelError(f"{base} is not a model of the fleet's own, so its heads cannot be retrained: use another first.")
    with draft_of(base) as draft:
        attempts = {head: NewRows(rows=found, source=source) for head, found in rows.items()}
        compared = [one for head, new in attempts.items() if (one := _attempt(draft, head, new, alone=len(rows) == 1))]
        if not any(one.better for one in compared):
            return 1
        version = load(draft).version
        keep(draft, out or shelf.path(version))
    if out is None:
        shelf.use(version)
        print(f"In use: {version}. `fleetwatch models use {base.name}` goes back.")
    else:
        print(f"Written to {out}; not taken into use.")
    return 0


def _attempt(draft: Path, head: str, rows: NewRows, *, alone: bool) -> Compared | None:
    """Too few rows of one head among several are told, and the others go on."""
    try:
        with progress() as report:
            compared = retrain(draft, head, rows, report)
    except ConfigError as error:
        if alone:
            raise
        print(error)
        return None
    show_compared(compared)
    return compared


def show_compared(compared: Compared) -> None:
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{compared.head}: {compared.fitted} new rows", title_justify="left")
    table.add_column("measured on")
    for name in ("rows", "accuracy before", "after", "macro F1 before", "after"):
        table.add_column(name, justify="right")
    for name, (before, after) in (("new rows held out", compared.new), ("written posts", compared.written)):
        shown = (before.accuracy, after.accuracy, before.macro_f1, after.macro_f1)
        table.add_row(name, str(after.n), *(f"{value:.3f}" for value in shown))
    console = Console()
    console.print(table)
    print(compared.sentence)


def chosen_rows(data: Path, split: str | None) -> tuple[str, list[Labelled]]:
    """The split that was taken, `all` for every row, and its rows. Raises ConfigError for a split that the file lacks.

    Without a wish, `train` is taken where the file has such a split: the others are somebody's test rows.
    """
    rows = list(read_labelled(data))
    counts = Counter(row.more.get("split", "") for row in rows)
    if split is None:
        split = "train" if "train" in counts else ALL
    if split == ALL:
        return ALL, rows
    if split not in counts:
        there = ", ".join(sorted(name for name in counts if name)[:12]) or "no column `split`"
        raise ConfigError(f"{data}: no row is of split `{split}`, there is {there}; mend --split.")
    return split, [row for row in rows if row.more.get("split") == split]


@contextmanager
def progress() -> Generator[Progress]:
    """A bar a stage on a terminal's standard error; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        stages: dict[str, TaskID] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in stages:
                stages[stage] = bars.add_task(stage, total=total)
            bars.update(stages[stage], completed=done)

        yield report


def _told(trained: Trained, out: Path) -> str:
    recall = "" if trained.recall is None else f" in scope, recall out of scope {trained.recall:.1%}"
    return (
        f"{trained.model.version}: {len(trained.model.labels)} labels from {trained.rows} rows; "
        f"accuracy {trained.accuracy:.1%}{recall}, on training rows that a fold had not seen.\n{out}"
    )
