"""The sentence encoder: a small transformer, run by ONNX without torch."""

import hashlib
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from classifier.text import plain
from domain.errors import ModelError

NETWORK, TOKENIZER = "encoder.onnx", "tokenizer.json"
WIDTH = 384
MAX_TOKENS = 96

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoded:
    """What the encoder says of n texts; every part is (n, WIDTH)."""

    first: Floats
    """The last layer's first token, which the tasks are trained on."""
    mean: Floats
    """Mean over the last layer: likeness of two texts is the cosine of their means."""
    middle: Floats
    low: Floats
    words: Floats
    """Means over the fourth, the second layer and the word vectors."""

    def rows(self, places: Sequence[int]) -> "Encoded":
        chosen = np.asarray(places, dtype=np.int64)
        return Encoded(**{part: getattr(self, part)[chosen] for part in _PARTS})


_PARTS = ("first", "mean", "middle", "low", "words")


class _Encoding(Protocol):
    ids: list[int]


class _Tokenizer(Protocol):
    def encode_batch(self, texts: list[str]) -> list[_Encoding]: ...
    def enable_truncation(self, max_length: int) -> None: ...


class _Session(Protocol):
    def run(self, names: list[str] | None, feed: dict[str, NDArray[np.int64]]) -> list[Floats]: ...


class _Options(Protocol):
    intra_op_num_threads: int
    inter_op_num_threads: int


class _Runtime(Protocol):
    """The little of onnxruntime that is used here."""

    def SessionOptions(self) -> _Options: ...  # noqa: N802
    def InferenceSession(self, content: bytes, options: _Options, *, providers: list[str]) -> _Session: ...  # noqa: N802


class Encoder:
    """Safe to call from several threads.

    Every text is run by itself: int8 rounds by the largest number of a batch, so neighbours would change what is said of a
    text; and short texts on as many threads as there are cores are as fast as padded batches.
    """

    def __init__(self, tokenizer: _Tokenizer, session: _Session, digest: str, threads: int) -> None:
        self._tokenizer = tokenizer
        self._session = session
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="encoder")
        self.digest = digest

    def encode(self, texts: Sequence[str]) -> Encoded:
        """Raw texts in; a text's numbers do not depend on the texts beside it."""
        return self.encode_plain([plain(text) for text in texts])

    def encode_plain(self, texts: Sequence[str]) -> Encoded:
        """As `encode`, of texts that `classifier.text.plain` has made."""
        encodings = self._tokenizer.encode_batch(list(texts))
        rows = list(self._pool.map(self._run, encodings, chunksize=1))
        table = np.concatenate(rows) if rows else np.zeros((0, len(_PARTS) * WIDTH), np.float32)
        return Encoded(**{part: table[:, n * WIDTH : (n + 1) * WIDTH] for n, part in enumerate(_PARTS)})

    def _run(self, encoding: _Encoding) -> Floats:
        tokens = np.array([encoding.ids], np.int64)
        return self._session.run(None, {"input_ids": tokens, "attention_mask": np.ones_like(tokens)})[0]


def load_encoder(folder: Path, threads: int = 0) -> Encoder:
    """The encoder in `folder`. `threads`: texts at a time; 0: one a core. Raises ModelError when a file is missing or bad."""
    network, tokenizer = _bytes(folder / NETWORK), _bytes(folder / TOKENIZER)
    return Encoder(
        _tokenizer(folder / TOKENIZER, tokenizer),
        _session(folder / NETWORK, network),
        hashlib.sha256(network + tokenizer).hexdigest(),
        threads or len(os.sched_getaffinity(0)),
    )


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): restore the model folder.") from None


def _tokenizer(path: Path, content: bytes) -> _Tokenizer:
    from tokenizers import Tokenizer  # noqa: PLC0415 - only who encodes needs it

    try:
        tokenizer = cast("_Tokenizer", Tokenizer.from_str(content.decode("utf-8")))
    except Exception as error:  # noqa: BLE001 - the library raises bare Exceptions
        raise ModelError(f"{path} is no tokenizer ({type(error).__name__}): restore the model folder.") from None
    tokenizer.enable_truncation(max_length=MAX_TOKENS)
    return tokenizer


def _session(path: Path, content: bytes) -> _Session:
    import onnxruntime  # noqa: PLC0415  # pyright: ignore[reportMissingTypeStubs]

    library = cast("_Runtime", onnxruntime)
    options = library.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        return library.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no base class
        raise ModelError(f"{path} is no sound network ({type(error).__name__}): restore the model folder.") from None
