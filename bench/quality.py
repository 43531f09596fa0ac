"""How good the shipped model is on posts of authors it has never seen, and how fast.

`python -m bench.quality [--json]`. The held-out voices stand in classifier/data/README.md. Beside each figure: what always
answering the commonest label would give.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from classifier.faq import FaqIndex, load_articles, load_calibration
from classifier.fleet import FleetClassifier
from classifier.model import load
from classifier.posts import Post, load_posts
from config.load import load_registry
from domain.hearing import Mention
from domain.people import Account, AccountKind
from domain.understanding import Assessment, Judgement, Question, Task

ROOT = Path(__file__).parent.parent
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
SPEED_BATCH = 64
SPEED_SECONDS = 3.0


def build(model: Path) -> FleetClassifier:
    """The classifier as the fleet wires it, with the demo brand."""
    registry = load_registry(ROOT / "config" / "identities.toml")
    faq = FaqIndex(load_articles(ROOT / "config" / "faq" / "kestrel.jsonl"), load_calibration(model))
    return FleetClassifier(load(model), faq, registry.identities, registry.brand_words)


def question(post: Post) -> Question:
    """The post as a stranger's message in the community's group."""
    author = Account(platform="telegram", id=post.author, kind=AccountKind.PERSON, username=None, display_name=post.author)
    mention = Mention(
        platform="telegram",
        external_id=post.id,
        channel_id="",
        channel_name="",
        thread_id="",
        reply_to_id=None,
        author=author,
        text=post.text,
        posted_at=datetime(2026, 11, 22, tzinfo=UTC),
        addressed=True,
    )
    return Question(mention=mention)


def judgement(assessment: Assessment, task: Task) -> Judgement:
    return {
        "sentiment": assessment.sentiment,
        "urgency": assessment.urgency,
        "intent": assessment.intent,
        "threat": assessment.threat,
        "scam_type": assessment.scam_type,
    }[task]


def task_figures(posts: Sequence[Post], assessments: Sequence[Assessment], task: Task) -> dict[str, Any]:
    """Accuracy, macro F1, the majority baseline's, and the calibration error (10 bins)."""
    rows = [
        (label, judgement(a, task))
        for post, a in zip(posts, assessments, strict=True)
        if (label := post.label(task)) is not None
    ]
    truth, said = [label for label, _ in rows], [one.label for _, one in rows]
    commonest = Counter(truth).most_common(1)[0][0]
    return {
        "posts": len(rows),
        "accuracy": accuracy(truth, said),
        "macro_f1": macro_f1(truth, said),
        "majority_accuracy": accuracy(truth, [commonest] * len(truth)),
        "majority_macro_f1": macro_f1(truth, [commonest] * len(truth)),
        "calibration_error": calibration_error(
            [one.confidence for _, one in rows], [label == one.label for label, one in rows]
        ),
    }


def accuracy(truth: Sequence[str], said: Sequence[str]) -> float:
    return sum(a == b for a, b in zip(truth, said, strict=True)) / len(truth)


def macro_f1(truth: Sequence[str], said: Sequence[str]) -> float:
    scores: list[float] = []
    for label in sorted(set(truth)):
        hits = sum(a == b == label for a, b in zip(truth, said, strict=True))
        scores.append(2 * hits / max(sum(a == label for a in truth) + sum(b == label for b in said), 1))
    return sum(scores) / len(scores)


def calibration_error(confidences: Sequence[float], right: Sequence[bool]) -> float:
    bins = np.minimum((np.array(confidences) * 10).astype(int), 9)
    hits, sure = np.array(right, float), np.array(confidences)
    return float(sum(abs(hits[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())))


def faq_curve(posts: Sequence[Post], assessments: Sequence[Assessment]) -> list[dict[str, float]]:
    """Automatic answers to posts that are not urgent: share of answerable posts answered, share of answers that are wrong."""
    calm = [(p, a) for p, a in zip(posts, assessments, strict=True) if a.urgency.label not in {"critical", "high"}]
    answerable = sum(post.faq_id is not None and post.urgency not in {"critical", "high"} for post in posts)
    curve: list[dict[str, float]] = []
    for threshold in THRESHOLDS:
        answers = [(p.faq_id == a.faq[0].article_id) for p, a in calm if a.faq[0].probability >= threshold]
        right = sum(answers)
        wrong = len(answers) - right
        curve.append(
            {
                "threshold": threshold,
                "answers": len(answers),
                "answered": right / answerable,
                "wrong": wrong / max(len(answers), 1),
            }
        )
    return curve


def scam_curve(posts: Sequence[Post], assessments: Sequence[Assessment]) -> list[dict[str, float]]:
    """Scams flagged by text alone, and honest posts flagged."""
    scam = np.array([post.threat == "scam" for post in posts])
    sure = np.array([a.threat.probabilities["scam"] for a in assessments])
    return [
        {"threshold": t, "recall": float((sure[scam] >= t).mean()), "false_flags": float((sure[~scam] >= t).mean())}
        for t in THRESHOLDS
    ]


def texts_per_second(classifier: FleetClassifier, questions: Sequence[Question]) -> float:
    """A second of processor time on one core, in batches of `SPEED_BATCH`: what else runs on the machine does not count."""
    started = time.process_time()
    done = 0
    while time.process_time() - started < SPEED_SECONDS:
        batch = [questions[(done + place) % len(questions)] for place in range(SPEED_BATCH)]
        classifier.assess(batch)
        done += SPEED_BATCH
    return done / (time.process_time() - started)


def measure(model: Path) -> dict[str, Any]:
    classifier = build(model)
    posts = [post for post in load_posts() if post.held_out]
    assessments = classifier.assess([question(post) for post in posts])
    tasks: tuple[Task, ...] = ("sentiment", "urgency", "intent", "threat", "scam_type")
    late = [place for place, post in enumerate(posts) if post.voice > LAST_EARLY_VOICE]
    late_posts, late_assessments = [posts[place] for place in late], [assessments[place] for place in late]
    return {
        "model": classifier.version,
        "tasks": {task: task_figures(posts, assessments, task) for task in tasks},
        "tasks_late_voices": {task: task_figures(late_posts, late_assessments, task) for task in tasks},
        "language_accuracy": accuracy([post.lang for post in posts], [a.language.label for a in assessments]),
        "faq": faq_curve(posts, assessments),
        "scam": scam_curve(posts, assessments),
        "texts_per_s": texts_per_second(classifier, [question(post) for post in posts]),
    }


LAST_EARLY_VOICE = 16
"""Held-out voices above this number were written after the concept list was closed: the stricter figures."""


def table(figures: dict[str, Any]) -> str:
    lines = [f"model {figures['model']}, held-out authors"]
    for name, tasks in (("all held-out voices", figures["tasks"]), ("late voices only", figures["tasks_late_voices"])):
        lines.append(
            f"\n{name:22} {'posts':>6} {'accuracy':>9} {'macro F1':>9} {'majority':>9} {'maj. F1':>9} {'calib. err':>10}"
        )
        for task, row in tasks.items():
            lines.append(
                f"{task:22} {row['posts']:6} {row['accuracy']:9.3f} {row['macro_f1']:9.3f} {row['majority_accuracy']:9.3f} "
                f"{row['majority_macro_f1']:9.3f} {row['calibration_error']:10.3f}"
            )
    lines.append(f"\nlanguage {figures['language_accuracy']:.3f}\n\nFAQ threshold  answers  answered  wrong")
    lines += [
        f"{row['threshold']:13.2f} {row['answers']:8} {row['answered']:9.3f} {row['wrong']:6.3f}" for row in figures["faq"]
    ]
    lines.append("\nscam threshold  recall  false flags")
    lines += [f"{row['threshold']:14.2f} {row['recall']:7.3f} {row['false_flags']:12.4f}" for row in figures["scam"]]
    return "\n".join([*lines, f"\n{figures['texts_per_s']:.0f} texts/s of one core's time, in batches of {SPEED_BATCH}"])


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="bench quality", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--model", type=Path, default=ROOT / "classifier" / "models" / "default")
    arguments = parser.parse_args(argv)
    figures = measure(arguments.model)
    print(json.dumps(figures, indent=1) if arguments.json else table(figures))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
