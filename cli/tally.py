"""Counts of a pytest run, and what it left out and why, read from its JUnit report."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree  # what it reads is our own report

from cli.programs import Program

SPECS_ABSENT = "API specifications are not beside the checkout"
"""The one reason for which a test may always be skipped: the specifications are not part of the repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """`skipped` is reason -> how many."""

    passed: int = 0
    failed: int = 0
    skipped: Mapping[str, int] = field(default_factory=dict[str, int])


def read(report: Path) -> Counts:
    """All zero when pytest never came to write its report."""
    if not report.exists():
        return Counts()
    cases = list(ElementTree.parse(report).iter("testcase"))  # noqa: S314  (our own pytest wrote it)
    skipped = Counter(_reason(skip) for case in cases for skip in case.findall("skipped"))
    failed = sum(1 for case in cases if case.find("failure") is not None or case.find("error") is not None)
    return Counts(passed=len(cases) - failed - skipped.total(), failed=failed, skipped=skipped)


def _reason(skip: ElementTree.Element) -> str:
    message = skip.get("message", "")
    if message != "collection skipped":
        return message
    whole_file = re.search(r"Skipped: (.*)['\"]\)", skip.text or "")
    return whole_file[1] if whole_file else message


def left_out(counts: Counts, missing: Sequence[Program]) -> list[str]:
    """One sentence for each thing that did not run and should have."""
    sentences = [f"what needs {program.name}; install it (Debian: apt-get install {program.package})." for program in missing]
    skips = sorted((reason, count) for reason, count in counts.skipped.items() if reason != SPECS_ABSENT)
    return sentences + [f"{count} test{'s' if count > 1 else ''}: {reason}" for reason, count in skips]


def closing_line(counts: Counts) -> str:
    return f"{counts.passed} passed, {counts.failed} failed, {sum(counts.skipped.values())} skipped"
