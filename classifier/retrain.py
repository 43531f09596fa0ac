"""Retrains a head of the fleet's model on a brand's own rows, without torch.

What is fitted is a correction of the head's weights over the encoder, on top of what the model says already. Written posts join
the new rows, so that what is known stays known. The files keep their format; the linear expert and the encoder stay.
"""

import hashlib
import json
import shutil
import tempfile
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from classifier.correction import Seen, fit_correction
from classifier.folders import Progress, new_folder, write_json
from classifier.linear import WEIGHTS
from classifier.metrics import Figures, figures
from classifier.model import FIXED_LABELS, HEADS, MANIFEST, Model, head_features, load
from classifier.posts import Post, load_posts
from classifier.redaction import redact
from classifier.text import script
from domain.errors import ConfigError, ModelError

CARD = "MODEL_CARD.md"
LEAST_ROWS, LEAST_HELD_OUT, LEAST_OF_A_NEW_LABEL = 50, 10, 8
MOST_LOST = 0.01
"""Macro F1 that a promoted head may lose on the written posts."""
REPLAYED = 4000
"""Written posts that join the new rows."""
_HELD_OUT_EVERY = 5
_NEW_BIAS = -8.0
"""Score that the linear expert gives a label it has never seen."""

Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A new row. `author`: whoever wrote it, empty where nobody knows."""

    text: str
    label: str
    author: str = ""

    @property
    def lot(self) -> int:
        """The same for all rows of an author, or for all rows of a text."""
        return int.from_bytes(hashlib.sha256((self.author or self.text).encode()).digest()[:4], "big")

    @property
    def held_out(self) -> bool:
        """Fits nothing: the new head is judged on it."""
        return self.lot % _HELD_OUT_EVERY == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRows:
    """Rows for one head. `source`: what the model card calls them."""

    rows: Sequence[Row]
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The head before and after, on the new rows held out and on the written posts of the calibration voices."""

    head: str
    fitted: int
    new: tuple[Figures, Figures]
    written: tuple[Figures, Figures]

    @property
    def better(self) -> bool:
        return self.new[1].macro_f1 > self.new[0].macro_f1 and not self.forgets

    @property
    def forgets(self) -> bool:
        return self.written[1].macro_f1 < self.written[0].macro_f1 - MOST_LOST

    @property
    def sentence(self) -> str:
        if self.better:
            return f"`{self.head}` is promoted: better on the new rows held out, and nothing is forgotten."
        if self.forgets:
            return f"`{self.head}` stays as it was: the new one forgets what the written posts teach."
        return f"`{self.head}` stays as it was: the new one is no better on the new rows held out."


@contextmanager
def draft_of(base: Path) -> Generator[Path]:
    """A copy of the model folder to change; it goes away at the end, so keep what is to stay with `keep`."""
    with tempfile.TemporaryDirectory(prefix="fleetwatch-retrain-") as place:
        draft = Path(place) / "model"
        try:
            shutil.copytree(base, draft)
        except OSError as error:
            raise ModelError(f"{base} cannot be copied ({error}): restore the model folder.") from None
        yield draft


def keep(draft: Path, out: Path) -> None:
    """The draft becomes the model folder `out`."""
    with new_folder(out) as folder:
        shutil.copytree(draft, folder, dirs_exist_ok=True)


def retrain(draft: Path, head: str, new_rows: NewRows, progress: Progress, posts: Sequence[Post] | None = None) -> Compared:
    """Corrects one head of the model in `draft`, and puts the old files back where the new head is no better.

    `posts`: the written posts, if not all. Raises ConfigError when the rows are too few or their labels wrong.
    """
    progress(f"retraining {head}", 0, 3)
    before = load(draft)
    rows = [replace(row, text=redact(row.text).text) for row in new_rows.rows if row.text.strip()]
    fitted, held_out = [row for row in rows if not row.held_out], [row for row in rows if row.held_out]
    new_labels = _check(head, before.heads[head].labels, fitted, held_out)
    posts = [post for post in (load_posts() if posts is None else posts) if post.label(head) is not None]
    judges = [(redact(post.text).text, str(post.label(head))) for post in posts if post.calibration]
    (draft / CARD).touch()
    kept = {name: (draft / name).read_bytes() for name in (MANIFEST, HEADS, WEIGHTS, CARD)}
    _add_labels(draft, before, head, new_labels)
    _correct(draft, head, fitted, _spread([post for post in posts if not post.calibration]))
    progress(f"retraining {head}", 1, 3)
    after = load(draft)
    new = [(row.text, row.label) for row in held_out]
    compared = Compared(
        head=head,
        fitted=len(fitted),
        written=(_figures(before, head, judges), _figures(after, head, judges)),
        new=(_figures(before, head, new), _figures(after, head, new)),
    )
    progress(f"retraining {head}", 3, 3)
    if compared.better:
        (draft / CARD).write_text(
            kept[CARD].decode("utf-8") + _section(compared, before.version, new_rows.source), encoding="utf-8"
        )
    else:
        for name, content in kept.items():
            (draft / name).write_bytes(content)
    return compared


def _check(head: str, known: Sequence[str], fitted: Sequence[Row], held_out: Sequence[Row]) -> list[str]:
    """The labels that the head does not know yet."""
    if len(fitted) + len(held_out) < LEAST_ROWS or len(held_out) < LEAST_HELD_OUT:
        raise ConfigError(
            f"{head}: {len(fitted)} rows to learn from and {len(held_out)} of other authors to judge by are too few; "
            f"bring {LEAST_ROWS} rows of many authors at least, {LEAST_HELD_OUT} of them to judge by."
        )
    counts = Counter(row.label for row in fitted)
    new = sorted({row.label for row in (*fitted, *held_out)} - set(known))
    if new and head in FIXED_LABELS:
        raise ConfigError(f"{head}: `{new[0]}` is none of its labels; use {', '.join(FIXED_LABELS[head])}.")
    rare = next((label for label in new if counts[label] < LEAST_OF_A_NEW_LABEL), None)
    if rare is not None:
        raise ConfigError(
            f"{head}: the new label `{rare}` has {counts[rare]} rows to learn from; bring {LEAST_OF_A_NEW_LABEL}, or mend it."
        )
    return new


def _spread(posts: Sequence[Post]) -> list[Post]:
    """At most `REPLAYED` of them, from every language alike."""
    step = max(1, -(-len(posts) // REPLAYED))
    return list(posts[::step])


def _add_labels(draft: Path, model: Model, head: str, labels: Sequence[str]) -> None:
    """Columns for new labels, of no weight as yet."""
    if not labels:
        return
    place = model.heads[head].columns.stop
    with np.load(draft / WEIGHTS) as archive:
        linear = {name: archive[name] for name in archive.files}
    for name, value in (("grams", 0), ("dense", 0), ("scale", 1), ("bias", _NEW_BIAS)):
        linear[name] = np.insert(linear[name], [place] * len(labels), value, axis=-1)
    np.savez_compressed(draft / WEIGHTS, **linear)
    with np.load(draft / HEADS) as archive:
        heads = {name: np.insert(archive[name], [place] * len(labels), 0, axis=-1) for name in archive.files}
    np.savez_compressed(draft / HEADS, **heads)
    manifest = _manifest(draft)
    manifest["heads"][head]["labels"] = [*model.heads[head].labels, *labels]
    write_json(draft / MANIFEST, manifest)


def _correct(draft: Path, head: str, rows: Sequence[Row], posts: Sequence[Post]) -> None:
    model = load(draft)
    labels, columns = model.heads[head].labels, model.heads[head].columns
    texts = [row.text for row in rows] + [redact(post.text).text for post in posts]
    truth = [labels.index(row.label) for row in rows] + [labels.index(str(post.label(head))) for post in posts]
    lots = np.array([row.lot // _HELD_OUT_EVERY for row in rows] + [-1] * len(posts))
    weights, bias = fit_correction(_seen(model, head, texts, truth), lots)
    with np.load(draft / HEADS) as archive:
        heads = {name: archive[name].astype(np.float32) for name in archive.files}
    heads["weights"][:, columns] += weights
    heads["bias"][columns] += bias
    np.savez_compressed(draft / HEADS, **heads)
    manifest = _manifest(draft)
    digest = hashlib.sha256(str(manifest["version"]).encode() + (draft / HEADS).read_bytes()).hexdigest()
    manifest["version"] = f"{str(manifest['version']).partition('.')[0]}.{digest[:8]}"
    write_json(draft / MANIFEST, manifest)


def _seen(model: Model, head: str, texts: Sequence[str], truth: Sequence[int]) -> Seen:
    """What the model says of the texts, and how much the encoder's scores count in each."""
    one = model.heads[head]
    encoded = model.encoder.encode(texts)
    cheap, deep = model.linear.scores(texts)[:, one.columns], model.encoder_scores(encoded)[:, one.columns]
    stacked = np.array([one.stacked[script(text)] for text in texts])
    return Seen(
        features=head_features(encoded),
        scores=cheap * stacked[:, :1] + deep * stacked[:, 1:],
        shares=stacked[:, 1],
        truth=np.array(truth),
    )


def _figures(model: Model, head: str, rows: Sequence[tuple[str, str]]) -> Figures:
    """By both experts, whatever the cascade would spare."""
    said: list[int] = model.probabilities([text for text, _ in rows])[head].argmax(axis=1).tolist()
    labels = model.heads[head].labels
    return figures([label for _, label in rows], [labels[place] for place in said])


def _manifest(folder: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return content


def _section(compared: Compared, version: str, source: str) -> str:
    rows = "\n".join(
        f"| {name} | {after.n} | {before.accuracy:.3f} | {after.accuracy:.3f} | {before.macro_f1:.3f} | {after.macro_f1:.3f} |"
        for name, (before, after) in (("new rows held out", compared.new), ("written posts", compared.written))
    )
    return (
        f"\n## Retrained: `{compared.head}`\n\nOn top of {version}, with {compared.fitted} rows of {source}. "
        "Rows held out are of other authors than those learned from.\n\n"
        "| measured on | rows | accuracy before | after | macro F1 before | after |\n|---|---|---|---|---|---|\n"
        f"{rows}\n"
    )
