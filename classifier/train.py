"""Trains the shipped model: `python -m classifier.train --shared ../shared/data/train --out classifier/models/default`.

Needs the `train` extra. The same inputs give the same files. Held-out voices are never read:
`python -m bench.quality` measures on them.
"""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.faq import CALIBRATION, MOST_MATCHES, PAIR_FEATURES, Calibration, FaqIndex, load_articles, logit
from classifier.features import dense_names, features
from classifier.fitting import Fitted, Matrix, fit, fit_two, stack, stack_rows, temperature
from classifier.model import FIXED_LABELS, FORMAT, MANIFEST, TASKS, WEIGHTS, softmax
from classifier.ngrams import FEATURES, extract
from classifier.posts import Post, load_posts
from classifier.sources import SENTIMENT_SOURCES, Labelled, article_texts, sample
from classifier.text import normalise
from domain.understanding import Article, Judgement, Task

VERSION = "linear-1"
STRENGTH = 3.0
SENTIMENT_WEIGHT = 0.02
"""Weight of a row of public data beside a written post: measured by author folds of the training voices."""
CHATTER_WEIGHTS: Mapping[Task, float] = {"intent": 0.1, "urgency": 0.02, "threat": 0.02}
_BACKGROUND_EVERY = 12
_FOLDS = 4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """Rows beside the posts, for one task."""

    rows: Matrix
    labels: Sequence[str]
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """One head, its temperature, and the scores that folds without the author gave to every training post."""

    labels: tuple[str, ...]
    head: Fitted
    temperature: float
    unseen_scores: Floats


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder of the public training data")
    parser.add_argument("--faq", type=Path, default=Path("config/faq/kestrel.jsonl"))
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()
    train(arguments.shared, load_articles(arguments.faq), arguments.out)


def train(shared: Path, articles: Sequence[Article], out: Path) -> None:
    """Writes manifest, weights and FAQ calibration to `out`."""
    posts = [post for post in load_posts() if not post.held_out]
    moods = sample(shared, SENTIMENT_SOURCES)
    answers = article_texts(articles)
    idf = _idf([post.text for post in posts] + [text for text, _ in answers + moods])
    rows = stack(features([post.text for post in posts], idf))
    extras = _extras(moods, answers, idf)
    trained: dict[Task, Trained] = {task: _train_task(task, posts, rows, extras[task]) for task in TASKS}
    out.mkdir(parents=True, exist_ok=True)
    _write_model(out, idf, trained)
    _write_calibration(out, _calibrate(posts, articles, trained))


def _idf(texts: Sequence[str]) -> NDArray[np.float32]:
    counts = np.zeros(FEATURES)
    for first in range(0, len(texts), 1000):
        counts += np.bincount(extract([normalise(text) for text in texts[first : first + 1000]]).ids, minlength=FEATURES)
    return np.log((1.0 + len(texts)) / (1.0 + counts)).astype(np.float16).astype(np.float32)


def _extras(moods: Sequence[Labelled], answers: Sequence[Labelled], idf: NDArray[np.float32]) -> dict[Task, list[Extra]]:
    def extra(rows: Sequence[Labelled], weight: float) -> Extra:
        return Extra(rows=stack(features([text for text, _ in rows], idf)), labels=[label for _, label in rows], weight=weight)

    chatter = [text for text, _ in moods[::_BACKGROUND_EVERY]]
    return {
        "sentiment": [extra(moods, SENTIMENT_WEIGHT)],
        "intent": [extra(answers, 1.0), extra([(text, "off_topic") for text in chatter], CHATTER_WEIGHTS["intent"])],
        "urgency": [extra([(text, "low") for text in chatter], CHATTER_WEIGHTS["urgency"])],
        "threat": [extra([(text, "none") for text in chatter], CHATTER_WEIGHTS["threat"])],
        "scam_type": [],
    }


def _train_task(task: Task, posts: Sequence[Post], rows: Matrix, extras: Sequence[Extra]) -> Trained:
    given = [post.label(task) for post in posts]
    labelled = np.array([label is not None for label in given])
    labels = FIXED_LABELS.get(task) or tuple(sorted({label for label in given if label is not None}))
    folds = np.array([post.voice % _FOLDS for post in posts])
    unseen = np.zeros((len(posts), len(labels)))
    for fold in sorted(set(folds.tolist())):
        unseen[folds == fold] = _fit(rows, given, labelled & (folds != fold), extras, labels).scores(rows[folds == fold])
    truth = [label for label in given if label is not None]
    return Trained(
        labels=labels,
        head=_fit(rows, given, labelled, extras, labels),
        temperature=temperature(unseen[labelled], truth, labels),
        unseen_scores=unseen,
    )


def _fit(
    rows: Matrix, given: Sequence[str | None], chosen: NDArray[np.bool_], extras: Sequence[Extra], labels: Sequence[str]
) -> Fitted:
    places: list[int] = np.flatnonzero(chosen).tolist()
    names = [str(given[place]) for place in places] + [label for extra in extras for label in extra.labels]
    weights = np.concatenate([np.ones(len(places)), *(np.full(len(extra.labels), extra.weight) for extra in extras)])
    return fit(stack_rows([rows[places], *(extra.rows for extra in extras)]), names, labels, weights, STRENGTH)


def _calibrate(posts: Sequence[Post], articles: Sequence[Article], trained: Mapping[Task, Trained]) -> Calibration:
    """Which article, then whether it answers: both from what the model says of authors it has not seen."""
    judged = _judgements(trained, len(posts))
    texts, languages = [post.text for post in posts], [post.lang for post in posts]
    truth = np.array([[post.faq_id == article.id for article in articles] for post in posts])
    blank = Calibration(pair=(0.0,) * (len(PAIR_FEATURES) + 1), final=(0.0,) * 7, neutral=(0.0,) * 4)
    index = FaqIndex(articles, blank)
    pairs, signs = index.pair_features(texts, languages, judged), index.signs(len(texts), judged)
    pair = fit_two(pairs.reshape(-1, pairs.shape[2]), truth.reshape(-1), strength=10.0)
    scores = logit(pairs, pair)
    order = np.argsort(-scores, axis=1, kind="stable")[:, :MOST_MATCHES]
    every = np.arange(len(posts))[:, None]
    final = index.final_features(scores, pairs, signs)[every, order]
    answered = pairs[:, :, 3][truth]
    neutral = (float(answered.mean()), *(float(value) for value in signs.mean(axis=0)))
    return Calibration(
        pair=pair, final=fit_two(final.reshape(-1, final.shape[2]), truth[every, order].reshape(-1)), neutral=neutral
    )


def _judgements(trained: Mapping[Task, Trained], count: int) -> list[dict[Task, Judgement]]:
    tables = {task: softmax(one.unseen_scores / one.temperature) for task, one in trained.items()}
    return [
        {
            task: Judgement(
                label=one.labels[int(tables[task][row].argmax())],
                probabilities=dict(zip(one.labels, tables[task][row].tolist(), strict=True)),
            )
            for task, one in trained.items()
        }
        for row in range(count)
    ]


def _write_model(out: Path, idf: NDArray[np.float32], trained: Mapping[Task, Trained]) -> None:
    weights = np.concatenate([one.head.weights for one in trained.values()], axis=1)
    bias = np.concatenate([one.head.bias for one in trained.values()])
    np.savez_compressed(
        out / WEIGHTS,
        idf=idf.astype(np.float16),
        grams=weights[:FEATURES].astype(np.float16),
        dense=weights[FEATURES:].astype(np.float32),
        bias=bias.astype(np.float32),
    )
    tasks = {task: {"labels": one.labels, "temperature": one.temperature} for task, one in trained.items()}
    manifest = {"format": FORMAT, "version": VERSION, "tasks": tasks, "dense": dense_names()}
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _write_calibration(out: Path, calibration: Calibration) -> None:
    content = {"pair": calibration.pair, "final": calibration.final, "neutral": calibration.neutral}
    (out / CALIBRATION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
