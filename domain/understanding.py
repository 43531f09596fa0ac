"""What the classifier says about a mention, with its doubt."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from domain.hearing import Mention
from domain.people import Account

Task = Literal["sentiment", "urgency", "intent", "threat", "scam_type"]

SENTIMENTS = ("negative", "neutral", "positive")
URGENCIES = ("critical", "high", "normal", "low")
THREATS = ("none", "scam")
NEEDS = ("reply_faq", "open_ticket", "none")
LANGUAGES = ("en", "zh", "ko", "ja", "ru", "es", "fr", "vi")


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """The likeliest label of one task and the calibrated probability of every label (they sum to 1)."""

    label: str
    probabilities: Mapping[str, float]

    @property
    def confidence(self) -> float:
        return self.probabilities.get(self.label, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FaqMatch:
    """An article and the calibrated probability that it answers the post fully."""

    article_id: str
    probability: float


SignalFamily = Literal["identity", "conduct", "infrastructure", "context", "campaign"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One point of evidence about an account or a post. `log_odds` is what it adds; `evidence` can be shown to a human."""

    family: SignalFamily
    name: str
    log_odds: float
    evidence: str


SELF_HARM = "self_harm"
"""Name of the signal that the author may harm themselves. It says nothing about a scam: its log-odds are 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """Everything the classifier says about one mention."""

    language: Judgement
    sentiment: Judgement
    urgency: Judgement
    intent: Judgement
    threat: Judgement
    scam_type: Judgement
    need: Judgement = Judgement(label="", probabilities={})
    """What a careful support lead would do: one of `NEEDS`."""
    faq: tuple[FaqMatch, ...] = ()
    """Best first, at most three."""
    signals: tuple[Signal, ...] = ()
    secrets: frozenset[str] = frozenset()
    """Kinds of secret found in the post: seed_phrase, private_key, card, ..."""
    model_version: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Article:
    """One FAQ article in every language it has. `questions` are ways people ask it."""

    id: str
    intent: str
    url: str
    title: Mapping[str, str]
    answer: Mapping[str, str]
    questions: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])


@dataclass(frozen=True, slots=True, kw_only=True)
class Redacted:
    """Text with personal data and secrets replaced by placeholders such as `[email]`, and which kinds were found."""

    text: str
    found: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What the classifier needs to judge one mention: the post (redacted), what redaction found, and what it answers."""

    mention: Mention
    secrets: frozenset[str] = frozenset()
    parent_text: str | None = None
    parent_author: Account | None = None


class Classifier(Protocol):
    """Judges a batch. Synchronous and CPU-bound: callers run it in a thread."""

    @property
    def version(self) -> str: ...

    def assess(self, batch: Sequence[Question]) -> list[Assessment]: ...
