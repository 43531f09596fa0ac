"""Trains everything of the default model but its encoder, without torch.

`python -m classifier.train --shared ../shared/data/train --encoder FOLDER --out FOLDER`. The written posts of the calibration
voices and the public rows held back train no expert: the weights between the experts, and every threshold, come from them.
"""

import argparse
import hashlib
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier import faq, risk
from classifier.articles import load_articles
from classifier.encoder import NETWORK, TOKENIZER, Encoder, load_encoder
from classifier.features import dense_names, features
from classifier.fitting import Fitted, Given, fit_dense, fit_sparse, fit_two, silence, stack, stack_rows, weigh
from classifier.language import identify
from classifier.linear import WEIGHTS, pack
from classifier.model import (
    EXTRA_HEADS,
    FIXED_LABELS,
    FORMAT,
    HEADS,
    KIND,
    MANIFEST,
    TASKS,
    Model,
    Reading,
    head_features,
    load,
    softmax,
)
from classifier.ngrams import FEATURES, extract
from classifier.posts import Post, load_posts
from classifier.redaction import redact
from classifier.sources import SOURCES, Row, article_texts, read_all
from classifier.text import SCRIPTS, normalise, script
from domain.understanding import Article

VERSION = "cascade-2"
NAMES = (*TASKS, *EXTRA_HEADS)
LINEAR_STRENGTH, ENCODER_STRENGTH = 10.0, 1.0
ENCODER_ONLY = frozenset({"article"})
"""Heads without a linear expert: the FAQ index compares wordings already, and 48 columns would double the file."""
PUBLIC_WEIGHT: Mapping[str, float] = {"sentiment": 1.0, "threat": 0.5, "spam": 0.5}
"""Mean weight of a public row beside a written post; within a source every label weighs the same in all."""
CHATTER_WEIGHT: Mapping[str, float] = {"intent": 0.05, "urgency": 0.02, "threat": 0.05, "action": 0.02, "article": 0.02}
"""Weight of a public tweet or review, which is no support request, in the heads that are about support."""
_CHATTER: Mapping[str, str] = {"intent": "off_topic", "urgency": "low", "threat": "none", "action": "none", "article": "none"}
_CHATTER_EVERY = 20
_ENCODED_A_SOURCE = 6000
_ENCODED_MORE: Mapping[str, int] = {"semeval": 20_000, "umsab": 20_000, "sentirueval": 20_000}
"""Tweets, which posts are most like: more of their rows."""
_DEV_A_SOURCE = 1200
_LEAST_A_SCRIPT = 150
_SURE_ERROR = 0.01
_STEPS = 1000
_FOLDS = 5

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """Texts, and for each head the rows that are labelled for it."""

    texts: Sequence[str]
    given: Mapping[str, Sequence[Given]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, required=True, help="folder of the public training data")
    parser.add_argument("--faq", type=Path, default=Path("config/faq/kestrel.jsonl"))
    parser.add_argument("--encoder", type=Path, required=True, help="folder with the encoder and its tokenizer")
    parser.add_argument("--out", type=Path, required=True, help="folder of the model")
    arguments = parser.parse_args()
    train(arguments.shared, load_articles(arguments.faq), arguments.encoder, arguments.out)


def train(shared: Path, articles: Sequence[Article], encoder_folder: Path, out: Path) -> None:
    """Writes a whole model folder to `out`."""
    posts, public = load_posts(), read_all(shared)
    learning = [post for post in posts if not post.calibration]
    labels = {name: FIXED_LABELS.get(name) or _labels(name, learning, articles) for name in NAMES}
    out.mkdir(parents=True, exist_ok=True)
    for name in (NETWORK, TOKENIZER):
        if encoder_folder.resolve() != out.resolve():
            shutil.copy(encoder_folder / name, out / name)
    encoder = load_encoder(out)
    _write_linear(out, _examples(learning, public, articles, all_public=True), labels)
    _write_heads(out, _examples(learning, public, articles, all_public=False), labels, encoder)
    _write_manifest(
        out,
        labels,
        encoder,
        {name: _Weights(alone=1.0, stacked=dict.fromkeys(SCRIPTS, (0.5, 0.5)), sure=2.0) for name in NAMES},
    )
    judges = [post for post in posts if post.calibration]
    _write_manifest(out, labels, encoder, _weigh_experts(load(out), judges, public))
    _calibrate_answers(out, judges, articles)


def _labels(name: str, posts: Sequence[Post], articles: Sequence[Article]) -> tuple[str, ...]:
    if name == "article":
        return ("none", *(article.id for article in articles))
    return tuple(sorted({label for post in posts if (label := post.label(name)) is not None}))


def _examples(
    posts: Sequence[Post], public: Mapping[str, Sequence[Row]], articles: Sequence[Article], *, all_public: bool
) -> Examples:
    texts = [redact(post.text).text for post in posts]
    given: dict[str, list[Given]] = {
        name: [Given(place=place, label=label) for place, post in enumerate(posts) if (label := post.label(name)) is not None]
        for name in NAMES
    }
    for text, article in article_texts(articles):
        given["intent"].append(Given(place=len(texts), label=article.intent))
        given["article"].append(Given(place=len(texts), label=article.id))
        texts.append(text)
    for source in SOURCES:
        rows = [row for row in public[source.name] if not row.dev]
        rows = rows if all_public else rows[: _ENCODED_MORE.get(source.name, _ENCODED_A_SOURCE)]
        counts = Counter(row.label for row in rows)
        for place, row in enumerate(rows):
            weight = PUBLIC_WEIGHT[source.head] * len(rows) / (len(counts) * counts[row.label])
            given[source.head].append(Given(place=len(texts), label=row.label, weight=weight, unsaid=source.unsaid))
            if source.head == "sentiment" and place % _CHATTER_EVERY == 0:
                for name, label in _CHATTER.items():
                    given[name].append(Given(place=len(texts), label=label, weight=CHATTER_WEIGHT[name]))
            texts.append(row.text)
    return Examples(texts=texts, given=given)


def _write_linear(out: Path, examples: Examples, labels: Mapping[str, Sequence[str]]) -> None:
    counts = np.zeros(FEATURES)
    for first in range(0, len(examples.texts), _STEPS):
        counts += np.bincount(
            extract([normalise(text) for text in examples.texts[first : first + _STEPS]]).ids, minlength=FEATURES
        )
    idf = np.log((1.0 + len(examples.texts)) / (1.0 + counts)).astype(np.float16).astype(np.float32)
    rows = stack_rows([stack(features(examples.texts[n : n + _STEPS], idf)) for n in range(0, len(examples.texts), _STEPS)])
    fitted = [
        _silent(rows.shape[1], labels[name])
        if name in ENCODER_ONLY
        else fit_sparse(rows, examples.given[name], labels[name], LINEAR_STRENGTH)
        for name in NAMES
    ]
    weights = np.concatenate([one.weights for one in fitted], axis=1)
    grams, scale = pack(weights[:FEATURES])
    np.savez_compressed(
        out / WEIGHTS,
        idf=idf.astype(np.float16),
        grams=grams,
        scale=scale,
        dense=weights[FEATURES:].astype(np.float32),
        bias=np.concatenate([one.bias for one in fitted]).astype(np.float32),
    )


def _silent(features: int, labels: Sequence[str]) -> Fitted:
    return Fitted(weights=np.zeros((features, len(labels))), bias=np.zeros(len(labels)))


def _write_heads(out: Path, examples: Examples, labels: Mapping[str, Sequence[str]], encoder: Encoder) -> None:
    rows = head_features(encoder.encode(examples.texts))
    fitted = [fit_dense(rows, examples.given[name], labels[name], ENCODER_STRENGTH) for name in NAMES]
    np.savez_compressed(
        out / HEADS,
        weights=np.concatenate([one.weights for one in fitted], axis=1).astype(np.float32),
        bias=np.concatenate([one.bias for one in fitted]).astype(np.float32),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weights:
    alone: float
    stacked: Mapping[str, tuple[float, float]]
    sure: float


def _weigh_experts(model: Model, posts: Sequence[Post], public: Mapping[str, Sequence[Row]]) -> dict[str, _Weights]:
    """How much each expert counts in each script, from texts that neither was trained on."""
    rows: list[tuple[str, dict[str, str], float, str | None]] = [
        (redact(post.text).text, {name: label for name in NAMES if (label := post.label(name)) is not None}, 1.0, None)
        for post in posts
    ]
    for source in SOURCES:
        held_back = [row for row in public[source.name] if row.dev][:_DEV_A_SOURCE]
        rows += [(row.text, {source.head: row.label}, PUBLIC_WEIGHT[source.head], source.unsaid) for row in held_back]
    texts = [row[0] for row in rows]
    cheap, deep = model.linear.scores(texts), model.encoder_scores(model.encoder.encode(texts))
    scripts = np.array([script(text) for text in texts])
    found: dict[str, _Weights] = {}
    for name in NAMES:
        head = model.heads[name]
        given = [
            Given(place=place, label=labels[name], weight=weight, unsaid=unsaid)
            for place, (_, labels, weight, unsaid) in enumerate(rows)
            if name in labels
        ]
        places = np.array([one.place for one in given])
        truth = np.array([head.labels.index(one.label) for one in given])
        weights = np.array([one.weight for one in given])
        unsaid = silence([one.unsaid for one in given], head.labels)
        lin, enc = cheap[places][:, head.columns], deep[places][:, head.columns]
        written = places < len(posts)
        alone = weigh([lin], truth, weights, unsaid)[0]
        both = weigh([lin, enc], truth, weights, unsaid)
        stacked: dict[str, tuple[float, float]] = {}
        for one in SCRIPTS:
            inside = scripts[places] == one
            if inside.sum() > _LEAST_A_SCRIPT:
                both_here = weigh([lin[inside], enc[inside]], truth[inside], weights[inside], unsaid[inside])
            else:
                both_here = both
            stacked[one] = (both_here[0], both_here[1])
        sure = _sure_from(softmax(lin * alone)[written], truth[written]) if name in _CASCADED and written.any() else 0.0
        found[name] = _Weights(alone=alone, stacked=stacked, sure=sure)
    return found


_CASCADED = frozenset({"threat", "action"})
"""Heads that decide whether the linear expert may judge a post alone: nothing to answer, or surely a scam."""


def _sure_from(table: Floats, truth: NDArray[np.int64]) -> float:
    """The least confidence from which the linear expert alone errs in at most one of a hundred; 2 where there is none."""
    confidence, right = table.max(axis=1), table.argmax(axis=1) == truth
    order = np.argsort(-confidence)
    errors = np.cumsum(~right[order]) / np.arange(1, len(order) + 1)
    safe = np.flatnonzero(errors <= _SURE_ERROR)
    return float(confidence[order][safe[-1]]) if len(safe) else 2.0


def _write_manifest(out: Path, labels: Mapping[str, Sequence[str]], encoder: Encoder, weights: Mapping[str, _Weights]) -> None:
    heads = {
        name: {"labels": labels[name], "alone": one.alone, "stacked": one.stacked, "sure": one.sure}
        for name, one in weights.items()
    }
    manifest: dict[str, object] = {"format": FORMAT, "kind": KIND, "encoder": encoder.digest, "heads": heads}
    manifest["dense"] = dense_names()
    digest = hashlib.sha256(
        (json.dumps(manifest, sort_keys=True)).encode() + (out / WEIGHTS).read_bytes() + (out / HEADS).read_bytes()
    )
    manifest["version"] = f"{VERSION}-{digest.hexdigest()[:8]}"
    (out / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _calibrate_answers(out: Path, posts: Sequence[Post], articles: Sequence[Article]) -> None:
    """Which article, whether it answers fully, and how far each automatic action may be trusted."""
    model = load(out)
    texts = [redact(post.text).text for post in posts]
    languages = [identify(text).label for text in texts]
    reading = model.read(texts, all_encoded=True)
    nothing = (0.0,) * (len(faq.PAIR_FEATURES) + 1)
    blank = faq.Calibration(pair=nothing, unseen=nothing, final=(0.0,) * (len(faq.FINAL_FEATURES) + 1))
    index = faq.FaqIndex(articles, blank, model.encoder)
    truth = np.array([[post.faq_id == article.id for article in articles] for post in posts])
    full = truth & np.array([post.action == "reply_faq" for post in posts])[:, None]
    pairs = index.pair_features(texts, languages, reading, model.heads)
    pair = fit_two(pairs.reshape(-1, pairs.shape[2]), truth.reshape(-1), strength=10.0)
    unlearnt = fit_two(pairs[:, :, :-1].reshape(-1, pairs.shape[2] - 1), truth.reshape(-1), strength=10.0)
    scores = faq.logit(pairs, pair)
    order = faq.best_first(scores)
    final = index.final_features(scores, reading, model.heads, order)
    answers = np.take_along_axis(full, order, axis=1)
    flat = final.reshape(-1, final.shape[2])
    content = {
        "pair": pair,
        "unseen": (*unlearnt[:-1], 0.0, unlearnt[-1]),
        "final": fit_two(flat, answers.reshape(-1), strength=10.0),
    }
    (out / faq.CALIBRATION).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    probabilities = _unseen(final, answers, np.array([int(post.author.rpartition("-")[2]) for post in posts]))
    risk.write_trials(out, _trials(posts, model, reading, probabilities, answers))


def _unseen(final: Floats, answers: NDArray[np.bool_], voices: NDArray[np.int64]) -> Floats:
    """What a calibration fitted without the author says of each post's articles: (posts, best articles)."""
    folds = (voices // 5) % _FOLDS
    found = np.zeros(answers.shape)
    for fold in range(_FOLDS):
        rest, inside = folds != fold, folds == fold
        weights = fit_two(final[rest].reshape(-1, final.shape[2]), answers[rest].reshape(-1), strength=10.0)
        found[inside] = faq.sigmoid(faq.logit(final[inside], weights))
    return found


def _trials(
    posts: Sequence[Post], model: Model, reading: Reading, probabilities: Floats, answers: NDArray[np.bool_]
) -> dict[risk.Act, risk.Trials]:
    best = probabilities.argmax(axis=1)
    action, threat = model.heads["action"].labels, model.heads["threat"].labels
    honest = np.array([post.threat == "none" and post.action is not None for post in posts])
    wanted = np.array([post.action or "" for post in posts])
    language, platform = np.array([post.lang for post in posts]), np.array([post.platform or "" for post in posts])

    def trials(probability: Floats, right: NDArray[np.bool_], among: NDArray[np.bool_]) -> risk.Trials:
        return risk.Trials(probability=probability, right=right, language=language, platform=platform).where(among)

    said = reading.probabilities["action"]
    return {
        "answer": trials(probabilities.max(axis=1), answers[np.arange(len(posts)), best], honest),
        "flag": trials(
            reading.probabilities["threat"][:, threat.index("scam")],
            np.array([post.threat == "scam" for post in posts]),
            np.ones(len(posts), np.bool_),
        ),
        "ticket": trials(said[:, action.index("open_ticket")], wanted == "open_ticket", honest),
        "chatter": trials(said[:, action.index("none")], wanted == "none", honest),
    }


if __name__ == "__main__":
    main()
