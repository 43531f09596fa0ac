"""The model in use changes while it serves; a broken one never takes its place."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from classifier.shelf import Shelf
from domain.errors import ModelError
from domain.understanding import Assessment, Question
from storage import audit
from storage.db import Database
from tests.triage.builders import policy
from tests.workers.fakes import FakeClock
from workers.models import ModelKeeper, ModelWatch, Serving


@dataclass(frozen=True, slots=True)
class Versioned:
    """A classifier that is nothing but its version."""

    version: str

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        raise AssertionError(f"nobody asks {self.version} about {batch}")


def build(folder: Path) -> Serving:
    try:
        version = (folder / "manifest.json").read_text(encoding="utf-8")
    except OSError:
        raise ModelError(f"{folder} is not there.") from None
    if version == "broken":
        raise ModelError(f"{folder} is broken.")
    return Serving(classifier=Versioned(version), policy=replace(policy(), brand=f"brand of {version}"))


def put(folder: Path, version: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text(version, encoding="utf-8")


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    put(tmp_path / "shipped", "shipped")
    put(tmp_path / "models" / "own", "own")
    put(tmp_path / "models" / "bad", "broken")
    return Shelf(tmp_path / "models", tmp_path / "shipped")


def test_without_a_note_the_default_serves(shelf: Shelf) -> None:
    keeper = ModelKeeper(shelf, build)
    assert (keeper.version, keeper.trouble) == ("shipped", "")


def test_the_model_in_use_serves_from_the_start(shelf: Shelf) -> None:
    shelf.use("own")
    assert ModelKeeper(shelf, build).version == "own"


@pytest.mark.parametrize("name", ["bad", "gone"])
def test_at_the_start_the_default_serves_for_a_broken_one(shelf: Shelf, name: str) -> None:
    shelf.use(name)
    keeper = ModelKeeper(shelf, build)
    assert keeper.version == "shipped"
    assert str(shelf.path(name)) in keeper.trouble


def test_at_the_start_a_torn_note_is_told_and_the_default_serves(shelf: Shelf) -> None:
    (shelf.folder / "current").write_bytes(b"\xff\n")
    keeper = ModelKeeper(shelf, build)
    assert keeper.version == "shipped"
    assert "run `fleetwatch models use default`" in keeper.trouble


def test_a_broken_default_ends_the_start(shelf: Shelf) -> None:
    put(shelf.default, "broken")
    with pytest.raises(ModelError, match="shipped is broken"):
        ModelKeeper(shelf, build)


def test_another_model_is_taken_up_with_its_thresholds(shelf: Shelf) -> None:
    keeper = ModelKeeper(shelf, build)
    shelf.use("own")
    assert keeper.refresh()
    assert (keeper.version, keeper.policy().brand) == ("own", "brand of own")


def test_changed_files_of_the_model_in_use_are_taken_up(shelf: Shelf) -> None:
    shelf.use("own")
    keeper = ModelKeeper(shelf, build)
    put(shelf.path("own"), "own, better")
    assert keeper.refresh()
    assert keeper.version == "own, better"


def test_nothing_changed_is_nothing_opened(shelf: Shelf) -> None:
    assert not ModelKeeper(shelf, build).refresh()


@pytest.mark.parametrize("name", ["bad", "gone"])
def test_the_last_good_model_serves_on(shelf: Shelf, name: str) -> None:
    shelf.use("own")
    keeper = ModelKeeper(shelf, build)
    shelf.use(name)
    keeper.refresh()
    assert (keeper.version, keeper.policy().brand) == ("own", "brand of own")
    assert str(shelf.path(name)) in keeper.trouble


def test_a_broken_model_is_tried_once_until_it_changes(shelf: Shelf) -> None:
    keeper = ModelKeeper(shelf, build)
    shelf.use("bad")
    assert [keeper.refresh(), keeper.refresh()] == [True, False]
    put(shelf.path("bad"), "mended")
    keeper.refresh()
    assert (keeper.version, keeper.trouble) == ("mended", "")


def test_a_model_in_use_that_is_removed_serves_on(shelf: Shelf) -> None:
    shelf.use("own")
    keeper = ModelKeeper(shelf, build)
    shutil.rmtree(shelf.path("own"))
    keeper.refresh()
    assert keeper.version == "own"
    assert keeper.trouble


async def test_the_audit_log_says_which_model_serves_and_why_not(shelf: Shelf, database: Database) -> None:
    watch = ModelWatch(keeper=ModelKeeper(shelf, build), database=database, now=FakeClock())
    shelf.use("bad")
    await watch.once()
    await watch.once()
    async with database.reading() as tx:
        found = [(row.actor, row.verb, row.subject) for row in await audit.latest(tx, 5)]
        noted = await audit.last(tx, audit.MODEL_VERBS)
    assert found == [("fleet", "model.refuse", "shipped")]
    assert noted is not None
    assert "bad is broken" in noted.detail
