"""`fleetwatch evaluate`: its JSON, its tables and its refusals."""

import csv
import gzip
import io
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.evaluate import HEAD_OF_POSITIVE, Wanted, measure, measure_answers, measure_positive
from cli.evaluation_agreement import agreement_json, show_agreement
from cli.evaluation_report import report_json, show_report
from cli.main import app
from domain.errors import ConfigError, FleetwatchError
from tests.classifier.test_evaluation import MOODS, Said, nothing, rows
from tests.tiny_model import tiny_model
from tests.triage.builders import policy
from tests.workers.test_rehearsal import KNOWN, Prepared, agreed, line, row, written

TOP = {"n", "accuracy", "macro_f1", "macro_recall", "per_class", "per_lang", "ece", "texts_per_second"}
POSTS = (("where is my money", "en"), ("출금이 안 돼요", "ko"), ("где мои деньги", "ru"), ("我的钱在哪里", "zh"))


def evaluate(*arguments: str | Path) -> Result:
    """The command in this process: another one would spend seconds on imports. Our own errors are raised."""
    done = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, ["evaluate", *map(str, arguments)])
    if isinstance(done.exception, FleetwatchError):
        raise done.exception
    return done


def asked_json(*arguments: str | Path) -> dict[str, Any]:
    return json.loads(evaluate(*arguments, "--json").stdout)


def data(folder: Path, *lines: tuple[str, ...], name: str = "data.csv.gz") -> Path:
    sheet = io.StringIO()
    csv.writer(sheet).writerows([("text", "label", "lang"), *lines])
    path = folder / name
    path.write_bytes(gzip.compress(sheet.getvalue().encode()))
    return path


def wanted(**changes: Any) -> Wanted:
    values: dict[str, Any] = {
        "task": "sentiment",
        "data": Path("f.csv"),
        "model": None,
        "positive": None,
        "risk": 0.02,
        "limit": None,
    }
    return Wanted(**(values | changes))


def test_languages_are_measured_without_a_model(tmp_path: Path) -> None:
    found = asked_json("--task", "language", "--data", data(tmp_path, *((text, lang, lang) for text, lang in POSTS)))
    assert found.keys() >= TOP
    assert (found["n"], found["accuracy"], found["macro_f1"]) == (4, 1.0, 1.0)
    assert found["per_class"]["ko"] == {"precision": 1.0, "recall": 1.0, "f1": 1.0, "support": 1, "baseline_f1": 0.0}
    assert found["per_lang"]["ru"]["accuracy"] == 1.0
    assert found["baseline"]["accuracy"] == 0.25
    assert found["texts_per_second"] > 0


def test_a_folder_of_another_kind_is_measured_by_its_own_labels(tmp_path: Path) -> None:
    model = tiny_model(tmp_path / "model")
    sheet = data(tmp_path, ("awful awful", "NEG", "en"), ("lovely", "POS", "en"), ("plain", "POS", "fr"))
    found = asked_json("--task", "sentiment", "--data", sheet, "--model", model)
    assert (found["n"], found["labels_left_out"]) == (3, ["NEU"])
    assert found["per_class"]["NEG"]["recall"] == 1.0


def test_the_table_stands_beside_the_baseline(tmp_path: Path) -> None:
    done = evaluate("--task", "language", "--data", data(tmp_path, *((text, lang, lang) for text, lang in POSTS)))
    assert done.exit_code == 0
    for words in ("accuracy", "always en", "By language", "By label", "coverage at 2.0% errors", "Not predicted"):
        assert words in done.stdout


def test_only_so_many_rows_are_read(tmp_path: Path) -> None:
    sheet = data(tmp_path, *((text, lang, lang) for text, lang in POSTS))
    assert asked_json("--task", "language", "--data", sheet, "--limit", "2")["n"] == 2


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((), "name either --data FILE with --task, or --end-to-end FILE"),
        (("--data", "a.csv"), "--data needs --task"),
        (("--data", "a.csv", "--end-to-end", "b.jsonl"), "name either"),
        (("--end-to-end", "b.jsonl", "--task", "intent"), "leave --task and --positive out"),
        (("--data", "a.csv", "--task", "faq", "--positive", "x"), "leave it out"),
        (("--data", "a.csv", "--task", "mood"), "--task"),
        (("--data", "a.csv", "--task", "intent", "--risk", "2"), "--risk"),
    ],
)
def test_options_that_do_not_fit_together_are_told(arguments: tuple[str, ...], words: str) -> None:
    done = evaluate(*arguments)
    assert done.exit_code == 2
    assert words in " ".join(done.stderr.replace("│", " ").split())


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--data", "missing.csv", "--task", "language"), r"missing\.csv: there is no such file"),
        (("--data", "pyproject.toml", "--task", "language"), "unknown kind of file"),
        (("--end-to-end", "missing.jsonl"), r"missing\.jsonl: there is no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_told(arguments: tuple[str, ...], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        evaluate(*arguments)


def test_labels_that_the_model_does_not_know_are_told(tmp_path: Path) -> None:
    sheet = data(tmp_path, ("hola", "es", ""), ("guten tag", "de", ""))
    with pytest.raises(ConfigError, match=r"data\.csv\.gz:3: the model does not know `de`"):
        evaluate("--task", "language", "--data", sheet)


def test_the_positive_label_has_its_own_figures() -> None:
    scams = Said(("none", "scam"), {"win": (0.1, 0.9), "hi": (0.8, 0.2)})
    sheet = rows(("win", "scam"), ("hi", "scam"), ("hi", "clean"))
    content = report_json(measure_positive(wanted(), "scam", sheet, scams, nothing))
    assert content.keys() >= TOP | {"positive", "precision", "recall", "f1"}
    assert (content["positive"], content["precision"], content["recall"]) == ("scam", 1.0, 0.5)
    assert content["accuracy"] == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("label", "words"), [("spam", "no row is labelled `spam`"), ("clean", "the model knows only none, scam")]
)
def test_a_positive_label_that_is_not_there_is_told(label: str, words: str) -> None:
    scams = Said(("none", "scam"), {"win": (0.1, 0.9)})
    with pytest.raises(ConfigError, match=words):
        measure_positive(wanted(), label, rows(("win", "scam"), ("win", "clean")), scams, nothing)


def test_scam_and_spam_are_asked_of_their_own_heads() -> None:
    assert HEAD_OF_POSITIVE == {"scam": "threat", "spam": "spam"}


def test_faq_answers_are_measured_as_the_fleet_gives_them() -> None:
    sheet = rows(("answered", "reset-password"), ("perhaps answered", "reset-password"), ("thanks", "none"))
    told: list[int] = []
    content = report_json(measure_answers(wanted(task="faq"), sheet, Prepared(KNOWN), policy(), told.append))
    assert (content["coverage"], content["precision"], content["recall_at_1"]) == (pytest.approx(1 / 3), 1.0, 1.0)
    assert (content["accuracy"], told) == (pytest.approx(2 / 3), [3])


def test_the_report_is_json_and_its_curve_ends_with_all_rows(capsys: pytest.CaptureFixture[str]) -> None:
    report = measure(wanted(), rows(("bad", "negative"), ("so", "positive"), ("good", "positive")), MOODS, nothing)
    content = json.loads(json.dumps(report_json(report), allow_nan=False))
    assert content["labels_left_out"] == ["neutral"]
    assert content["risk_coverage"][-1]["coverage"] == 1.0
    show_report(report, "moods [bold] on f.csv")
    assert "moods [bold] on f.csv, 3 rows" in capsys.readouterr().out


def test_the_end_to_end_json_has_its_keys() -> None:
    content: Any = json.loads(json.dumps(agreement_json(agreed(row(), row("scam", threat="scam", action="flag")), 10.0)))
    assert content["fields"].keys() == {"sentiment", "urgency", "intent", "threat", "action", "lang"}
    for figures in content["fields"].values():
        assert figures.keys() >= {"accuracy", "macro_f1", "worst_lang", "worst_lang_name"}
    assert (content["n"], content["answered_rate"], content["wrong_auto_reply_rate"]) == (2, 1.0, 0.0)
    assert (content["missed_critical_rate"], content["victims_flagged_rate"], content["automatic_share"]) == (0.0, 0.0, 1.0)
    assert content["per_lang"]["en"]["answered_rate"] == 1.0
    assert content["counts"]["answered"] == {"hits": 1, "of": 1}
    assert content["texts_per_second"] == 10.0


def test_the_end_to_end_table_says_what_each_rate_counts(capsys: pytest.CaptureFixture[str]) -> None:
    show_agreement(agreed(row(), row("ticket", lang="ko")), 10.0, "posts.jsonl")
    told = capsys.readouterr().out
    assert "end to end on posts.jsonl, 2 rows" in told
    assert "1 of 2" in told


def test_the_shipped_fleet_is_measured_end_to_end(tmp_path: Path) -> None:
    found = asked_json("--end-to-end", written(tmp_path, line(text="how do I reset my password?"), line(platform="x")))
    assert (found["n"], found["fields"]["lang"]["n"], found["counts"]["answered"]["of"]) == (2, 2, 2)
    assert found["texts_per_second"] > 0


@pytest.mark.parametrize(("task", "label"), [("urgency", "high"), ("spam", "ham"), ("faq", "reset-password")])
def test_the_shipped_model_is_measured(tmp_path: Path, task: str, label: str) -> None:
    sheet = data(tmp_path, ("how do I reset my password?", label, "en"))
    assert asked_json("--task", task, "--data", sheet)["n"] == 1
