"""Which models there are and which is in use: a note that changes whole."""

from pathlib import Path

import pytest

from classifier.shelf import Shelf, card
from domain.errors import ModelError
from tests.tiny_model import tiny_model


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    for name in ("b", "a", ".draft", "no name"):
        (tmp_path / "models" / name).mkdir(parents=True)
    return Shelf(tmp_path / "models", tmp_path / "shipped")


def test_the_shipped_one_stands_first_and_drafts_are_left_out(shelf: Shelf) -> None:
    assert shelf.names() == ["default", "a", "b"]


def test_an_empty_data_folder_has_the_shipped_one_in_use(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "nowhere", tmp_path / "shipped")
    assert (shelf.names(), shelf.current()) == (["default"], "default")


def test_going_back_and_forth(shelf: Shelf) -> None:
    shelf.use("a")
    shelf.use("b")
    assert (shelf.current(), shelf.previous()) == ("b", "a")
    shelf.use(shelf.previous())
    assert (shelf.current(), shelf.previous()) == ("a", "b")


def test_using_the_same_again_keeps_what_was_before(shelf: Shelf) -> None:
    shelf.use("a")
    shelf.use("a")
    assert shelf.previous() == "default"


def test_there_is_no_way_back_before_the_first_change(shelf: Shelf) -> None:
    with pytest.raises(ModelError, match="no other model was in use"):
        shelf.previous()


@pytest.mark.parametrize("name", ["", "current", "../shipped", "a/b", ".draft", "x" * 200, "a\nb"])
def test_a_name_leads_nowhere_else(shelf: Shelf, name: str) -> None:
    with pytest.raises(ModelError, match="is no name for a model"):
        shelf.use(name)


@pytest.mark.parametrize("note", [b"", b"\xff\xfe", b"../shipped\n"])
def test_a_torn_note_is_told_and_mended_by_the_next_use(shelf: Shelf, note: bytes) -> None:
    (shelf.folder / "current").write_bytes(note)
    with pytest.raises(ModelError, match="run `fleetwatch models use default`"):
        shelf.current()
    shelf.use("a")
    assert shelf.current() == "a"


def test_a_card_tells_models_apart_and_ignores_where_they_came_from(tmp_path: Path) -> None:
    first, second = card(tiny_model(tmp_path / "a")), card(tiny_model(tmp_path / "b", network="onnx/model.onnx"))
    (tmp_path / "a" / "source.json").write_text('{"revision": "abc"}', encoding="utf-8")
    again = card(tmp_path / "a")
    assert (again.digest, again.version, again.kind) == (first.digest, "abc", "hugging_face")
    assert first.digest != second.digest
