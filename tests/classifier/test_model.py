"""The shipped model loads, judges alike alone and in a batch, and says plainly when its files are wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier.model import MANIFEST, TASKS, WEIGHTS, Model, load
from classifier.text import MAX_CHARACTERS, normalise
from domain.errors import ModelError
from tests.classifier.conftest import FOLDER

TEXTS = ["my withdrawal is stuck!!", "充值一直没到账", "", "🚀", "a" * 5000, "\ud800 broken", "спасибо, всё пришло"]


def test_probabilities_sum_to_one_for_every_task(model: Model) -> None:
    for judged in model.judge(TEXTS):
        assert set(judged) == set(TASKS)
        assert all(sum(one.probabilities.values()) == pytest.approx(1.0) for one in judged.values())


def test_a_batch_gives_what_single_posts_give(model: Model) -> None:
    together = model.probabilities(TEXTS)
    for row, text in enumerate(TEXTS):
        alone = model.probabilities([text])
        for task in TASKS:
            np.testing.assert_allclose(alone[task][0], together[task][row], rtol=1e-6)


def test_loading_twice_gives_the_same(model: Model) -> None:
    assert load(FOLDER).judge(TEXTS) == model.judge(TEXTS)


def test_an_empty_batch_is_answered(model: Model) -> None:
    assert model.judge([]) == []


def test_what_stands_beyond_the_cap_is_not_read(model: Model) -> None:
    text = "where is my deposit " * 200
    assert len(text) > MAX_CHARACTERS
    assert model.judge([text]) == model.judge([text[:MAX_CHARACTERS]])


def test_normalisation_never_grows_without_bound() -> None:
    assert len(normalise("\ufdfa" * 1_000_000)) <= 2 * MAX_CHARACTERS


def _drop_label(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest["tasks"]["urgency"]["labels"].pop()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _set(field: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        (folder / MANIFEST).write_text(json.dumps(manifest | {field: value}), encoding="utf-8")

    return change


def _cut(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])


def _wrong_shape(folder: Path) -> None:
    with np.load(folder / WEIGHTS) as archive:
        arrays = dict(archive)
    arrays["bias"] = np.zeros(3)
    np.savez_compressed(folder / WEIGHTS, allow_pickle=False, **arrays)


def _write(name: str, content: bytes) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).write_bytes(content)

    return change


def _remove(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        (folder / name).unlink()

    return change


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_remove(MANIFEST), "is missing"),
        (_remove(WEIGHTS), "is missing"),
        (_write(MANIFEST, b"{"), "cannot be read"),
        (_write(MANIFEST, b"\xff\xfe"), "cannot be read"),
        (_cut, "cannot be read"),
        (_set("format", 99), "not of format"),
        (_set("dense", ["other"]), "concepts"),
        (_set("tasks", []), "wrong labels"),
        (_drop_label, "wrong labels for the task urgency"),
        (_wrong_shape, "`bias`"),
    ],
)
def test_a_spoilt_folder_is_refused_in_one_sentence(tmp_path: Path, spoil: Callable[[Path], object], says: str) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "model")
    spoil(folder)
    with pytest.raises(ModelError) as error:
        load(folder)
    assert says in str(error.value)
    assert "\n" not in str(error.value)
