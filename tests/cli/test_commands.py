"""The command line as a user meets it: a process, its words and its exit code."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def fleetwatch(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "cli.main", *arguments]
    environment = os.environ | {"COLUMNS": "200", "NO_COLOR": "1"} | changes
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("up", "--port", "many"), "--port"),
        (("up", "--port", "70000"), "--port"),
        (("up", "--speed", "0"), "--speed"),
        (("up", "--data-dir", "pyproject.toml"), "is a file"),
        (("status", "--yaml"), "--yaml"),
        (("kill", "mastodon"), "'mastodon' is not a platform; use x, telegram, discord."),
        (("dance",), "dance"),
        (("sandbox", "--data", "var", "--port", "70000"), "choose one from 0 to 65535"),
        (("bench", "dancing"), "there is no benchmark 'dancing'"),
    ],
)
def test_a_mistake_is_told_without_a_traceback(arguments: tuple[str, ...], words: str) -> None:
    done = fleetwatch(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_help_names_every_command() -> None:
    words = fleetwatch("--help").stdout.split()
    assert {"up", "status", "live", "shadow", "kill", "test", "check", "doctor", "bench", "sandbox"} <= set(words)


def test_the_version_is_the_projects() -> None:
    assert fleetwatch("--version").stdout == "fleetwatch 0.1.0\n"


def test_help_does_not_wait_for_the_sdks() -> None:
    asked = (
        "import sys, cli.main; print([name for name in ('telegram', 'discord', 'tweepy', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_bench_lists_what_there_is() -> None:
    done = fleetwatch("bench")
    assert done.returncode == 0
    assert done.stdout.startswith("Benchmarks:\n")
