"""The shipped model loads, judges alike alone and in a batch, and says plainly when its files are wrong."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier.encoder import NETWORK, TOKENIZER
from classifier.linear import WEIGHTS
from classifier.model import EXTRA_HEADS, HEADS, MANIFEST, NEEDS_HEADS, TASKS, Model, load
from classifier.posts import load_posts
from classifier.text import MAX_CHARACTERS, normalise
from domain.errors import ModelError
from tests.classifier.conftest import FOLDER

TEXTS = ["my withdrawal is stuck!!", "充值一直没到账", "", "🚀", "a" * 5000, "\ud800 broken", "спасибо, всё пришло"]


def test_probabilities_sum_to_one_for_every_head(model: Model) -> None:
    found = model.probabilities(TEXTS)
    assert set(found) == {*TASKS, *EXTRA_HEADS}
    for name, table in found.items():
        assert table.shape == (len(TEXTS), len(model.heads[name].labels))
        np.testing.assert_allclose(table.sum(axis=1), 1.0)


def test_a_batch_gives_what_single_posts_give(model: Model) -> None:
    together = model.read(TEXTS).probabilities
    for row, text in enumerate(TEXTS):
        alone = model.read([text]).probabilities
        for name, table in together.items():
            np.testing.assert_allclose(alone[name][0], table[row], rtol=1e-6)


def test_the_encoder_reads_whoever_may_need_help(model: Model) -> None:
    asking = ["my withdrawal is stuck for two days, please help", "提现卡住了，怎么办", "як зняти кошти?"]
    assert model.read(asking).encoded.all()


def test_the_cascade_spares_the_encoder_some_chatter_and_says_the_same(model: Model) -> None:
    posts = [post for post in load_posts() if post.calibration and post.action == "none"]
    texts = [post.text for post in posts]
    cheap, full = model.read(texts), model.read(texts, all_encoded=True)
    spared = ~cheap.encoded
    assert spared.any()
    need = [reading.probabilities["action"].argmax(axis=1)[spared] for reading in (cheap, full)]
    assert (need[0] == need[1]).mean() > 0.9


def test_a_link_changes_nothing_of_what_somebody_needs(model: Model) -> None:
    asking = ["my withdrawal is stuck for two days, please help", "提现卡住了，怎么办"]
    plainly = model.read(asking)
    linked = model.read([f"{text} https://x.example/status/1" for text in asking])
    for name in NEEDS_HEADS:
        np.testing.assert_allclose(linked.probabilities[name], plainly.probabilities[name])
    assert not np.allclose(linked.probabilities["threat"], plainly.probabilities["threat"])


def test_a_post_that_is_only_a_link_is_judged(model: Model) -> None:
    assert len(model.judge(["https://x.example/status/1"])) == 1


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
    manifest["heads"]["urgency"]["labels"].pop()
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _set(field: str, value: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        (folder / MANIFEST).write_text(json.dumps(manifest | {field: value}), encoding="utf-8")

    return change


def _cut(name: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        content = (folder / name).read_bytes()
        (folder / name).write_bytes(content[: len(content) // 2])

    return change


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
        (_remove(NETWORK), "cannot be read"),
        (_write(MANIFEST, b"{"), "cannot be read"),
        (_write(MANIFEST, b"\xff\xfe"), "cannot be read"),
        (_cut(WEIGHTS), "cannot be read"),
        (_cut(HEADS), "cannot be read"),
        (_cut(NETWORK), "no sound network"),
        (_write(NETWORK, b""), "no sound network"),
        (_cut(TOKENIZER), "no tokenizer"),
        (_set("encoder", "other"), "another encoder"),
        (_set("format", 99), "not a fleet model of format"),
        (_set("kind", "intents"), "not a fleet model"),
        (_set("dense", ["other"]), "concepts"),
        (_set("heads", []), "wrong labels"),
        (_drop_label, "wrong labels for the head `urgency`"),
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
