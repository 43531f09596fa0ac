"""What the model is trained on besides the written posts: samples of public data sets, read in place and never copied."""

import csv
import gzip
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.understanding import Article

_SEED = 20261122
_SENTIMENTS = {name: name for name in ("negative", "neutral", "positive")}
_MOODS = {"happy": "positive", "angry": "negative", "sad": "negative", "fear": "negative", "neutral": "neutral"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A sample of one file under the training folder. `labels` maps its labels to ours; rows of other labels are left out."""

    file: str
    rows: int
    labels: Mapping[str, str] = field(default_factory=lambda: _SENTIMENTS)
    languages: frozenset[str] = frozenset({"en", "ko", "ru", "zh", "es", "fr"})


Labelled = tuple[str, str]
"""A text and its label."""

SENTIMENT_SOURCES = (
    Source(file="sentiment/B_en_semeval2013_16.csv.gz", rows=4000),
    Source(file="sentiment/A_ko_nsmc.csv.gz", rows=2600),
    Source(file="sentiment/A_ko_nsmc_neutral_weak.csv.gz", rows=1400),
    Source(file="sentiment/B_ru_sentirueval2015.csv.gz", rows=4000),
    Source(file="sentiment/B_zh_smp2020.csv.gz", rows=4000, labels=_MOODS),
    Source(file="sentiment/B_multi_umsab.csv.gz", rows=4000, languages=frozenset({"es", "fr"})),
)


def sample(shared: Path, sources: Sequence[Source]) -> list[Labelled]:
    """The same rows every time. Raises FileNotFoundError when the training folder is not there."""
    return [row for source in sources for row in _read(shared / source.file, source)]


def _read(path: Path, source: Source) -> list[Labelled]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        rows = [
            (row["text"], source.labels[row["label"]])
            for row in csv.DictReader(file)
            if row["label"] in source.labels and row["lang"] in source.languages
        ]
    random.Random(_SEED).shuffle(rows)
    return rows[: source.rows]


def article_texts(articles: Sequence[Article]) -> list[Labelled]:
    """Questions, titles and sentences of the answers with the article's intent."""
    parts: tuple[Callable[[Article], list[str]], ...] = (
        lambda article: [question for questions in article.questions.values() for question in questions],
        lambda article: list(article.title.values()),
        lambda article: [sentence for answer in article.answer.values() for sentence in _sentences(answer)],
    )
    return [(text, article.intent) for article in articles for part in parts for text in part(article)]


def _sentences(answer: str) -> list[str]:
    return [sentence.strip() for sentence in answer.replace("。", ". ").split(". ") if sentence.strip()]
