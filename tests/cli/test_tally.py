"""What `fleetwatch test` says about a pytest run, from the report of a real one."""

import subprocess
import sys
from pathlib import Path

import pytest

from cli import programs, tally

MODULE = f"""
import pytest

def test_good(): pass

def test_bad(): assert False

@pytest.fixture
def broken(): raise OSError

def test_unready(broken): pass

@pytest.mark.skip(reason="no server")
def test_left(): pass

@pytest.mark.skip(reason="no server")
def test_left_too(): pass

@pytest.mark.skip(reason={tally.SPECS_ABSENT!r})
def test_specs(): pass
"""
WHOLE_FILE = "import pytest\npytest.skip('no browser', allow_module_level=True)\n"


@pytest.fixture(scope="module")
def counts(tmp_path_factory: pytest.TempPathFactory) -> tally.Counts:
    folder = tmp_path_factory.mktemp("run")
    (folder / "test_some.py").write_text(MODULE)
    (folder / "test_file.py").write_text(WHOLE_FILE)
    report = folder / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "--rootdir", folder, f"--junitxml={report}", folder]
    subprocess.run(command, cwd=folder, capture_output=True, check=False)
    return tally.read(report)


def test_counts_what_passed_failed_and_why_the_rest_did_not_run(counts: tally.Counts) -> None:
    skipped = {"no server": 2, "no browser": 1, tally.SPECS_ABSENT: 1}
    assert counts == tally.Counts(passed=1, failed=2, skipped=skipped)


def test_names_what_was_left_out_but_for_the_specifications(counts: tally.Counts) -> None:
    assert tally.left_out(counts, ()) == ["1 test: no browser", "2 tests: no server"]


def test_names_the_program_that_is_missing_and_how_to_get_it() -> None:
    redis = programs.Program(name="Redis", package="redis-server", found=lambda: False)
    assert tally.left_out(tally.Counts(), (redis,)) == ["what needs Redis; install it (Debian: apt-get install redis-server)."]


def test_closes_with_the_counts(counts: tally.Counts) -> None:
    assert tally.closing_line(counts) == "1 passed, 2 failed, 4 skipped"


def test_a_run_that_wrote_no_report_counts_nothing(tmp_path: Path) -> None:
    assert tally.read(tmp_path / "none.xml") == tally.Counts()
