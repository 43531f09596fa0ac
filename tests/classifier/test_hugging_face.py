"""Strangers' model folders: sound ones judge, broken ones end in one sentence with the mend."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from classifier.opening import open_scorer
from domain.errors import ModelError
from tests.tiny_model import LABELS, WEIGHTS, onnx, tiny_model, tiny_tokenizer


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_model(tmp_path_factory.mktemp("sound"))


def said(folder: Path, *texts: str) -> list[str]:
    scorer = open_scorer(folder, "sentiment")
    return [scorer.labels[place] for place in scorer.probabilities(texts).argmax(axis=1)]


@pytest.mark.parametrize("network", ["model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx"])
def test_a_folder_judges_with_its_own_labels(tmp_path: Path, network: str) -> None:
    folder = tiny_model(tmp_path, network=network)
    assert said(folder, "awful", "plain words", "lovely", "plain and lovely and lovely") == ["NEG", "NEU", "POS", "POS"]


def test_rows_are_probabilities_in_the_order_of_the_texts(sound: Path) -> None:
    scorer = open_scorer(sound, "sentiment")
    table = scorer.probabilities(["lovely " * 300, "awful", "", "lovely"])
    assert scorer.labels == LABELS
    assert np.allclose(table.sum(axis=1), 1)
    assert table.argmax(axis=1).tolist()[:2] == [2, 0]
    assert np.allclose(table[2], 1 / 3)


def test_no_texts_are_no_rows(sound: Path) -> None:
    assert open_scorer(sound, "sentiment").probabilities([]).shape == (0, 3)


def test_a_megabyte_is_read_no_further_than_its_beginning(sound: Path) -> None:
    assert said(sound, "lovely " + "😡" * 1_000_000) == ["POS"]


Break = Callable[[Path], object]


def config(**changes: object) -> Break:
    def change(folder: Path) -> None:
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")) | changes), encoding="utf-8")

    return change


def network(content: bytes) -> Break:
    return lambda folder: (folder / "model.onnx").write_bytes(content)


def without_network(**files: bytes) -> Break:
    def change(folder: Path) -> None:
        (folder / "model.onnx").unlink()
        for name, content in files.items():
            (folder / name.replace("__", ".")).write_bytes(content)

    return change


NOT_FINITE = np.full_like(WEIGHTS, np.nan)

BROKEN: dict[str, tuple[Break, str]] = {
    "no folder": (shutil.rmtree, "is not there: name a model folder"),
    "empty folder": (
        lambda folder: [file.unlink() for file in folder.iterdir()],
        "holds neither manifest.json nor config.json",
    ),
    "empty config": (lambda folder: (folder / "config.json").write_bytes(b""), "cannot be read (JSONDecodeError)"),
    "binary config": (lambda folder: (folder / "config.json").write_bytes(b"\xff\xfe"), "cannot be read (UnicodeDecodeError)"),
    "config of brackets": (
        lambda folder: (folder / "config.json").write_text("[" * 100_000),
        "cannot be read (RecursionError)",
    ),
    "config is a list": (lambda folder: (folder / "config.json").write_text("[]"), "is not a JSON object"),
    "no labels": (config(id2label=None), "names no labels in `id2label`"),
    "one label": (config(id2label={"0": "LABEL_0"}), "names no labels in `id2label`, or only one"),
    "labels with a gap": (config(id2label={"0": "a", "2": "b"}), "names no labels"),
    "labels alike": (config(id2label={"0": "a", "1": "a", "2": "b"}), "names no labels"),
    "several labels a text": (config(problem_type="multi_label_classification"), "chooses one label a text"),
    "fewer labels than columns": (config(id2label={"0": "a", "1": "b"}), "use a trained classifier"),
    "no tokenizer": (lambda folder: [(folder / name).unlink() for name in TOKENIZER], "has no tokenizer: fetch"),
    "empty tokenizer": (lambda folder: (folder / "tokenizer.json").write_bytes(b""), "has a tokenizer that cannot be read"),
    "torn tokenizer": (
        lambda folder: (folder / "tokenizer.json").write_text('{"version": '),
        "has a tokenizer that cannot be read",
    ),
    "another tokenizer": (lambda folder: tiny_tokenizer(folder, ["[PAD]", "[UNK]", *"abcdefg"]), "a tokenizer of 9 words for"),
    "another network": (network(onnx(WEIGHTS[:1])), "do not belong together"),
    "empty network": (network(b""), "is no sound network"),
    "truncated network": (network(onnx(WEIGHTS)[:-40]), "is no sound network"),
    "text for a network": (network(b"version https://git-lfs.github.com/spec/v1\n"), "is no sound network"),
    "broken weights": (network(onnx(NOT_FINITE)), "numbers that are not finite"),
    "no weights": (without_network(), "holds neither model.onnx"),
    "pickled weights": (without_network(pytorch_model__bin=b"\x80\x04."), "has only pickled weights"),
}
TOKENIZER = ("tokenizer.json", "tokenizer_config.json")


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_folder_ends_in_one_sentence(tmp_path: Path, sound: Path, name: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(sound, folder)
    spoil, words = BROKEN[name]
    spoil(folder)
    with pytest.raises(ModelError) as caught:
        open_scorer(folder, "sentiment")
    assert words in str(caught.value)
    assert str(folder) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_empty_safetensors_name_torch_whether_it_is_installed_or_not(tmp_path: Path) -> None:
    folder = tiny_model(tmp_path)
    (folder / "model.onnx").unlink()
    (folder / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelError, match=r"which need torch|by torch"):
        open_scorer(folder, "sentiment")


@pytest.mark.parametrize(
    ("manifest", "words"),
    [
        (b"", "cannot be read"),
        (b"[]", "names no kind"),
        (b'{"kind": "oracle"}', "names no kind"),
        (b'{"kind": []}', "names no kind"),
    ],
)
def test_a_manifest_of_no_known_kind_ends_in_one_sentence(tmp_path: Path, manifest: bytes, words: str) -> None:
    (tmp_path / "manifest.json").write_bytes(manifest)
    with pytest.raises(ModelError, match=words):
        open_scorer(tmp_path, "sentiment")


def test_a_file_is_no_model_folder(tmp_path: Path) -> None:
    path = tmp_path / "model.onnx"
    path.write_bytes(onnx(WEIGHTS))
    with pytest.raises(ModelError, match="is a file: name the folder"):
        open_scorer(path, "sentiment")
