"""How far the fleet and a careful support lead agree on rehearsed posts, and the costs where they do not."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from classifier.metrics import by_group, figures
from workers.rehearsal import Rehearsed


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFigures:
    """Of the rows that bear a label for the field. `worst_lang`: macro F1 of the language that has the lowest."""

    n: int
    accuracy: float
    macro_f1: float
    worst_lang: float
    worst_lang_name: str
    baseline_accuracy: float
    baseline_macro_f1: float
    """What always saying the commonest label of the rows would give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`hits` out of `of` rows."""

    hits: int
    of: int

    @property
    def value(self) -> float:
        """0 when there is nothing to count out of."""
        return self.hits / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    wrong_auto_reply: Rate
    """Automatic FAQ replies to rows that are not labelled reply_faq with that article, of all automatic FAQ replies."""
    answered: Rate
    """Automatically answered with the right article, of the rows labelled reply_faq."""
    missed_critical: Rate
    """Neither flagged nor brought to a ticket or a review of urgency critical or high, of the rows labelled critical."""
    victims_flagged: Rate
    """Flagged as scams, of the rows with threat none."""
    automatic: Rate
    """Finished, or left alone, without asking a reviewer, of all rows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    n: int
    fields: Mapping[str, FieldFigures]
    rates: Rates
    per_lang: Mapping[str, Rates]


_Said = Callable[[Rehearsed], str]

SAID: Mapping[str, _Said] = {
    "sentiment": lambda one: one.assessment.sentiment.label,
    "urgency": lambda one: one.assessment.urgency.label,
    "intent": lambda one: one.assessment.intent.label,
    "threat": lambda one: one.assessment.threat.label,
    "action": lambda one: one.action,
    "lang": lambda one: one.assessment.language.label,
}
"""Field of a row -> what the fleet says in its place."""


def agreement(rehearsed: Sequence[Rehearsed]) -> Agreement:
    languages = sorted({one.row.lang for one in rehearsed})
    return Agreement(
        n=len(rehearsed),
        fields={name: _field(rehearsed, name, said) for name, said in SAID.items()},
        rates=rates(rehearsed),
        per_lang={code: rates([one for one in rehearsed if one.row.lang == code]) for code in languages},
    )


def rates(rehearsed: Sequence[Rehearsed]) -> Rates:
    replies = [one for one in rehearsed if one.automatic and one.action == "reply_faq"]
    answerable = [one for one in rehearsed if one.row.action == "reply_faq"]
    critical = [one for one in rehearsed if one.row.urgency == "critical"]
    genuine = [one for one in rehearsed if one.row.threat == "none"]
    return Rates(
        wrong_auto_reply=_rate(replies, lambda one: not _right_article(one)),
        answered=_rate(answerable, lambda one: one.automatic and _right_article(one)),
        missed_critical=_rate(critical, lambda one: not one.pressing and one.action != "flag"),
        victims_flagged=_rate(genuine, lambda one: one.automatic and one.action == "flag"),
        automatic=_rate(rehearsed, lambda one: one.automatic),
    )


def _right_article(one: Rehearsed) -> bool:
    return one.action == one.row.action == "reply_faq" and one.faq_id == one.row.faq_id


def _rate(rows: Sequence[Rehearsed], hit: Callable[[Rehearsed], bool]) -> Rate:
    return Rate(hits=sum(hit(one) for one in rows), of=len(rows))


def _field(rehearsed: Sequence[Rehearsed], name: str, said: _Said) -> FieldFigures:
    rows = [(label, said(one), one.row.lang) for one in rehearsed if (label := getattr(one.row, name))]
    truth, claims, languages = ([row[place] for row in rows] for place in range(3))
    whole, each = figures(truth, claims), by_group(languages, truth, claims)
    worst = min(each, key=lambda code: each[code].macro_f1, default="")
    always = figures(truth, [label for label, _ in Counter(truth).most_common(1)] * len(truth))
    return FieldFigures(
        n=whole.n,
        accuracy=whole.accuracy,
        macro_f1=whole.macro_f1,
        worst_lang=each[worst].macro_f1 if worst else 0.0,
        worst_lang_name=worst,
        baseline_accuracy=always.accuracy,
        baseline_macro_f1=always.macro_f1,
    )
