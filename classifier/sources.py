"""What the model is trained on besides the written posts: public data sets, read in place and never copied."""

import csv
import gzip
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from domain.understanding import Article

_SEED = 20261122
_EARLY = 0.85
_SAME = re.compile(r"https?://\S+|@\w+|[\W_]+")
_SENTIMENTS = {name: name for name in ("negative", "neutral", "positive")}
_MOODS = {"happy": "positive", "angry": "negative", "sad": "negative", "fear": "negative", "neutral": "neutral"}
_JANITR = {"clean": "none", "topic_crypto": "none", "scam": "scam"}
_SPAM = {"ham": "ham", "spam": "spam"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One public text. `dev`: held back from training, to weigh the experts against each other and to report on."""

    source: str
    text: str
    label: str
    lang: str
    dev: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file under the training folder. `labels` maps its labels to ours; rows of other labels are left out.

    Held back is the split `val` where the file has one; else the latest 15% by `time_column`, `dev_rows` by chance, or
    `dev_share` of the texts by chance, a text and its copies together.
    """

    name: str
    file: str
    head: str
    labels: Mapping[str, str] = field(default_factory=lambda: _SENTIMENTS)
    time_column: str = ""
    dev_rows: int = 0
    dev_share: float = 0.0
    unsaid: str | None = None
    """A label that the file never gives, and so says nothing about."""


SOURCES = (
    Source(name="tweeteval", file="sentiment/B_en_tweeteval_sentiment_val.csv.gz", head="sentiment"),
    Source(name="umsab", file="sentiment/B_multi_umsab.csv.gz", head="sentiment"),
    Source(name="semeval", file="sentiment/B_en_semeval2013_16.csv.gz", head="sentiment"),
    Source(
        name="sentirueval",
        file="sentiment/B_ru_sentirueval2015.csv.gz",
        head="sentiment",
        time_column="ts",
    ),
    Source(name="nsmc", file="sentiment/A_ko_nsmc.csv.gz", head="sentiment", dev_rows=8000, unsaid="neutral"),
    Source(name="nsmc_neutral", file="sentiment/A_ko_nsmc_neutral_weak.csv.gz", head="sentiment", dev_rows=1000),
    Source(name="smp", file="sentiment/B_zh_smp2020.csv.gz", head="sentiment", labels=_MOODS),
    Source(name="shopping", file="sentiment/B_zh_online_shopping_10.csv.gz", head="sentiment", dev_rows=1000, unsaid="neutral"),
    Source(name="hotels", file="sentiment/B_zh_chnsenticorp_htl.csv.gz", head="sentiment", unsaid="neutral"),
    Source(name="smsa", file="sentiment/B_id_ms.csv.gz", head="sentiment"),
    Source(name="janitr", file="spam/A_x_janitr.csv.gz", head="threat", labels=_JANITR),
    Source(name="sms", file="spam/A_en_sms_spam.csv.gz", head="spam", labels=_SPAM, dev_share=0.12),
    Source(name="sms_translated", file="spam/B_mt_sms_spam_de_fr_hi.csv.gz", head="spam", labels=_SPAM),
    Source(name="chat_spam", file="spam/B_zh_chat_spam.csv.gz", head="spam", labels=_SPAM, dev_rows=1500),
)


def read_all(shared: Path) -> dict[str, list[Row]]:
    """Source name -> its rows, the same every time; a text that is held back anywhere is trained on nowhere.

    Raises FileNotFoundError when a file of the training folder is not there.
    """
    chance = random.Random(_SEED)  # one for all files, in their order
    found = {source.name: _read(shared / source.file, source, chance) for source in SOURCES}
    held_back = {_same(row.text) for rows in found.values() for row in rows if row.dev}
    return {name: [row for row in rows if row.dev or _same(row.text) not in held_back] for name, rows in found.items()}


def _same(text: str) -> str:
    return _SAME.sub("", text.lower())[:60]


def _read(path: Path, source: Source, chance: random.Random) -> list[Row]:
    csv.field_size_limit(1 << 30)
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        lines = list(csv.DictReader(file))
    held_back = _held_back(lines, source, chance)
    return [
        Row(source=source.name, text=line["text"], label=source.labels[line["label"]], lang=line["lang"], dev=dev)
        for line, dev in zip(lines, held_back, strict=True)
        if line["label"] in source.labels and line["text"].strip()
    ]


def _held_back(lines: list[dict[str, str]], source: Source, chance: random.Random) -> list[bool]:
    """One answer a line; puts the lines into another order where the split needs it."""
    if source.time_column:
        lines.sort(key=lambda line: line[source.time_column])
        first = int(len(lines) * _EARLY)
        return [place >= first for place in range(len(lines))]
    if source.dev_rows:
        chance.shuffle(lines)
        return [place < source.dev_rows for place in range(len(lines))]
    if source.dev_share:
        drawn: dict[str, bool] = {}
        for line in lines:
            same = _same(line["text"])
            if same not in drawn:
                drawn[same] = chance.random() < source.dev_share
        return [drawn[_same(line["text"])] for line in lines]
    return [line["split"] == "val" for line in lines]


def article_texts(articles: Sequence[Article]) -> list[tuple[str, Article]]:
    """Questions, titles and sentences of the answers in all languages, each with its article."""
    parts: tuple[Callable[[Article], list[str]], ...] = (
        lambda article: [question for questions in article.questions.values() for question in questions],
        lambda article: list(article.title.values()),
        lambda article: [sentence for answer in article.answer.values() for sentence in _sentences(answer)],
    )
    return [(text, article) for article in articles for part in parts for text in part(article)]


def _sentences(answer: str) -> list[str]:
    return [sentence.strip() for sentence in answer.replace("。", ". ").split(". ") if sentence.strip()]


_LABELLED = ("clinc150", "hwu64", "bitext_support")
_OUT_OF_SCOPE = "oos"


def read_unlabelled_english(shared: Path) -> list[str]:
    """Texts of the public intent sets without their labels: on them the encoder should stay what it was."""
    return sorted({line["text"] for name in ("banking77", *_LABELLED) for line in _intent_lines(shared, name)})


def read_intents(shared: Path) -> dict[str, list[tuple[str, str]]]:
    """Public set -> texts and intents of its split train. Without BANKING77's: learning from few rows is measured there."""
    return {
        name: [
            (line["text"], line["label"])
            for line in _intent_lines(shared, name)
            if line["split"] == "train" and line["label"] != _OUT_OF_SCOPE
        ]
        for name in _LABELLED
    }


def _intent_lines(shared: Path, name: str) -> list[dict[str, str]]:
    with gzip.open(shared / "intent" / f"A_en_{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
