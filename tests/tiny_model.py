"""A Hugging Face folder of a few kilobytes: a text is judged by its words, through a real tokenizer and a real ONNX network."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WORDS = ("[PAD]", "[UNK]", "awful", "plain", "lovely")
LABELS = ("NEG", "NEU", "POS")
WEIGHTS = np.array([[0, 0, 0], [0, 0.1, 0], [5, 0, 0], [0, 5, 0], [0, 0, 5]], np.float32)
"""(words, labels): what each word adds to each label."""


def tiny_model(folder: Path, *, network: str = "model.onnx", weights: NDArray[np.float32] = WEIGHTS) -> Path:
    """Says NEG of `awful`, NEU of `plain` and POS of `lovely`."""
    (folder / network).parent.mkdir(parents=True, exist_ok=True)
    (folder / network).write_bytes(onnx(weights))
    tiny_tokenizer(folder, WORDS)
    config = {"model_type": "bert", "vocab_size": len(WORDS), "id2label": dict(enumerate(LABELS))}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def tiny_tokenizer(folder: Path, words: Sequence[str]) -> None:
    tokenizer = Tokenizer(WordLevel({word: place for place, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()  # pyright: ignore[reportAttributeAccessIssue] - the stubs lack the setter
    tokenizer.save(str(folder / "tokenizer.json"))
    settings = {"tokenizer_class": "PreTrainedTokenizerFast", "pad_token": "[PAD]", "unk_token": "[UNK]"}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def onnx(weights: NDArray[np.float32]) -> bytes:
    """A network that adds up its words' weights, written in ONNX's wire format (opset 11)."""
    look_up = _text(1, "weights") + _text(1, "input_ids") + _text(2, "found") + _text(4, "Gather")
    along = _text(1, "axes") + _number(8, 1) + _number(20, 7)
    flat = _text(1, "keepdims") + _number(3, 0) + _number(20, 2)
    add_up = _text(1, "found") + _text(2, "logits") + _text(4, "ReduceSum") + _field(5, along) + _field(5, flat)
    size = b"".join(_number(1, length) for length in weights.shape)
    table = size + _number(2, 1) + _text(8, "weights") + _field(9, weights.astype("<f4").tobytes())
    ends = _field(11, _tensor("input_ids", 7, "texts", "tokens")) + _field(12, _tensor("logits", 1, "texts", "labels"))
    graph = _field(1, look_up) + _field(1, add_up) + _text(2, "tiny") + _field(5, table) + ends
    return _number(1, 7) + _field(7, graph) + _field(8, _text(1, "") + _number(2, 11))


def _tensor(name: str, kind: int, *sizes: str) -> bytes:
    shape = b"".join(_field(1, _text(2, size)) for size in sizes)
    return _text(1, name) + _field(2, _field(1, _number(1, kind) + _field(2, shape)))


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _text(field: int, text: str) -> bytes:
    return _field(field, text.encode())


def _field(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    low, rest = value & 0x7F, value >> 7
    return bytes([low | 0x80]) + _varint(rest) if rest else bytes([low])
