"""`fleetwatch models`: fetched over a real socket, tried, listed, and refused in one sentence."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from classifier.opening import DEFAULT, open_scorer
from classifier.shelf import Shelf
from cli.models import list_models, use
from cli.pulling import pull
from domain.errors import ModelError
from tests.cli.test_commands import fleetwatch
from tests.cli.tiny_hub import SHA, tiny_hub
from tests.tiny_model import LABELS, tiny_model


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the hub has: a sound model among files that nobody wants, a broken one, a pickled one."""
    models = tmp_path_factory.mktemp("hub")
    tiny_model(models / "kestrel" / "moods")
    for name in ("pytorch_model.bin", "modeling.py", "training_args.bin", "onnx/model_fp16.onnx", "sub/config.json"):
        (models / "kestrel" / "moods" / name).parent.mkdir(exist_ok=True)
        (models / "kestrel" / "moods" / name).write_bytes(b"unwanted")
    (tiny_model(models / "kestrel" / "torn") / "model.onnx").write_bytes(b"torn")
    (tiny_model(models / "kestrel" / "pickled") / "model.onnx").rename(models / "kestrel" / "pickled" / "model.bin")
    return models


@pytest.fixture
def asked() -> list[str]:
    return []


@pytest.fixture
def hub(models: Path, asked: list[str]) -> Iterator[str]:
    with tiny_hub(models, asked) as address:
        yield address


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "models", tmp_path / "shipped")


def test_a_model_is_fetched_and_ready(shelf: Shelf, hub: str, asked: list[str]) -> None:
    name = pull("kestrel/moods", None, None, shelf, hub)
    assert open_scorer(shelf.path(name), "sentiment").labels == LABELS
    assert sorted(set(asked)) == ["config.json", "model.onnx", "tokenizer.json", "tokenizer_config.json"]
    kept = sorted(path.name for path in shelf.path(name).iterdir())
    assert kept == ["config.json", "model.onnx", "source.json", "tokenizer.json", "tokenizer_config.json"]


def test_where_it_came_from_is_noted(shelf: Shelf, hub: str) -> None:
    name = pull("kestrel/moods", "main", "mine", shelf, hub)
    assert json.loads((shelf.path(name) / "source.json").read_text()) == {"source": "kestrel/moods", "revision": SHA}


@pytest.mark.parametrize(
    ("source", "revision", "words"),
    [
        ("kestrel/torn", None, "kestrel/torn/model.onnx is no sound network"),
        ("kestrel/pickled", None, "kestrel/pickled has only pickled weights"),
        ("kestrel/moods", "v9", "kestrel/moods has no revision v9"),
        ("kestrel/none", None, "kestrel/none is not on the hub"),
        ("a/b/c", None, "a/b/c is neither a folder nor a hub id"),
    ],
)
def test_what_cannot_be_used_leaves_nothing_behind(
    shelf: Shelf, hub: str, source: str, revision: str | None, words: str
) -> None:
    with pytest.raises(ModelError) as caught:
        pull(source, revision, None, shelf, hub)
    assert words in str(caught.value)
    assert list(shelf.folder.iterdir()) == []


def test_a_hub_that_does_not_answer_is_told_in_one_sentence(shelf: Shelf, models: Path) -> None:
    with tiny_hub(models, []) as gone:
        pass
    with pytest.raises(ModelError, match="the hub does not answer as it should"):
        pull("kestrel/moods", None, None, shelf, gone)


def test_a_folder_is_copied_without_what_could_run(shelf: Shelf, models: Path) -> None:
    name = pull(str(models / "kestrel" / "moods"), None, None, shelf)
    kept = sorted(path.name for path in shelf.path(name).iterdir())
    assert kept == ["config.json", "model.onnx", "source.json", "tokenizer.json", "tokenizer_config.json"]


def test_a_model_that_is_there_is_not_overwritten(shelf: Shelf, models: Path) -> None:
    pull(str(models / "kestrel" / "moods"), None, None, shelf)
    with pytest.raises(ModelError, match="is there already"):
        pull(str(models / "kestrel" / "moods"), None, None, shelf)


def test_a_name_leads_nowhere_else(shelf: Shelf, models: Path) -> None:
    with pytest.raises(ModelError, match="is no name for a model"):
        pull(str(models / "kestrel" / "moods"), None, "../moods", shelf)


def test_the_command_fetches_and_says_what_to_do_next(hub: str, tmp_path: Path) -> None:
    done = fleetwatch("models", "pull", "kestrel/moods", "--data-dir", str(tmp_path), HF_ENDPOINT=hub)
    assert done.returncode == 0, done.stderr
    assert "moods is here and says: NEG, NEU, POS." in done.stdout
    assert "[models.<task>]" in done.stdout


def test_the_list_tells_what_is_there_what_is_in_use_and_what_is_broken(
    tmp_path: Path, models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shelf = Shelf(tmp_path / "models", DEFAULT)
    pull(str(models / "kestrel" / "moods"), None, None, shelf)
    shelf.path("broken").mkdir()
    list_models(tmp_path, as_json=True)
    found = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert {name: (one["kind"], one["use"], bool(one["problem"])) for name, one in found.items()} == {
        "default": ("fleet", "in use", False),
        "broken": ("", "", True),
        "moods": ("hugging_face", "", False),
    }
    list_models(tmp_path, as_json=False)
    assert "it is no model folder" in capsys.readouterr().out


def test_a_model_of_one_task_is_not_used_as_the_whole(tmp_path: Path, models: Path) -> None:
    pull(str(models / "kestrel" / "moods"), None, None, Shelf(tmp_path / "models", DEFAULT))
    with pytest.raises(ModelError, match=r"moods judges one task .* \[models\.<task>\]"):
        use("moods", False, tmp_path)
    assert not (tmp_path / "models" / "current").exists()


def test_an_offline_hub_is_told_in_one_sentence(tmp_path: Path) -> None:
    done = fleetwatch("models", "pull", "kestrel/moods", "--data-dir", str(tmp_path), HF_HUB_OFFLINE="1")
    assert done.returncode == 2
    assert "HF_HUB_OFFLINE is set" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("name", "previous"), [("gone", False), (None, True), (None, False), ("default", True), ("../default", False)]
)
def test_a_use_that_cannot_be_changes_nothing(tmp_path: Path, name: str | None, previous: bool) -> None:
    with pytest.raises(ModelError):
        use(name, previous, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_sound_model_is_used_and_left_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", DEFAULT)
    shutil.copytree(DEFAULT, shelf.path("own"))
    use("own", False, tmp_path)
    assert shelf.current() == "own"
    use(None, True, tmp_path)
    assert shelf.current() == "default"


def test_a_spoilt_copy_is_not_used(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "models", DEFAULT)
    shutil.copytree(DEFAULT, shelf.path("own"))
    (shelf.path("own") / "manifest.json").write_text('{"kind": "fleet"}', encoding="utf-8")
    with pytest.raises(ModelError):
        use("own", False, tmp_path)
    assert shelf.current() == "default"
