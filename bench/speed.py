"""Posts a second through the model, one post alone, cold start and memory, in one run.

`./fleetwatch bench speed [--model DIR] [--rounds N] [--json]`. The ways take turns in every round; medians are printed.
"""

import argparse
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from bench.pipeline import BATCH, day_texts
from bench.rig import machine
from classifier.model import Model, load
from classifier.posts import load_held_out
from config.load import ROOT, load_settings

_WORKER = """
import sys, time
started = time.perf_counter()
from pathlib import Path
from classifier.model import load
imported = time.perf_counter()
model = load(Path(sys.argv[1]))
loaded = time.perf_counter()
model.judge(["my withdrawal is stuck"])
answered = time.perf_counter()
rss = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS"))
print(imported - started, loaded - imported, answered - loaded, rss / 1024)
"""
_FLEET = """
from config.load import load_settings
from workers.wiring import build_classifier
classifier = build_classifier(load_settings())
from bench.pipeline import day_mentions
from domain.understanding import Question
classifier.assess([Question(mention=mention) for mention in day_mentions(250)])
print(next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmRSS")) / 1024)
"""


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="fleetwatch bench speed", description=__doc__)
    parser.add_argument("--model", type=Path, default=ROOT / load_settings().files.model)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    wanted = parser.parse_args(arguments)
    facts = measure(wanted.model, wanted.rounds)
    print(json.dumps(facts, indent=1) if wanted.json else "\n".join(_lines(facts)))
    return 0


def measure(folder: Path, rounds: int) -> dict[str, object]:
    model = load(folder)
    day = day_texts()
    written = [post.text for post in load_held_out()]
    ways: Mapping[str, Callable[[], float]] = {
        "cascade, the bundled day": lambda: _rate(model, day, all_encoded=False),
        "cascade, held-out posts": lambda: _rate(model, written, all_encoded=False),
        "all through the encoder": lambda: _rate(model, written, all_encoded=True),
    }
    rates: dict[str, list[float]] = {name: [] for name in ways}
    alone: list[float] = []
    for _ in range(rounds):
        for name, way in ways.items():
            rates[name].append(way())
        alone.append(_alone_ms(model, written[::8]))
    return {
        "machine": machine(),
        "rounds": rounds,
        "posts_per_second": {name: round(statistics.median(values)) for name, values in rates.items()},
        "read_by_the_encoder": {"the bundled day": _encoded(model, day), "held-out posts": _encoded(model, written)},
        "one_post_ms": round(statistics.median(alone), 2),
        **_start(folder),
        "model_mb": round(sum(file.stat().st_size for file in folder.iterdir()) / 1e6, 1),
    }


def _rate(model: Model, texts: Sequence[str], *, all_encoded: bool) -> float:
    began = time.perf_counter()
    for first in range(0, len(texts), BATCH):
        model.read(texts[first : first + BATCH], all_encoded=all_encoded)
    return len(texts) / (time.perf_counter() - began)


def _alone_ms(model: Model, texts: Sequence[str]) -> float:
    """Median of single posts, each read by the encoder as well."""
    found: list[float] = []
    for text in texts:
        began = time.perf_counter()
        model.read([text], all_encoded=True)
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def _encoded(model: Model, texts: Sequence[str]) -> float:
    return round(float(model.read(texts).encoded.mean()), 3)


def _start(folder: Path) -> dict[str, float]:
    """Cold start of the model and memory, each in a process of its own."""
    imported, loaded, answered, model_mb = (float(word) for word in _process(_WORKER, str(folder)).split())
    return {
        "import_s": round(imported, 2),
        "load_s": round(loaded, 2),
        "first_answer_s": round(answered, 2),
        "model_process_mb": round(model_mb),
        "classifier_process_mb": round(float(_process(_FLEET))),
    }


def _process(program: str, *arguments: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program, *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def _lines(facts: Mapping[str, object]) -> list[str]:
    return [f"{name.replace('_', ' '):<24} {value}" for name, value in facts.items()]
