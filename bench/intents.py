"""Models of intents on rows held out of BANKING77 and CLINC150, beside TF-IDF with a linear SVM.

`python -m bench.intents --shared DIR [--model DIR] [--json]`. DIR holds `intent/A_en_banking77.csv.gz` and
`intent/A_en_clinc150.csv.gz`, with a column `split`. Full: a fifth of every label's rows is held out. 10-shot: trained on ten
rows a label, measured on all others. CLINC150: trained on the split train, measured on val. None of these rows belongs to an
official test set.
"""

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from numpy.typing import NDArray

from classifier.encoder import Encoder, load_encoder
from classifier.intent_training import fit_intents
from classifier.intents import SHIPPED, out_of_scope
from classifier.labelled import Labelled, read_labelled
from classifier.text import plain

_FIFTH = 5


class _Machine(Protocol):
    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> object: ...
    def predict(self, texts: Sequence[str]) -> NDArray[np.str_]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Rows to learn from and others to be measured on."""

    name: str
    learned: Sequence[Labelled]
    judged: Sequence[Labelled]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`accuracy`: of rows in scope. `recall`: of those out of scope, if there are any. Seconds of the wall clock."""

    trial: str
    model: str
    rows: int
    judged: int
    accuracy: float
    recall: float | None
    training_s: float


Said = Callable[[Sequence[str]], Sequence[str]]
Learner = Callable[[Sequence[Labelled]], Said]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder of the public training data")
    parser.add_argument("--model", type=Path, default=SHIPPED, help="folder with the encoder")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args(arguments)
    encoder = load_encoder(asked.model)
    learners: dict[str, Learner] = {"TF-IDF, linear SVM": floor, "fleetwatch": partial(ours, encoder)}
    lines: list[Line] = []
    for trial in trials(asked.shared / "intent"):
        for name, learn in learners.items():
            lines.append(_measured(trial, name, learn))
            if not asked.json:
                print(_shown(lines[-1]), flush=True)
    if asked.json:
        print(json.dumps([asdict(line) for line in lines], indent=2))
    return 0


def trials(folder: Path) -> list[Trial]:
    banking = list(read_labelled(folder / "A_en_banking77.csv.gz"))
    clinc = list(read_labelled(folder / "A_en_clinc150.csv.gz"))
    full, few = _of(banking, "train"), _of(banking, "train_10shot")
    chosen = {plain(row.text) for row in few}
    learned, judged = _fifth(full)
    return [
        Trial(name="BANKING77", learned=learned, judged=judged),
        Trial(name="BANKING77 10-shot", learned=few, judged=[row for row in full if plain(row.text) not in chosen]),
        Trial(name="CLINC150", learned=_of(clinc, "train"), judged=_of(clinc, "val")),
    ]


def _of(rows: Sequence[Labelled], split: str) -> list[Labelled]:
    return [row for row in rows if row.more["split"] == split]


def _fifth(rows: Sequence[Labelled]) -> tuple[list[Labelled], list[Labelled]]:
    """Every fifth row of each label, in an order drawn once, is held out."""
    order = random.Random(0).sample(rows, len(rows))
    seen: dict[str, int] = {}
    kept: tuple[list[Labelled], list[Labelled]] = ([], [])
    for row in order:
        seen[row.label] = seen.get(row.label, 0) + 1
        kept[seen[row.label] % _FIFTH == 0].append(row)
    return kept


def ours(encoder: Encoder, rows: Sequence[Labelled]) -> Said:
    model = fit_intents(rows, encoder, "bench", lambda _stage, _done, _total: None).model

    def said(texts: Sequence[str]) -> list[str]:
        places: list[int] = model.probabilities(texts).argmax(axis=1).tolist()
        return [model.labels[place] for place in places]

    return said


def floor(rows: Sequence[Labelled]) -> Said:
    """Characters 2 to 4 and words 1 to 2; out of scope is one more class."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import FeatureUnion, Pipeline
    from sklearn.svm import LinearSVC

    grams = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 4), sublinear_tf=True)
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    features = FeatureUnion([("characters", grams), ("words", words)])
    machine = cast("_Machine", Pipeline([("features", features), ("machine", LinearSVC(C=0.5))]))
    machine.fit([row.text for row in rows], [row.label for row in rows])
    return lambda texts: [str(label) for label in machine.predict(texts)]


def _measured(trial: Trial, name: str, learn: Learner) -> Line:
    started = time.perf_counter()
    said = learn(trial.learned)
    seconds = time.perf_counter() - started
    right = np.array([row.label for row in trial.judged]) == np.array(said([row.text for row in trial.judged]))
    outside = np.array([out_of_scope(row.label) for row in trial.judged])
    return Line(
        trial=trial.name,
        model=name,
        rows=len(trial.learned),
        judged=len(trial.judged),
        accuracy=float(right[~outside].mean()),
        recall=float(right[outside].mean()) if outside.any() else None,
        training_s=seconds,
    )


def _shown(line: Line) -> str:
    recall = "" if line.recall is None else f"   out-of-scope recall {line.recall:.3f}"
    return (
        f"{line.trial:<18} {line.model:<20} {line.rows:6} rows learned {line.judged:6} judged"
        f"   accuracy {line.accuracy:.3f}{recall}   trained in {line.training_s:.0f} s"
    )


if __name__ == "__main__":
    raise SystemExit(main())
