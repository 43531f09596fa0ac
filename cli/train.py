"""`fleetwatch train`: models of a brand's own, from labelled rows or from reviewers' decisions."""

import sys
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from classifier.intent_files import Source, check_out, train_intents
from classifier.intent_training import Progress, Trained
from classifier.intents import SHIPPED
from classifier.labelled import Labelled, read_labelled
from domain.errors import ConfigError

ALL = "all"
"""For `--split`: every row."""


def run_intents(data: Path, out: Path, split: str | None, encoder: Path | None) -> int:
    """A model for the labels of the file, whatever they are."""
    check_out(out)
    chosen, rows = chosen_rows(data, split)
    with progress() as report:
        trained = train_intents(rows, out, Source(name=data.name, split=chosen), report, encoder or SHIPPED)
    print(_told(trained, out))
    return 0


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
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bars

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Bars(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty()) as bars:
        stages = {}

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
