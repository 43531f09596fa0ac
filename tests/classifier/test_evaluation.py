"""What is measured of a model: by doubles whose every probability is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from classifier.evaluation import (
    AnswerFigures,
    LanguageScorer,
    check_labels,
    judge,
    judge_answers,
    judge_positive,
    positive_figures,
    predictable,
    report,
)
from classifier.labelled import Labelled
from classifier.metrics import LabelFigures
from classifier.scoring import FleetScorer
from domain.errors import ConfigError, ModelError
from domain.understanding import LANGUAGES, FaqMatch


@dataclass(frozen=True)
class Said:
    """A scorer that says what each text is listed with."""

    labels: tuple[str, ...]
    table: Mapping[str, tuple[float, ...]]

    def probabilities(self, texts: Sequence[str]) -> NDArray[np.float64]:
        return np.array([self.table[text] for text in texts], np.float64)


MOODS = Said(
    ("negative", "neutral", "positive"),
    {"bad": (0.5, 0.4, 0.1), "so": (0.2, 0.5, 0.3), "good": (0.0, 0.2, 0.8), "?": (0, 1, 0)},
)


def rows(*pairs: tuple[str, str], lang: str = "en") -> list[Labelled]:
    return [Labelled(line=n, text=text, label=label, lang=lang, more={}) for n, (text, label) in enumerate(pairs, 2)]


def nothing(_count: int) -> None:
    """Nobody watches."""


def test_every_label_is_predicted_when_all_occur() -> None:
    verdicts = judge(rows(("bad", "negative"), ("so", "neutral"), ("good", "positive"), ("so", "positive")), MOODS, nothing)
    assert list(verdicts.said) == ["negative", "neutral", "positive", "neutral"]
    assert list(verdicts.confidences) == pytest.approx([0.5, 0.5, 0.8, 0.5])
    assert list(verdicts.right) == [True, True, True, False]


def test_a_three_way_model_is_scored_two_way_on_a_two_way_set() -> None:
    verdicts = judge(rows(("bad", "negative"), ("so", "positive")), MOODS, nothing)
    assert list(verdicts.said) == ["negative", "positive"]
    assert list(verdicts.confidences) == pytest.approx([0.5 / 0.6, 0.6])


def test_a_row_whose_every_label_was_left_out_still_gets_one() -> None:
    verdicts = judge(rows(("?", "negative"), ("good", "positive")), MOODS, nothing)
    assert verdicts.said[0] in {"negative", "positive"}
    assert verdicts.confidences[0] == 0.0


def test_with_one_label_all_are_predicted() -> None:
    """Else every answer would be right."""
    assert predictable(rows(("so", "positive")), MOODS.labels) == [0, 1, 2]
    assert list(judge(rows(("so", "positive")), MOODS, nothing).right) == [False]


def test_unknown_labels_are_told_with_the_first_line() -> None:
    with pytest.raises(ConfigError, match=r"f\.csv:3: the model does not know `angry`, `sad`; it knows `negative`"):
        check_labels(Path("f.csv"), rows(("so", "neutral"), ("bad", "angry"), ("bad", "sad")), MOODS.labels)


def test_many_unknown_labels_are_counted() -> None:
    with pytest.raises(ConfigError, match="and 18 more; it knows"):
        check_labels(Path("f.csv"), rows(*(("so", f"label{n}") for n in range(30))), MOODS.labels)


def test_one_label_against_all_others() -> None:
    scams = Said(("none", "scam"), {"win": (0.1, 0.9), "hi": (0.8, 0.2), "half": (0.5, 0.5)})
    verdicts = judge_positive(rows(("win", "scam"), ("hi", "clean"), ("hi", "scam"), ("half", "topic")), scams, "scam", nothing)
    assert list(verdicts.truth) == ["scam", "not scam", "scam", "not scam"]
    assert list(verdicts.said) == ["scam", "not scam", "not scam", "scam"]
    assert list(verdicts.confidences) == [0.9, 0.8, 0.8, 0.5]
    assert positive_figures(verdicts, "scam") == ("scam", LabelFigures(precision=0.5, recall=0.5, f1=0.5, support=2))


def test_an_article_is_said_from_its_threshold_on() -> None:
    matches = [
        [FaqMatch(article_id="fees", probability=0.9)],
        [FaqMatch(article_id="fees", probability=0.9)],
        [FaqMatch(article_id="fees", probability=0.4), FaqMatch(article_id="kyc", probability=0.3)],
        [],
    ]
    verdicts, answers = judge_answers(["fees", "none", "fees", "none"], matches, [0.8, 0.8, 0.8, 0.0], 1.0)
    assert list(verdicts.said) == ["fees", "fees", "none", "none"]
    assert list(verdicts.right) == [True, False, True, False]
    assert answers == AnswerFigures(coverage=0.5, precision=0.5, recall_at_1=1.0)


def test_the_report_stands_beside_always_saying_the_commonest_label() -> None:
    data = [*rows(("bad", "negative"), ("bad", "negative"), ("so", "neutral")), *rows(("so", "positive"), lang="ko")]
    found = report(judge(data, MOODS, nothing), [row.lang for row in data], 0.02)
    assert (found.figures.accuracy, found.baseline_label, found.baseline.accuracy) == (0.75, "negative", 0.5)
    assert {code: (row.n, row.accuracy) for code, row in found.per_lang.items()} == {"en": (3, 1.0), "ko": (1, 0.0)}
    assert found.baseline_per_lang["en"].accuracy == pytest.approx(2 / 3)
    assert found.texts_per_second > 0


def test_rows_without_a_language_are_in_none() -> None:
    data = rows(("bad", "negative"), lang="")
    assert report(judge(data, MOODS, nothing), [row.lang for row in data], 0.02).per_lang == {}


def test_who_watches_is_told_of_every_text() -> None:
    told: list[int] = []
    judge(rows(*[("so", "neutral")] * 600), MOODS, told.append)
    assert sum(told) == 600
    assert len(told) > 1


def test_language_needs_no_model() -> None:
    table = LanguageScorer().probabilities(["출금이 안 돼요", "где мои деньги"])
    assert [LANGUAGES[int(place)] for place in table.argmax(axis=1)] == ["ko", "ru"]
    assert table.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert LanguageScorer().probabilities([]).shape == (0, len(LANGUAGES))


@dataclass(frozen=True)
class TwoHeads:
    heads: Mapping[str, Said]

    def probabilities(self, texts: Sequence[str]) -> Mapping[str, NDArray[np.float64]]:
        return {name: head.probabilities(texts) for name, head in self.heads.items()}


def test_one_head_of_a_fleet_model_is_a_scorer() -> None:
    scorer = FleetScorer(TwoHeads({"sentiment": MOODS, "threat": Said(("none", "scam"), {"so": (1, 0)})}), "threat")
    assert scorer.labels == ("none", "scam")
    assert scorer.probabilities(["so"]).tolist() == [[1, 0]]


def test_a_head_that_is_not_there_is_told() -> None:
    with pytest.raises(ModelError, match="no head `mood`: use one of sentiment"):
        FleetScorer(TwoHeads({"sentiment": MOODS}), "mood")
