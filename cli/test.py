"""`fleetwatch test`: everything that must hold. Every step runs even when one before it failed."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cli import programs, tally

ROOT = Path(__file__).resolve().parent.parent
LAUNCHER = "fleetwatch"
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"

Command = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one step came to."""

    name: str
    ok: bool
    seconds: float


def run(pytest_arguments: Sequence[str]) -> int:
    """Exit code: 0 when every step held. With FLEETWATCH_REQUIRE_ALL=1 nothing may be left out either."""
    demanding = os.environ.get("FLEETWATCH_REQUIRE_ALL") == "1"
    missing = programs.bring()
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "pytest.xml"
        steps = [perform(name, command) for name, command in commands(report, pytest_arguments)]
        counts = tally.read(report)
    left_out = tally.left_out(counts, missing)
    if demanding:
        steps.append(Step(name="nothing left out", ok=not left_out, seconds=0))
    print("\n".join(["", *map(describe, steps), *loud(left_out), "", tally.closing_line(counts)]), flush=True)
    return 0 if all(step.ok for step in steps) else 1


def commands(report: Path, pytest_arguments: Sequence[str]) -> tuple[tuple[str, Command], ...]:
    """Cheapest first. The launcher has no ending, so it is named where tools look for *.py."""
    return (
        ("lint", ("-m", "ruff", "check", ".", LAUNCHER)),
        ("format", ("-m", "ruff", "format", "--check", ".", LAUNCHER)),
        ("types", ("-m", "basedpyright")),
        ("layers", ("-c", LINT_IMPORTS)),
        ("tests", ("-m", "pytest", "-n", "2", f"--junitxml={report}", *pytest_arguments)),
    )


def perform(name: str, command: Command) -> Step:
    print(f"\n== {name}", flush=True)
    began = time.monotonic()
    done = subprocess.run([sys.executable, *command], cwd=ROOT, check=False)
    return Step(name=name, ok=done.returncode == 0, seconds=time.monotonic() - began)


def describe(step: Step) -> str:
    return f"{'ok' if step.ok else 'FAILED':<8}{step.name:<18}{step.seconds:7.1f} s"


def loud(left_out: Sequence[str]) -> list[str]:
    return [f"LEFT OUT: {sentence}" for sentence in left_out]
