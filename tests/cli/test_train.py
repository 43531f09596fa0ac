"""`fleetwatch train`: rows chosen, models written and used, and refusals."""

import asyncio
import csv
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from classifier.metrics import figures
from classifier.retrain import Compared
from cli.main import app
from cli.train import chosen_rows, show_compared
from domain.errors import ConfigError, FleetwatchError
from storage import reviews
from storage.db import Database
from tests.classifier.test_intents import examples
from tests.storage.builders import MINUTE, NOW, REASON, account, new, stored


def train(*arguments: str | Path) -> Result:
    """The command in this process; our own errors are raised."""
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["train", *map(str, arguments)])
    if isinstance(done.exception, FleetwatchError):
        raise done.exception
    return done


def sheet(folder: Path, *rows: tuple[str, ...], header: tuple[str, ...] = ("text", "label")) -> Path:
    path = folder / "rows.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_a_trained_model_can_be_evaluated(tmp_path: Path) -> None:
    data = sheet(tmp_path, *((row.text, row.label) for row in examples()))
    done = train("intents", "--data", data, "--out", tmp_path / "model")
    assert done.exit_code == 0, done.output
    assert "3 labels from 72 rows" in done.stdout
    asked = ["evaluate", "--task", "intent", "--model", str(tmp_path / "model"), "--data", str(data), "--json"]
    assert json.loads(CliRunner().invoke(app, asked).stdout)["accuracy"] > 0.9


SPLITS = (("a", "x", "train"), ("b", "y", "train"), ("c", "x", "test"), ("d", "y", "few"))


@pytest.mark.parametrize(
    ("rows", "split", "expected"),
    [
        (SPLITS, None, ("train", "ab")),
        (SPLITS, "few", ("few", "d")),
        (SPLITS, "all", ("all", "abcd")),
        (SPLITS[2:], None, ("all", "cd")),
    ],
)
def test_a_split_picks_rows(
    tmp_path: Path, rows: tuple[tuple[str, ...], ...], split: str | None, expected: tuple[str, str]
) -> None:
    name, chosen = chosen_rows(sheet(tmp_path, *rows, header=("text", "label", "split")), split)
    assert (name, "".join(row.text for row in chosen)) == expected


def test_rows_without_splits_are_all_taken(tmp_path: Path) -> None:
    name, chosen = chosen_rows(sheet(tmp_path, ("a", "x"), ("b", "y")), None)
    assert (name, len(chosen)) == ("all", 2)


def test_a_split_that_is_not_there_is_told(tmp_path: Path) -> None:
    data = sheet(tmp_path, *SPLITS, header=("text", "label", "split"))
    with pytest.raises(ConfigError, match="no row is of split `dev`, there is few, test, train"):
        chosen_rows(data, "dev")


def test_an_occupied_folder_is_told_before_any_row_is_read(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(ConfigError, match="something else than a model of intents"):
        train("intents", "--data", tmp_path / "nowhere.csv", "--out", tmp_path)


def test_too_few_rows_for_a_head_are_told(tmp_path: Path) -> None:
    data = sheet(tmp_path, ("my withdrawal is stuck", "withdrawal", "ana"), header=("text", "label", "author"))
    with pytest.raises(ConfigError, match="too few; bring 50 rows"):
        train("heads", "--task", "intent", "--data", data, "--data-dir", tmp_path)


def test_a_folder_without_a_fleet_has_no_reviews(tmp_path: Path) -> None:
    with pytest.raises(FleetwatchError, match="no fleet has run here"):
        train("reviews", "--data-dir", tmp_path)


def reviewed(data_dir: Path, **changes: Any) -> None:
    """A fleet's database in which one human decision was taken."""

    async def write() -> None:
        database = Database(f"sqlite+aiosqlite:///{data_dir / 'fleetwatch.sqlite3'}")
        await database.migrate()
        (record,) = await stored(database, new(**changes))
        async with database.transaction() as tx:
            values: dict[str, Any] = {"kind": "flag", "risk": 0.5, "proposed": (), "reasons": (REASON,)}
            review_id = await reviews.add(tx, mention_id=record.id, **values, due_at=NOW, now=NOW)
            await reviews.decide(tx, review_id, user="ana", outcome="scam", now=NOW + MINUTE)
        await database.close()

    asyncio.run(write())


def test_posts_on_x_teach_nothing_unless_asked_for(tmp_path: Path) -> None:
    reviewed(tmp_path, platform="x", author=account(platform="x"))
    with pytest.raises(ConfigError, match="have not decided anything"):
        train("reviews", "--data-dir", tmp_path)
    with pytest.raises(ConfigError, match="too few; bring 50 rows"):
        train("reviews", "--data-dir", tmp_path, "--include-x")


def test_the_comparison_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    right, wrong = figures(["a", "b"], ["a", "b"]), figures(["a", "b"], ["a", "a"])
    show_compared(Compared(head="intent", fitted=40, new=(wrong, right), written=(right, wrong)))
    assert "forgets what the written posts teach" in capsys.readouterr().out
