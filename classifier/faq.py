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
from classifier.encoder import Encoder
from classifier.features import weighted
from classifier.model import Head, Reading, unit
from classifier.ngrams import FEATURES, Sparse, extract
from classifier.text import normalise
from domain.errors import ModelError
from domain.understanding import Article, FaqMatch

__all__ = ["Calibration", "FaqIndex", "load_articles", "load_calibration"]

CALIBRATION = "faq.json"
PAIR_FEATURES = ("wording", "topic", "concepts", "meaning", "intent", "learnt")
"""Of a post and an article: likeness to its likest question, to the whole, of ideas named, of meaning to its likest question in
any language; log-odds of its intent; log-odds of the model's head that learnt the articles, 0 for an article it never saw."""
FINAL_FEATURES = ("score", "lead", "full", "ticket", "critical", "high", "negative", "scam", "known")
"""Of a post and one of its best articles: pair score, lead over the best other one; log-odds that a support lead would send an
article or open a ticket; probabilities of what the model says of the post; whether the model's head knows the article."""
MOST_MATCHES = 3
_SIGNS = (("urgency", "critical"), ("urgency", "high"), ("sentiment", "negative"), ("threat", "scam"))
_LEAST = 1e-4

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """Small logistic regressions, the bias last: which article, and whether it answers the post fully."""

    pair: tuple[float, ...]
    unseen: tuple[float, ...]
    """As `pair`, for articles that the model's head has not learnt; the weight of `learnt` is 0."""
    final: tuple[float, ...]


def load_calibration(folder: Path) -> Calibration:
    """Raises ModelError when the file is missing or wrong."""
    path = folder / CALIBRATION
    try:
        content = cast("dict[str, list[float]]", json.loads(path.read_text(encoding="utf-8")))
        calibration = Calibration(
            **{name: tuple(float(value) for value in content[name]) for name in ("pair", "unseen", "final")}
        )
    except FileNotFoundError:
        raise ModelError(f"{path} is missing: restore the model folder.") from None
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} cannot be read ({type(error).__name__}): restore the model folder.") from None
    lengths = [len(calibration.pair), len(calibration.unseen), len(calibration.final)]
    if lengths != [len(PAIR_FEATURES) + 1] * 2 + [len(FINAL_FEATURES) + 1]:
        raise ModelError(f"{path} has numbers of another format: retrain the model.")
    return calibration


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shelf:
    """One language's texts. `table`: (features known here + one empty row, questions and titles, then whole articles)."""

    idf: NDArray[np.float32]
    known: NDArray[np.int64]
    table: NDArray[np.float32]
    owners: NDArray[np.int64]
    """Article number of each question or title, ascending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Meanings:
    """Encoded questions and titles of all languages, each of length 1; `firsts`: where each article's begin."""

    vectors: NDArray[np.float32]
    firsts: NDArray[np.int64]


class FaqIndex:
    """Matches posts to articles: by wording in the post's language, by ideas and by meaning across languages."""

    def __init__(self, articles: Sequence[Article], calibration: Calibration, encoder: Encoder) -> None:
        self.articles = tuple(articles)
        self._calibration = calibration
        languages = sorted({code for article in articles for code in article.questions})
        self._shelves = {code: _shelve(self.articles, code) for code in languages}
        self._ideas, self._rarity = _ideas(self.articles)
        self._meanings = _understand(self.articles, encoder)

    def match(
        self, texts: Sequence[str], languages: Sequence[str], reading: Reading, heads: Mapping[str, Head]
    ) -> list[list[FaqMatch]]:
        """Best first, at most three for each text. None for a text that the encoder did not need to read: it is no question."""
        found: list[list[FaqMatch]] = [[] for _ in texts]
        places = np.flatnonzero(reading.encoded).tolist()
        if not places or not self.articles:
            return found
        reading = reading.rows(places)
        pairs = self.pair_features([texts[place] for place in places], [languages[place] for place in places], reading, heads)
        known = self._known(heads)[None, :]
        scores = np.where(known, logit(pairs, self._calibration.pair), logit(pairs, self._calibration.unseen))
        order = best_first(scores)
        final = sigmoid(logit(self.final_features(scores, reading, heads, order), self._calibration.final))
        for row, place in enumerate(places):
            found[place] = self._matches(order[row].tolist(), final[row].tolist())
        return found

    def _matches(self, articles: Sequence[int], probabilities: Sequence[float]) -> list[FaqMatch]:
        found = [FaqMatch(article_id=self.articles[a].id, probability=p) for a, p in zip(articles, probabilities, strict=True)]
        return sorted(found, key=lambda match: -match.probability)

    def pair_features(
        self, texts: Sequence[str], languages: Sequence[str], reading: Reading, heads: Mapping[str, Head]
    ) -> Floats:
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
        table[:, :, 3] = np.maximum.reduceat(reading.means @ self._meanings.vectors.T, self._meanings.firsts, axis=1)
        table[:, :, 4] = _log_odds(reading, heads, "intent", [article.intent for article in self.articles])
        known = self._known(heads)
        table[:, known, 5] = _log_odds(reading, heads, "article", [self.articles[place].id for place in np.flatnonzero(known)])
        return table

    def _known(self, heads: Mapping[str, Head]) -> NDArray[np.bool_]:
        """Which articles the model's head has learnt."""
        return np.array([article.id in heads["article"].labels for article in self.articles], np.bool_)

    def final_features(self, scores: Floats, reading: Reading, heads: Mapping[str, Head], order: NDArray[np.int64]) -> Floats:
        """(texts, best articles, FINAL_FEATURES)."""
        rows = np.arange(len(scores))[:, None]
        ranked = np.sort(scores, axis=1)
        best, second = ranked[:, -1:], ranked[:, -2:-1] if scores.shape[1] > 1 else ranked[:, -1:] * 0.0
        lead = np.where(scores >= best, scores - second, scores - best)
        about_post = np.concatenate(
            [
                _log_odds(reading, heads, "action", ["reply_faq", "open_ticket"]),
                *(_probabilities(reading, heads, head, [label]) for head, label in _SIGNS),
            ],
            axis=1,
        )
        spread = np.broadcast_to(about_post[:, None, :], (*order.shape, about_post.shape[1]))
        known = self._known(heads)[order].astype(np.float64)[:, :, None]
        return np.concatenate([scores[rows, order, None], lead[rows, order, None], spread, known], axis=2)


def best_first(scores: Floats) -> NDArray[np.int64]:
    """(texts, at most three): places of the best articles."""
    return np.argsort(-scores, axis=1, kind="stable")[:, :MOST_MATCHES]


def _probabilities(reading: Reading, heads: Mapping[str, Head], head: str, labels: Sequence[str]) -> Floats:
    """(texts, labels); 0 for a label that the head does not have."""
    table, known = reading.probabilities[head], heads[head].labels
    found = np.zeros((len(table), len(labels)))
    for place, label in enumerate(labels):
        if label in known:
            found[:, place] = table[:, known.index(label)]
    return found


def _log_odds(reading: Reading, heads: Mapping[str, Head], head: str, labels: Sequence[str]) -> Floats:
    probabilities = np.clip(_probabilities(reading, heads, head, labels), _LEAST, 1 - _LEAST)
    return np.log(probabilities / (1 - probabilities))


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


def _understand(articles: Sequence[Article], encoder: Encoder) -> _Meanings:
    texts = [[text for code in article.questions for text in _wordings(article, code)] or [article.id] for article in articles]
    vectors = unit(encoder.encode_plain([text for group in texts for text in group]).mean)
    return _Meanings(vectors=vectors, firsts=np.cumsum([0, *(len(group) for group in texts[:-1])], dtype=np.int64))


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
