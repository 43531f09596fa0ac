"""Which FAQ article answers a post, and how surely."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from classifier.articles import load_articles
from classifier.concepts import shipped
from classifier.features import weighted
from classifier.ngrams import FEATURES, Sparse, extract
from classifier.text import normalise
from domain.errors import ModelError
from domain.understanding import Article, FaqMatch, Judgement, Task

__all__ = ["Calibration", "FaqIndex", "load_articles", "load_calibration"]

SHIPPED = Path(__file__).parent / "models" / "default"
CALIBRATION = "faq.json"
PAIR_FEATURES = ("wording", "topic", "concepts", "intent")
"""Of a post and an article: likeness to its likest question, to the whole, of ideas named; probability of its intent."""
FINAL_FEATURES = ("likeness", "lead", "intent", "urgent", "negative", "scam")
"""Of a post and one of its best articles: pair score, lead over the best other one, then what the model says of it."""
MOST_MATCHES = 3

Floats = NDArray[np.float64]
Judged = Mapping[Task, Judgement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Two small logistic regressions, the bias last: which article, and whether it answers the post fully.

    `neutral`: values of intent agreement, urgent, negative and scam for a post that no model has judged.
    """

    pair: tuple[float, ...]
    final: tuple[float, ...]
    neutral: tuple[float, ...]


def load_calibration(folder: Path = SHIPPED) -> Calibration:
    """Raises ModelError when the file is missing or wrong."""
    path = folder / CALIBRATION
    try:
        content = cast("dict[str, list[float]]", json.loads(path.read_text(encoding="utf-8")))
        calibration = Calibration(
            **{name: tuple(float(value) for value in content[name]) for name in ("pair", "final", "neutral")}
        )
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: restore the model folder from the repository.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(
            f"{path} cannot be read ({type(error).__name__}): restore the model folder from the repository."
        ) from None
    if (len(calibration.pair), len(calibration.final), len(calibration.neutral)) != (
        len(PAIR_FEATURES) + 1,
        len(FINAL_FEATURES) + 1,
        4,
    ):
        raise ModelError(f"{path} has numbers of another format: retrain with `python -m classifier.train`.")
    return calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """One language's texts. `table`: (features known here + one empty row, questions and titles, then whole articles)."""

    idf: NDArray[np.float32]
    known: NDArray[np.int64]
    table: NDArray[np.float32]
    owners: NDArray[np.int64]
    """Article number of each question or title, ascending."""


class FaqIndex:
    """Matches posts to articles by wording in the post's language and by the ideas named in any language."""

    def __init__(self, articles: Sequence[Article], calibration: Calibration | None = None) -> None:
        self.articles = tuple(articles)
        self._calibration = calibration or load_calibration()
        languages = sorted({code for article in articles for code in article.questions})
        self._shelves = {code: _shelve(self.articles, code) for code in languages}
        self._ideas, self._rarity = _ideas(self.articles)

    def match(
        self, texts: Sequence[str], languages: Sequence[str], judged: Sequence[Judged] | None = None
    ) -> list[list[FaqMatch]]:
        """Best first, at most three for each text. `judged`: what the model says of each text, for surer probabilities."""
        if not texts:
            return []
        pairs, signs = self.pair_features(texts, languages, judged), self.signs(len(texts), judged)
        scores = logit(pairs, self._calibration.pair)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :MOST_MATCHES]
        rows = np.arange(len(texts))[:, None]
        final = sigmoid(logit(self.final_features(scores, pairs, signs)[rows, order], self._calibration.final))
        return [self._matches(order[row].tolist(), final[row].tolist()) for row in range(len(texts))]

    def _matches(self, articles: Sequence[int], probabilities: Sequence[float]) -> list[FaqMatch]:
        found = [FaqMatch(article_id=self.articles[a].id, probability=p) for a, p in zip(articles, probabilities, strict=True)]
        return sorted(found, key=lambda match: -match.probability)

    def pair_features(self, texts: Sequence[str], languages: Sequence[str], judged: Sequence[Judged] | None) -> Floats:
        """(texts, articles, PAIR_FEATURES)."""
        clean = [normalise(text) for text in texts]
        table = np.zeros((len(texts), len(self.articles), len(PAIR_FEATURES)))
        for code in sorted(set(languages)):
            shelf = self._shelves.get(code) or next(iter(self._shelves.values()))
            rows = [row for row, language in enumerate(languages) if language == code]
            table[rows, :, :2] = _likeness(shelf, extract([clean[row] for row in rows]), len(self.articles))
        named = shipped().matrix(clean) * self._rarity
        named /= np.maximum(np.linalg.norm(named, axis=1, keepdims=True), 1e-6)
        table[:, :, 2] = np.einsum("ij,kj->ik", named, self._ideas, optimize=False)
        if judged is None:
            table[:, :, 3] = self._calibration.neutral[0]
        else:
            table[:, :, 3] = [
                [said["intent"].probabilities.get(article.intent, 0.0) for article in self.articles] for said in judged
            ]
        return table

    def signs(self, count: int, judged: Sequence[Judged] | None) -> Floats:
        """(texts, 3): probabilities that a post is urgent, negative, a scam."""
        if judged is None:
            return np.tile(np.array(self._calibration.neutral[1:]), (count, 1))
        return np.array(
            [
                (
                    said["urgency"].probabilities["critical"] + said["urgency"].probabilities["high"],
                    said["sentiment"].probabilities["negative"],
                    said["threat"].probabilities["scam"],
                )
                for said in judged
            ]
        )

    def final_features(self, scores: Floats, pairs: Floats, signs: Floats) -> Floats:
        """(texts, articles, FINAL_FEATURES)."""
        best = np.sort(scores, axis=1)
        rival = np.where(scores >= best[:, -1:], best[:, -2:-1] if scores.shape[1] > 1 else 0.0, best[:, -1:])
        spread = np.broadcast_to(signs[:, None, :], (*scores.shape, signs.shape[1]))
        return np.concatenate([np.stack([scores, scores - rival, pairs[:, :, 3]], axis=2), spread], axis=2)


def logit(features: Floats, weights: Sequence[float]) -> Floats:
    return np.einsum("...j,j->...", features, np.array(weights[:-1]), optimize=False) + weights[-1]


def sigmoid(scores: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-np.clip(scores, -30, 30)))


def _wordings(article: Article, code: str) -> list[str]:
    title = article.title.get(code)
    return [normalise(text) for text in (*article.questions.get(code, ()), *([title] if title else []))]


def _shelve(articles: Sequence[Article], code: str) -> _Shelf:
    wordings = [(text, number) for number, article in enumerate(articles) for text in _wordings(article, code)]
    whole = [" ".join([*_wordings(article, code), normalise(article.answer.get(code, ""))]) or code for article in articles]
    grams = extract([*(text for text, _ in wordings), *whole])
    counts = np.bincount(grams.ids, minlength=FEATURES)
    idf = np.log((2.0 + grams.rows) / (1.0 + counts)).astype(np.float32)
    grams = weighted(grams, idf)
    known = np.unique(grams.ids)
    table = np.zeros((len(known) + 1, grams.rows), np.float32)
    table[np.searchsorted(known, grams.ids), np.repeat(np.arange(grams.rows), np.diff(grams.starts))] = grams.values
    return _Shelf(idf=idf, known=known, table=table, owners=np.array([number for _, number in wordings], np.int64))


def _likeness(shelf: _Shelf, grams: Sparse, articles: int) -> Floats:
    """(texts, articles, 2): cosine with the likest question or title, and with the whole article."""
    grams = weighted(grams, shelf.idf)
    place = np.searchsorted(shelf.known, grams.ids)
    place[place == len(shelf.known)] = 0
    place = np.where(shelf.known[place] == grams.ids, place, len(shelf.known))
    likeness = np.add.reduceat(shelf.table[place] * grams.values[:, None], grams.starts[:-1], axis=0)
    questions = likeness[:, : len(shelf.owners)]
    best = np.zeros((grams.rows, articles))
    present, firsts = np.unique(shelf.owners, return_index=True)
    best[:, present] = np.maximum.reduceat(questions, firsts, axis=1)
    return np.stack([best, likeness[:, len(shelf.owners) :]], axis=2)


def _ideas(articles: Sequence[Article]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """(articles, concepts): how often an article's wordings in any language name each idea; and each idea's rarity."""
    shares = np.stack(
        [
            shipped().matrix([text for code in article.questions for text in _wordings(article, code)]).mean(axis=0)
            for article in articles
        ]
    )
    rarity = np.log((1.0 + len(articles)) / (1.0 + shares.sum(axis=0))).astype(np.float32)
    ideas = np.sqrt(shares) * rarity
    return ideas / np.maximum(np.linalg.norm(ideas, axis=1, keepdims=True), 1e-6), rarity
