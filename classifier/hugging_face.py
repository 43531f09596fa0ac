"""A stranger's sequence classifier in a local folder: by ONNX, or by torch where the `[torch]` extra is installed.

Nothing of the folder is ever run or unpickled: ONNX and safetensors hold numbers, not programs.
"""

import importlib.util
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from classifier.model import softmax
from classifier.scoring import Scorer
from classifier.text import MAX_CHARACTERS
from domain.errors import ModelError

CONFIG = "config.json"
NETWORKS = ("model.onnx", "onnx/model.onnx", "onnx/model_quantized.onnx")
"""The first that is there is used."""
WEIGHTS = ("model.safetensors", "model.safetensors.index.json")
PICKLES = ("*.bin", "*.pt", "*.pth", "*.ckpt", "*.pkl", "*.h5")
VOCABULARIES = ("tokenizer.json", "vocab.txt", "vocab.json", "*.model")
"""One of them must be there: without any, the library makes up a tokenizer that knows no words."""
MAX_TOKENS = 256
BATCH = 8
TRIAL = ("", "Where is my withdrawal?", "출금이 안 돼요 😡", "我的提现在哪里？", "где мои деньги? " * 200)
"""What a model must judge before it is trusted: nothing, other scripts, and a post longer than it reads."""

Table = NDArray[np.float64]
Tokens = dict[str, NDArray[np.int64]]
Network = Callable[[Tokens], Table]
"""Padded tokens in, (texts, labels) logits out."""


class _Tokenizer(Protocol):
    model_max_length: int

    def __call__(self, texts: list[str], *, truncation: bool, max_length: int) -> Mapping[str, list[list[int]]]: ...
    def __len__(self) -> int: ...
    def pad(self, batch: Mapping[str, list[list[int]]], *, return_tensors: str) -> Mapping[str, NDArray[np.int64]]: ...


class HuggingFaceScorer:
    """Judges one task with the model's own labels. Probabilities are the network's softmax, calibrated by nobody."""

    def __init__(self, labels: tuple[str, ...], tokenizer: _Tokenizer, network: Network) -> None:
        self.labels = labels
        self._tokenizer = tokenizer
        self._network = network

    def probabilities(self, texts: Sequence[str]) -> Table:
        """(texts, labels); every row sums to 1. A post's tail beyond MAX_TOKENS is not read."""
        if not texts:
            return np.zeros((0, len(self.labels)))
        read = self._tokenizer(
            [text[:MAX_CHARACTERS] for text in texts],
            truncation=True,
            max_length=min(MAX_TOKENS, self._tokenizer.model_max_length),
        )
        ids = read["input_ids"]
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        logits = np.zeros((len(ids), len(self.labels)))
        for first in range(0, len(order), BATCH):
            places = order[first : first + BATCH]
            batch = {name: [rows[place] for place in places] for name, rows in read.items()}
            logits[places] = self._judge(dict(self._tokenizer.pad(batch, return_tensors="np")))
        return softmax(logits)

    def _judge(self, tokens: Tokens) -> Table:
        logits = self._network(tokens)
        expected = (len(tokens["input_ids"]), len(self.labels))
        if logits.shape != expected:
            raise ModelError(f"the network answers {logits.shape} where {expected} fits: use a trained classifier.")
        return logits


def load_hugging_face(folder: Path) -> Scorer:
    """Raises ModelError, one sentence with the mend, when anything of the folder is missing, broken or does not fit."""
    config = _config(folder / CONFIG)
    labels = _labels(folder / CONFIG, config)
    tokenizer = _tokenizer(folder, config)
    scorer = HuggingFaceScorer(labels, tokenizer, _network(folder))
    try:
        tried = scorer.probabilities(TRIAL)
    except ModelError as error:
        raise ModelError(f"{folder}: {error}") from None
    except Exception as error:  # noqa: BLE001 - whatever a stranger's network throws
        raise ModelError(
            f"{folder} fails at its first posts ({type(error).__name__}): network, tokenizer and {CONFIG} do not belong "
            "together, fetch the model again."
        ) from None
    if not np.isfinite(tried).all():
        raise ModelError(f"{folder} answers with numbers that are not finite: its weights are broken, fetch the model again.")
    return scorer


def _config(path: Path) -> Mapping[str, object]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: it is no Hugging Face folder, fetch the model again.") from None
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): fetch the model again.") from None
    if not isinstance(content, dict):
        raise ModelError(f"{path} is not a JSON object: fetch the model again.")
    return cast("dict[str, object]", content)


def _labels(path: Path, config: Mapping[str, object]) -> tuple[str, ...]:
    """By number. The library would make labels up where there are none, so they are read here."""
    found = config.get("id2label")
    named = cast("dict[str, object]", found) if isinstance(found, dict) else {}
    labels = tuple(str(named.get(str(number))) for number in range(len(named)))
    if len(labels) < 2 or len(set(labels)) != len(labels) or named.keys() != set(map(str, range(len(labels)))):
        raise ModelError(f"{path} names no labels in `id2label`, or only one: use a trained classifier.")
    if config.get("problem_type") in {"multi_label_classification", "regression"}:
        raise ModelError(f"{path} says {config['problem_type']}: use a model that chooses one label a text.")
    return labels


def _tokenizer(folder: Path, config: Mapping[str, object]) -> _Tokenizer:
    if not any(True for pattern in VOCABULARIES for _ in folder.glob(pattern)):
        raise ModelError(f"{folder} has no tokenizer: fetch the model again, with its tokenizer.json.")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")  # else it says at import that torch is not there
    from transformers import AutoTokenizer  # noqa: PLC0415 - takes seconds

    auto = cast("Any", AutoTokenizer)
    try:
        tokenizer = cast("_Tokenizer", auto.from_pretrained(folder, local_files_only=True, trust_remote_code=False))
    except Exception as error:  # noqa: BLE001 - the library raises whatever its readers do
        raise ModelError(f"{folder} has a tokenizer that cannot be read ({type(error).__name__}): fetch it again.") from None
    known = config.get("vocab_size")
    if isinstance(known, int) and len(tokenizer) > known:
        raise ModelError(
            f"{folder} has a tokenizer of {len(tokenizer)} words for a network of {known}: fetch both from one place."
        )
    return tokenizer


def _network(folder: Path) -> Network:
    for name in NETWORKS:
        if (folder / name).is_file():
            return _onnx(folder / name)
    if any((folder / name).is_file() for name in WEIGHTS):
        return _torch(folder)
    if any(True for pattern in PICKLES for _ in folder.glob(pattern)):
        raise ModelError(
            f"{folder} has only pickled weights, which could run a stranger's program: "
            "use a version with model.safetensors or model.onnx."
        )
    raise ModelError(f"{folder} holds neither {', '.join(NETWORKS)} nor {WEIGHTS[0]}: fetch the model again.")


class _Named(Protocol):
    name: str
    type: str


class _Session(Protocol):
    def get_inputs(self) -> list[_Named]: ...
    def get_outputs(self) -> list[_Named]: ...
    def run(self, names: list[str], feed: Mapping[str, NDArray[np.generic]]) -> list[NDArray[np.float32]]: ...


def _onnx(path: Path) -> Network:
    import onnxruntime  # noqa: PLC0415

    runtime = cast("Any", onnxruntime)
    options = runtime.SessionOptions()
    options.log_severity_level = 4  # what goes wrong is raised; the library would print it besides
    options.intra_op_num_threads = len(os.sched_getaffinity(0))
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        session = cast("_Session", runtime.InferenceSession(path, options, providers=["CPUExecutionProvider"]))
    except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no base class
        raise ModelError(f"{path} is no sound network ({type(error).__name__}): fetch the model again.") from None
    kinds = {one.name: np.int32 if one.type == "tensor(int32)" else np.int64 for one in session.get_inputs()}
    outputs = [one.name for one in session.get_outputs()]
    logits = "logits" if "logits" in outputs else outputs[0]

    def run(tokens: Tokens) -> Table:
        feed = {name: tokens[name].astype(kind) for name, kind in kinds.items()}
        return session.run([logits], feed)[0].astype(np.float64)

    return run


def _torch(folder: Path) -> Network:
    if importlib.util.find_spec("torch") is None:
        raise ModelError(
            f"{folder} holds safetensors, which need torch: install the `torch` extra, or use a version with model.onnx."
        )
    import torch  # noqa: PLC0415  # pyright: ignore[reportMissingImports]
    from transformers import AutoModelForSequenceClassification  # noqa: PLC0415

    torch_, auto = cast("Any", torch), cast("Any", AutoModelForSequenceClassification)
    try:
        model, report = auto.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, trust_remote_code=False, output_loading_info=True
        )
    except Exception as error:  # noqa: BLE001 - the library raises whatever its readers do
        raise ModelError(f"{folder} cannot be opened by torch ({type(error).__name__}): fetch the model again.") from None
    if report["missing_keys"] or report["mismatched_keys"]:
        raise ModelError(f"{folder} lacks weights, so it would guess: use a trained classifier.")
    model.eval()

    def run(tokens: Tokens) -> Table:
        with torch_.inference_mode():
            feed = {name: torch_.from_numpy(rows) for name, rows in tokens.items()}
            return cast("Table", model(**feed).logits.numpy().astype(np.float64))

    return run
