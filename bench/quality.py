"""How good the shipped model is: on held-out posts of other writers, and on public rows that trained nothing.

`python -m bench.quality [--shared ../shared/data/train] [--json]`. The held-out posts run through production's own functions,
triage included, as `fleetwatch evaluate --end-to-end` runs a file. The public rows are those that `classifier.sources` holds
back: not the official test sets of these benchmarks, of which the floors and published figures speak.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from classifier import metrics
from classifier.model import Model, load
from classifier.posts import load_held_out
from classifier.sources import Row as PublicRow
from classifier.sources import read_all
from cli.evaluation_agreement import agreement_json, show_agreement
from config.load import ROOT, load_settings
from domain.people import Platform
from workers.agreement import Agreement, agreement
from workers.rehearsal import Row, rehearse
from workers.wiring import build_classifier, build_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A public set: which head is asked, which figure is told, and what others reach on its official test set, in percent."""

    head: str
    figure: str
    floor: float | None
    published: str
    two_way: bool = False


BENCHMARKS: Mapping[str, Benchmark] = {
    "tweeteval": Benchmark(head="sentiment", figure="macro recall", floor=62.3, published="RoBERTa-base 71.3, BERTweet 73.4"),
    "umsab": Benchmark(head="sentiment", figure="macro F1, mean of languages", floor=55.1, published="XLM-R 66.8, XLM-T 69.4"),
    "nsmc": Benchmark(head="sentiment", figure="accuracy", floor=87.0, published="XLM-R 89.0, KoELECTRA 90.6", two_way=True),
    "sentirueval": Benchmark(
        head="sentiment", figure="F1 of positive and negative", floor=None, published="RuBERT 65.9 banks, 66.4 telecoms"
    ),
    "janitr": Benchmark(head="threat", figure="F1 of scam", floor=81.3, published="Janitr's transformer 74.1 (multi-label)"),
    "sms": Benchmark(head="spam", figure="F1 of spam", floor=None, published=""),
    "chat_spam": Benchmark(head="spam", figure="F1 of spam", floor=None, published=""),
}


def held_out(model: Path | None) -> tuple[Agreement, float]:
    """Agreement with the labels, and texts a second."""
    settings = load_settings()
    if model is not None:
        settings = settings.model_copy(update={"files": settings.files.model_copy(update={"model": model.resolve()})})
    rows = [
        Row(
            platform=cast("Platform", post.platform),
            lang=post.lang,
            text=post.text,
            sentiment=post.sentiment,
            urgency=post.urgency,
            intent=post.intent,
            threat=post.threat,
            action=post.action or "none",
            faq_id=post.faq_id,
        )
        for post in load_held_out()
    ]
    classifier, policy = build_classifier(settings), build_policy(settings)
    rehearse(rows[:8], classifier, policy)  # warms up what is loaded late
    started = time.perf_counter()
    rehearsed = rehearse(rows, classifier, policy)
    return agreement(rehearsed), len(rows) / (time.perf_counter() - started)


def public_figure(model: Model, name: str, rows: Sequence[PublicRow]) -> dict[str, Any]:
    """One benchmark's figure in percent, beside always saying the commonest label."""
    benchmark = BENCHMARKS[name]
    labels = model.heads[benchmark.head].labels
    table = model.probabilities([row.text for row in rows])[benchmark.head].copy()
    if benchmark.two_way:
        table[:, labels.index("neutral")] = 0.0
    truth, said = [row.label for row in rows], [labels[int(place)] for place in table.argmax(axis=1)]
    commonest = max(sorted(set(truth)), key=truth.count)
    languages = [row.lang for row in rows]
    return {
        "rows": len(rows),
        "figure": benchmark.figure,
        "ours": 100 * _figure(benchmark.figure, truth, said, languages),
        "commonest": 100 * _figure(benchmark.figure, truth, [commonest] * len(truth), languages),
        "floor": benchmark.floor,
        "published": benchmark.published,
    }


def _figure(name: str, truth: Sequence[str], said: Sequence[str], languages: Sequence[str]) -> float:
    if name.startswith("F1 of "):
        chosen = name.removeprefix("F1 of ").split(" and ")
        return sum(metrics.of_label(truth, said, label).f1 for label in chosen) / len(chosen)
    if name.endswith("mean of languages"):
        groups = metrics.by_group(languages, truth, said)
        return sum(one.macro_f1 for one in groups.values()) / len(groups)
    figures = metrics.figures(truth, said)
    return figures.macro_recall if name == "macro recall" else figures.accuracy


def main(arguments: Sequence[str] | None = None, show: Callable[[str], None] = print) -> int:
    parser = argparse.ArgumentParser(prog="quality", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--shared", type=Path, help="folder of the public training data")
    parser.add_argument("--model", type=Path)
    options = parser.parse_args(arguments)
    agreed, speed = held_out(options.model)
    public: dict[str, dict[str, Any]] = {}
    if options.shared is not None:
        model = load(options.model or ROOT / load_settings().files.model)
        rows = read_all(options.shared)
        public = {name: public_figure(model, name, [row for row in rows[name] if row.dev]) for name in BENCHMARKS}
    if options.json:
        show(json.dumps({"held_out": agreement_json(agreed, speed), "public": public}, indent=1))
        return 0
    show_agreement(agreed, speed, "the held-out posts")
    for name, row in public.items():
        floor = "-" if row["floor"] is None else f"{row['floor']:.1f}"
        ours = f"ours {row['ours']:>5.1f}  commonest {row['commonest']:>5.1f}  floor {floor:>5}  {row['published']}"
        show(f"{name:<12} {row['rows']:>6} rows  {row['figure']:<28} {ours}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
