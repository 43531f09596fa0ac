"""Rehearsed posts: what the fleet would have done, and how it agrees with a support lead."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from domain.deciding import AskReview, PostReply
from domain.errors import ConfigError
from domain.understanding import Assessment, Question
from tests.triage.builders import assessment, policy, signal
from workers.agreement import Agreement, agreement
from workers.rehearsal import BATCH, Rehearsed, Row, read_rows, rehearse


@dataclass
class Prepared:
    """Judges each text as it is told. Keeps what it was asked."""

    known: dict[str, Assessment]
    asked: list[list[Question]] = field(default_factory=list[list[Question]])
    version: str = "prepared"

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        self.asked.append(list(batch))
        return [self.known[question.mention.text] for question in batch]


FAQ = {"reset-password": 0.95}
KNOWN = {
    "answered": assessment(need="reply_faq", faq=FAQ),
    "answered in Korean": assessment(need="reply_faq", faq=FAQ, language="ko"),
    "perhaps answered": assessment(need="reply_faq", faq={"reset-password": 0.6}),
    "ticket": assessment(intent="withdrawal", urgency="high"),
    "calm ticket": assessment(intent="withdrawal"),
    "scam": assessment(scam=0.99),
    "perhaps a scam": assessment(scam=0.7, urgency="critical"),
    "named like us": assessment(signals=(signal("identity"),), need="reply_faq", faq=FAQ),
    "thanks": assessment(intent="praise", urgency="low", need="none"),
    "my key is [private_key]": assessment(secrets=frozenset({"private_key"})),
}


def row(text: str = "answered", **changes: Any) -> Row:
    values: dict[str, Any] = {
        "platform": "telegram",
        "lang": "en",
        "sentiment": "neutral",
        "urgency": "normal",
        "intent": "login_2fa",
        "threat": "none",
        "action": "reply_faq",
        "faq_id": "reset-password",
    }
    return Row(text=text, **(values | changes))


def rehearsed(*rows: Row) -> list[Rehearsed]:
    return rehearse(rows, Prepared(KNOWN), policy())


def agreed(*rows: Row) -> Agreement:
    return agreement(rehearsed(*rows))


@pytest.mark.parametrize(
    ("text", "action", "automatic", "faq_id"),
    [
        ("answered", "reply_faq", True, "reset-password"),
        ("perhaps answered", "reply_faq", False, "reset-password"),
        ("ticket", "open_ticket", True, None),
        ("scam", "flag", True, None),
        ("perhaps a scam", "flag", False, None),
        ("named like us", "reply_faq", True, "reset-password"),
        ("thanks", "none", True, None),
    ],
)
def test_a_decision_is_one_action(text: str, action: str, automatic: bool, faq_id: str | None) -> None:
    (one,) = rehearsed(row(text))
    assert (one.action, one.automatic, one.faq_id) == (action, automatic, faq_id)


def test_what_a_reviewer_is_offered_is_no_automatic_answer() -> None:
    (one,) = rehearsed(row("perhaps answered"))
    (effect,) = one.decision.effects
    assert isinstance(effect, AskReview)


def test_posts_are_redacted_and_what_was_found_is_known() -> None:
    key = "5HueCGU8rMjxEXxiPuD5BDku4MkFqeZyd4dZ1jvhTVqvbTLvyTJ"
    classifier = Prepared({"my key is [private_key]": KNOWN["my key is [private_key]"]})
    (one,) = rehearse([row(f"my key is {key}")], classifier, policy())
    assert classifier.asked[0][0].secrets == {"private_key"}
    assert (one.action, one.pressing) == ("open_ticket", True)


@pytest.mark.parametrize("platform", ["x", "telegram", "discord"])
def test_every_platform_hears_a_stranger_who_asks_us(platform: Any) -> None:
    classifier = Prepared(KNOWN)
    (one,) = rehearse([row(platform=platform)], classifier, policy())
    mention = classifier.asked[0][0].mention
    assert (mention.platform, mention.author.platform, mention.addressed) == (platform, platform, True)
    assert one.automatic


def test_one_reply_does_not_hold_back_the_next() -> None:
    """Each row is another person: cooldowns never meet."""
    several = rehearse([row(platform="x")] * (BATCH + 1), Prepared(KNOWN), policy())
    assert all(isinstance(one.decision.effects[0], PostReply) for one in several)


def test_batches_are_told_to_who_watches() -> None:
    told: list[int] = []
    rehearse([row()] * (BATCH + 1), Prepared(KNOWN), policy(), told.append)
    assert told == [BATCH, 1]


def test_fields_are_compared_and_scams_have_no_sentiment() -> None:
    scam = row("scam", sentiment=None, urgency=None, intent=None, threat="scam", action="flag", faq_id=None)
    found = agreed(row(), row("ticket", sentiment="negative", urgency="high", intent="withdrawal", action="open_ticket"), scam)
    assert {name: (figures.n, figures.accuracy) for name, figures in found.fields.items()} == {
        "sentiment": (2, 0.5),
        "urgency": (2, 1.0),
        "intent": (2, 1.0),
        "threat": (3, 1.0),
        "action": (3, 1.0),
        "lang": (3, 1.0),
    }
    assert found.fields["sentiment"].baseline_accuracy == 0.5


def test_the_worst_language_is_named() -> None:
    found = agreed(row(), row("thanks", lang="ko"), row("answered in Korean", lang="ko"))
    assert (found.fields["action"].worst_lang_name, found.fields["lang"].worst_lang_name) == ("ko", "ko")
    assert found.fields["lang"].worst_lang == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("rate", "rows", "hits", "of"),
    [
        ("wrong_auto_reply", [row()], 0, 1),
        ("wrong_auto_reply", [row(faq_id="fees")], 1, 1),
        ("wrong_auto_reply", [row(action="open_ticket")], 1, 1),
        ("wrong_auto_reply", [row("perhaps answered", faq_id="fees")], 0, 0),
        ("answered", [row(), row("ticket"), row("perhaps answered"), row(faq_id="fees")], 1, 4),
        ("answered", [row(action="none", faq_id=None)], 0, 0),
        ("missed_critical", [row("ticket", urgency="critical")], 0, 1),
        ("missed_critical", [row("perhaps a scam", urgency="critical")], 0, 1),
        ("missed_critical", [row("scam", urgency="critical")], 0, 1),
        ("missed_critical", [row("calm ticket", urgency="critical")], 1, 1),
        ("missed_critical", [row("thanks", urgency="critical")], 1, 1),
        ("missed_critical", [row("answered", urgency="critical")], 1, 1),
        ("missed_critical", [row("thanks", urgency="high")], 0, 0),
        ("victims_flagged", [row(), row("scam"), row("scam", threat="scam"), row("perhaps a scam")], 1, 3),
        ("automatic", [row(), row("thanks"), row("perhaps a scam"), row("perhaps answered")], 2, 4),
    ],
)
def test_rates_count_what_they_say(rate: str, rows: list[Row], hits: int, of: int) -> None:
    found = getattr(agreed(*rows).rates, rate)
    assert (found.hits, found.of) == (hits, of)
    assert found.value == (hits / of if of else 0.0)


def test_rates_are_told_by_language() -> None:
    found = agreed(row(), row("answered in Korean", lang="ko"), row("ticket", lang="ko"))
    assert {code: (rates.answered.hits, rates.answered.of) for code, rates in found.per_lang.items()} == {
        "en": (1, 1),
        "ko": (1, 2),
    }


def line(**changes: object) -> dict[str, object]:
    fields: dict[str, object] = {name: getattr(row(), name) for name in Row.__dataclass_fields__}
    return {name: value for name, value in (fields | changes).items() if value is not ...}


def written(folder: Path, *lines: dict[str, object]) -> Path:
    path = folder / "posts.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines), encoding="utf-8")
    return path


@pytest.mark.parametrize("empty", [None, "", ...])
def test_scam_rows_say_nothing_of_sentiment(tmp_path: Path, empty: object) -> None:
    said = dict.fromkeys(("sentiment", "urgency", "intent", "faq_id"), empty)
    (read,) = read_rows(written(tmp_path, line(threat="scam", action="flag", **said)))
    assert (read.sentiment, read.urgency, read.intent, read.faq_id) == (None, None, None, None)


def test_a_row_is_read_as_it_is_written(tmp_path: Path) -> None:
    assert list(read_rows(written(tmp_path, line()))) == [row()]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"platform": "mastodon"}, "`platform` is `mastodon`; use one of x, telegram, discord"),
        ({"platform": ...}, "no `platform` there"),
        ({"text": 7}, "`text` is not a text"),
        ({"text": ...}, "no `text` there"),
        ({"intent": ...}, "no `intent` there; only scam posts go without"),
        ({"sentiment": "angry"}, "`sentiment` is `angry`; use one of negative, neutral, positive"),
        ({"urgency": "soon"}, "`urgency` is `soon`"),
        ({"threat": "maybe"}, "`threat` is `maybe`; use one of none, scam"),
        ({"action": "reply"}, "`action` is `reply`; use one of reply_faq, open_ticket, flag, none"),
        ({"lang": ""}, "`lang` is empty"),
        ({"faq_id": None}, "`action` is reply_faq and `faq_id` is empty"),
    ],
)
def test_a_bad_row_is_told_with_its_line(tmp_path: Path, changes: dict[str, object], words: str) -> None:
    path = written(tmp_path, line(), line(**changes))
    with pytest.raises(ConfigError) as told:
        list(read_rows(path))
    assert str(told.value).startswith(f"{path}:2: ")
    assert words in str(told.value)
