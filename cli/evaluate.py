"""`fleetwatch evaluate`: how good the model, or the whole fleet, is on labelled rows, and how fast."""

import json
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from classifier import evaluation
from classifier.evaluation import Done, LanguageScorer, Report
from classifier.labelled import Labelled, read_labelled
from classifier.scoring import Scorer
from cli.evaluation_report import report_json, show_report
from config.load import ROOT, load_settings
from config.settings import Settings
from domain.errors import ConfigError
from domain.people import Platform
from domain.understanding import Assessment, Classifier
from triage.policy import Policy

Task = Literal["sentiment", "urgency", "intent", "threat", "spam", "faq", "language"]

HEAD_OF_POSITIVE: Mapping[str, str] = {"scam": "threat", "spam": "spam"}
"""`--positive` LABEL -> the head that is asked for it, whatever the task. Any other label is asked of the task's own head."""

CHANNEL: Platform = "telegram"
"""Where the posts of `--task faq` are asked: thresholds may differ by platform, and the file names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the command line asks. `limit` None: the whole file."""

    task: Task
    data: Path
    model: Path | None
    positive: str | None
    risk: float
    limit: int | None


def run(wanted: Wanted, as_json: bool) -> int:
    """One task over a file of text, label and lang."""
    settings = settings_for(wanted.model)
    rows = list(islice(read_labelled(wanted.data), wanted.limit))
    with progress(len(rows)) as done:
        report = _answers(wanted, rows, settings, done) if wanted.task == "faq" else _labels(wanted, rows, settings, done)
    if as_json:
        show_json({"task": wanted.task} | report_json(report))
    else:
        show_report(report, f"{wanted.task} on {wanted.data.name}")
    return 0


def run_end_to_end(data: Path, model: Path | None, limit: int | None, as_json: bool) -> int:
    """Whole posts through redaction, classifier and triage."""
    from cli.evaluation_agreement import agreement_json, show_agreement
    from workers.agreement import agreement
    from workers.rehearsal import read_rows, rehearse
    from workers.wiring import build_classifier, build_policy

    settings = settings_for(model)
    rows = list(islice(read_rows(data), limit))
    classifier, policy = build_classifier(settings), build_policy(settings)
    rehearse(rows[:1], classifier, policy)  # warms up what is loaded late
    with progress(len(rows)) as done:
        started = time.perf_counter()
        rehearsed = rehearse(rows, classifier, policy, done)
        speed = len(rows) / (time.perf_counter() - started)
    agreed = agreement(rehearsed)
    if as_json:
        show_json(agreement_json(agreed, speed))
    else:
        show_agreement(agreed, speed, data.name)
    return 0


def settings_for(model: Path | None) -> Settings:
    """The fleet's settings, with another model folder if one is named."""
    settings = load_settings()
    if model is None:
        return settings
    return settings.model_copy(update={"files": settings.files.model_copy(update={"model": model.resolve()})})


def _labels(wanted: Wanted, rows: Sequence[Labelled], settings: Settings, done: Done) -> Report:
    scorer = _scorer(wanted, ROOT / settings.files.model)
    if wanted.positive is not None:
        return measure_positive(wanted, wanted.positive, rows, scorer, done)
    return measure(wanted, rows, scorer, done)


def _scorer(wanted: Wanted, folder: Path) -> Scorer:
    from classifier.opening import kind_of, open_scorer

    if wanted.task == "language" and (wanted.model is None or kind_of(folder) == "fleet"):
        return LanguageScorer()
    return open_scorer(folder, HEAD_OF_POSITIVE.get(wanted.positive or "", wanted.task))


def measure(wanted: Wanted, rows: Sequence[Labelled], scorer: Scorer, done: Done) -> Report:
    """Every label of the rows against the model's. Raises ConfigError for a label that the model does not know."""
    evaluation.check_labels(wanted.data, rows, scorer.labels)
    verdicts = evaluation.judge(rows, scorer, done)
    kept = evaluation.predictable(rows, scorer.labels)
    left_out = tuple(label for place, label in enumerate(scorer.labels) if place not in kept)
    return replace(evaluation.report(verdicts, [row.lang for row in rows], wanted.risk), left_out=left_out)


def measure_positive(wanted: Wanted, label: str, rows: Sequence[Labelled], scorer: Scorer, done: Done) -> Report:
    """One label against all others. Raises ConfigError when the rows or the model lack it."""
    if label not in {row.label for row in rows}:
        raise ConfigError(f"{wanted.data}: no row is labelled `{label}`; name another label with --positive.")
    if label not in scorer.labels:
        raise ConfigError(f"--positive {label}: the model knows only {', '.join(scorer.labels)}; name one of these.")
    verdicts = evaluation.judge_positive(rows, scorer, label, done)
    report = evaluation.report(verdicts, [row.lang for row in rows], wanted.risk)
    return replace(report, positive=evaluation.positive_figures(verdicts, label))


def _answers(wanted: Wanted, rows: Sequence[Labelled], settings: Settings, done: Done) -> Report:
    from workers.wiring import build_classifier, build_policy

    policy = build_policy(settings)
    evaluation.check_labels(wanted.data, rows, (evaluation.NO_ARTICLE, *policy.articles))
    return measure_answers(wanted, rows, build_classifier(settings), policy, done)


def measure_answers(wanted: Wanted, rows: Sequence[Labelled], classifier: Classifier, policy: Policy, done: Done) -> Report:
    """FAQ matches as the fleet makes them for a stranger's post in a group."""
    from workers.rehearsal import ask

    questions = [ask(row.text, CHANNEL, place) for place, row in enumerate(rows)]
    classifier.assess(questions[:1])  # warms up what is loaded late
    assessments: list[Assessment] = []
    started = time.perf_counter()
    for batch in evaluation.batches(questions):
        assessments += classifier.assess(batch)
        done(len(batch))
    seconds = time.perf_counter() - started
    thresholds = [policy.thresholds_for(one.language.label, CHANNEL).answer for one in assessments]
    matches = [assessment.faq for assessment in assessments]
    verdicts, answers = evaluation.judge_answers([row.label for row in rows], matches, thresholds, seconds)
    return replace(evaluation.report(verdicts, [row.lang for row in rows], wanted.risk), answers=answers)


@contextmanager
def progress(total: int) -> Generator[Done]:
    """A bar on a terminal's standard error; elsewhere nothing."""
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("judging", total=total)
        yield lambda count: bar.advance(task, count)


def show_json(content: Mapping[str, object]) -> None:
    print(json.dumps(content, ensure_ascii=False, indent=2))
