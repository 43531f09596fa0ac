"""Writes a model of intents: manifest, weights, model card, and the encoder where it is not the shipped one."""

import hashlib
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from classifier.encoder import NETWORK, TOKENIZER
from classifier.folders import Progress, new_folder, write_json
from classifier.intent_training import Trained, fit_intents
from classifier.intents import FORMAT, KIND, WEIGHTS, Encodes
from classifier.labelled import Labelled
from classifier.linear import pack
from classifier.model import MANIFEST
from classifier.opening import kind_of
from domain.errors import ConfigError, ModelError

CARD = "MODEL_CARD.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What the model card names: the file of the rows, and which of its splits."""

    name: str
    split: str


def train_intents(
    examples: Sequence[Labelled], out: Path, source: Source, encoder: Encodes, progress: Progress, carried: Path | None = None
) -> Trained:
    """Trains on the examples and writes the model to `out`. Raises ConfigError before anything is written.

    `carried`: the folder of an encoder that is not the shipped one; the model takes it along.
    """
    check_out(out)
    trained = fit_intents(examples, encoder, _version(examples, encoder), progress)
    with new_folder(out) as draft:
        _write(draft, trained, encoder)
        (draft / CARD).write_text(_card(trained, examples, source), encoding="utf-8")
        if carried is not None:
            for name in (NETWORK, TOKENIZER):
                shutil.copyfile(carried / name, draft / name)
    return trained


def check_out(out: Path) -> None:
    """Raises ConfigError when `out` holds anything but a model of intents, which is overwritten."""
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        return
    try:
        found = kind_of(out)
    except ModelError:
        found = None
    if found != KIND:
        raise ConfigError(f"--out {out}: there is something else than a model of intents; name a new folder.")


def _version(examples: Sequence[Labelled], encoder: Encodes) -> str:
    """The same rows over the same encoder give the same version."""
    content = "\n".join([encoder.digest, *(f"{example.label}\t{example.text}" for example in examples)])
    return f"{KIND}-{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _write(folder: Path, trained: Trained, encoder: Encodes) -> None:
    weights = trained.weights
    grams, scale = pack(weights.grams.astype(np.float64))
    np.savez_compressed(
        folder / WEIGHTS,
        dense=weights.dense.astype(np.float16),
        grams=grams,
        scale=scale,
        bias=weights.bias,
        ids=trained.gram_ids.astype(np.int32),
        idf=weights.idf[trained.gram_ids],
    )
    doubt = trained.doubt
    manifest = {
        "format": FORMAT,
        "kind": KIND,
        "version": trained.model.version,
        "encoder": encoder.digest,
        "grams": len(trained.gram_ids),
        "labels": list(trained.model.labels),
        "doubt": None if doubt is None else {"column": doubt.column, "weights": list(doubt.weights), "cut": doubt.cut},
    }
    write_json(folder / MANIFEST, manifest)


def _card(trained: Trained, examples: Sequence[Labelled], source: Source) -> str:
    counts = Counter(example.label for example in examples)
    recall = "" if trained.recall is None else f"Recall out of scope, same folds: {trained.recall:.3f}.\n"
    factors = ", ".join(f"{name} {factor:.2f}" for name, factor in trained.factors.items())
    return (
        f"# Model of intents {trained.model.version}\n\n"
        f"Trained by `fleetwatch train intents` on `{source.name}` (split: {source.split}): "
        f"{trained.rows} different rows with a text, "
        f"{len(counts)} labels of {min(counts.values())} to {max(counts.values())} rows. "
        "The licence of that file is the licence to mind.\n\n"
        "Linear scores over the frozen sentence encoder (last layer, layers 4 and 2, word vectors) and hashed n-grams; "
        f"weights of the two experts: {factors}.\n\n"
        "## Measured on training rows that a fold had not seen\n\n"
        f"Accuracy{' in scope' if trained.recall is not None else ''}: {trained.accuracy:.3f}.\n{recall}"
        "The weights of the experts, and the bound of what is out of scope, were chosen on the same folds, so expect a "
        "little less: measure on rows of your own with `fleetwatch evaluate --task intent --model THIS_FOLDER --data FILE`.\n"
    )
