"""The launcher, in a copy of the tree whose path has a space. Nothing here needs the network."""

import ast
import errno
import fcntl
import os
import shutil
import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "fleetwatch"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A folder with the launcher and the locks, and no environment."""
    folder = tmp_path / "a folder"
    folder.mkdir()
    shutil.copy(SOURCE, folder)
    shutil.copytree(ROOT / "locks", folder / "locks")
    return folder


@pytest.fixture
def launcher(copy: Path) -> ModuleType:
    loader = SourceFileLoader("launcher_under_test", str(copy / "fleetwatch"))
    spec = spec_from_loader(loader.name, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture
def environment(copy: Path) -> Path:
    """An environment whose Python only says how it was called."""
    python = copy / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\npwd\necho "$PYTHONPATH"\nprintf "%s\\n" "$@"\n')
    python.chmod(0o755)
    return python


def start(copy: Path, *arguments: str, python: str = sys.executable, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [python, str(copy / "fleetwatch"), *arguments]
    return subprocess.run(command, cwd="/", env=os.environ | changes, capture_output=True, text=True, check=False)


def test_a_tree_without_environment_is_not_ready(launcher: ModuleType) -> None:
    assert not launcher.is_ready("default")


@pytest.mark.parametrize(
    ("installed", "needed", "ready"),
    [("default", "default", True), ("default", "test", False), ("test", "test", True), ("test", "default", True)],
)
@pytest.mark.usefixtures("environment")
def test_the_test_environment_serves_both(launcher: ModuleType, installed: str, needed: str, ready: bool) -> None:
    launcher.write_stamp(installed)
    assert launcher.is_ready(needed) is ready


@pytest.mark.parametrize("lock", ["default.txt", "test.txt"])
@pytest.mark.usefixtures("environment")
def test_a_changed_lock_asks_for_an_install(launcher: ModuleType, copy: Path, lock: str) -> None:
    launcher.write_stamp("test")
    with (copy / "locks" / lock).open("a") as file:
        file.write("another==1.0\n")
    assert not launcher.is_ready("default")


def test_a_vanished_interpreter_asks_for_an_install(launcher: ModuleType, environment: Path) -> None:
    launcher.write_stamp("default")
    environment.unlink()
    assert not launcher.is_ready("default")


@pytest.mark.parametrize("rubbish", ["", "default", "\n\n", "\n\n\n\n", "\N{GRINNING FACE}"])
@pytest.mark.usefixtures("environment")
def test_a_spoilt_stamp_asks_for_an_install(launcher: ModuleType, rubbish: str) -> None:
    launcher.STAMP.write_text(rubbish, encoding="utf-8")
    assert not launcher.is_ready("default")


def test_hands_over_from_any_working_directory(launcher: ModuleType, copy: Path, environment: Path) -> None:
    assert environment.exists()
    launcher.write_stamp("default")
    done = start(copy, "status", "--data-dir", "my data")
    assert done.stdout.splitlines() == ["/", str(copy), "-P", "-m", "cli.main", "status", "--data-dir", "my data"]


@pytest.mark.usefixtures("environment")
def test_a_second_start_waits_and_then_uses_what_the_first_made(launcher: ModuleType, copy: Path) -> None:
    (copy / ".tools").mkdir()
    with (copy / ".tools" / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        second = subprocess.Popen(
            [sys.executable, copy / "fleetwatch"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert second.stderr is not None
        assert "waiting" in second.stderr.readline()
        launcher.write_stamp("default")
    output, complaint = second.communicate()
    assert (output.splitlines()[-1], complaint, second.returncode) == ("cli.main", "", 0)


def test_a_python_without_pip_ends_in_one_sentence(copy: Path) -> None:
    done = start(copy, "up")  # the Python of the environment, which uv makes without pip
    assert done.returncode == 1
    assert done.stderr.startswith("fleetwatch: this Python has no pip")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def unreachable(copy: Path) -> subprocess.CompletedProcess[str]:
    """A first start where no registry answers."""
    nowhere = {
        "PIP_INDEX_URL": "http://127.0.0.1:9/simple",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_RETRIES": "0",
        "PIP_FIND_LINKS": "",
    }
    return start(copy, "up", python=os.path.realpath(sys.executable), **nowhere)


def test_an_unreachable_registry_ends_in_one_sentence(unreachable: subprocess.CompletedProcess[str]) -> None:
    assert unreachable.returncode == 1
    assert unreachable.stderr.splitlines()[-1].startswith("fleetwatch: the package registry cannot be reached")
    assert "Traceback" not in unreachable.stderr


@pytest.mark.usefixtures("unreachable")
def test_a_failed_download_of_uv_leaves_nothing_that_counts(launcher: ModuleType) -> None:
    assert not [path for path in launcher.TOOLS.glob("uv-*") if path.suffix != ".new"]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("error: failed to write: No space left on device (os error 28)", "the disk is full"),
        ("error: failed to create directory: Read-only file system (os error 30)", "cannot be written to"),
        ("  Caused by: dns error: Temporary failure in name resolution", "cannot be reached"),
        ("THESE PACKAGES DO NOT MATCH THE HASHES\nthey do not match the hashes from the file", "its hash differs"),
        ("error: Hash mismatch for `rich==15.0.0`", "its hash differs"),
        ("  x Failed to build `numpy==2.4.6`", "no ready-made build"),
        ("first\n  something else  \n", "could not be made: something else"),
        ("", "it said nothing"),
    ],
)
def test_a_tools_complaint_becomes_one_sentence(launcher: ModuleType, words: str, sentence: str) -> None:
    explained = launcher.explain(words)
    assert sentence in explained
    assert "\n" not in explained


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (errno.ENOSPC, "the disk is full"),
        (errno.EROFS, "cannot be written to"),
        (errno.EACCES, "cannot be written to"),
        (errno.EIO, "nput"),
    ],
)
def test_a_failing_disk_becomes_one_sentence(launcher: ModuleType, number: int, sentence: str) -> None:
    assert sentence in launcher.explain_os_error(OSError(number, os.strerror(number), "x"))


def test_pips_mirror_is_handed_to_uv(launcher: ModuleType) -> None:
    listing = "global.index-url='https://mirror.example/simple'\ninstall.timeout='9'\n:env:.cert='/ca.pem'\n"
    assert launcher.uv_words(listing) == {"UV_DEFAULT_INDEX": "https://mirror.example/simple", "SSL_CERT_FILE": "/ca.pem"}


def test_an_older_python_can_read_as_far_as_the_sentence_for_it() -> None:
    tree = ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 7))
    docstring, first, second = tree.body[:3]
    assert isinstance(docstring, ast.Expr)
    assert isinstance(first, ast.Import)
    assert isinstance(second, ast.If)
