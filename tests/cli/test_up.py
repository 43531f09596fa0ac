"""`fleetwatch up` as somebody without tokens meets it."""

import json
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from config.load import ROOT

pytestmark = pytest.mark.timeout(240)

COMMAND = [sys.executable, "-m", "cli.main"]


def up(data_dir: Path, *options: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [*COMMAND, "up", "--data-dir", str(data_dir), *options],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def status(data_dir: Path) -> dict[str, Any]:
    ran = subprocess.run(
        [*COMMAND, "status", "--json", "--data-dir", str(data_dir)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return json.loads(ran.stdout)


def until_heard(data_dir: Path, count: int) -> dict[str, Any]:
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if (data_dir / "fleetwatch.sqlite3").exists() and (found := status(data_dir))["heard"] >= count:
            return found
        time.sleep(0.5)
    raise AssertionError(f"fewer than {count} mentions were heard")


def test_one_command_starts_everything_and_stops_cleanly(tmp_path: Path) -> None:
    with up(tmp_path, "--port", "0", "--speed", "2000") as process:
        found = until_heard(tmp_path, 20)
        process.send_signal(signal.SIGINT)
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    assert "Console:     http://127.0.0.1:" in output
    assert "First login: admin / " in output
    assert output.rstrip().endswith("goes on from here.")
    assert {"heard", "answered", "tickets", "flagged", "waiting", "failed", "unknown"} <= found.keys()
    assert found["listeners"].keys() == {"x", "telegram", "discord"}
    assert status(tmp_path)["heard"]


def test_a_second_fleet_in_the_same_folder_is_told_so(tmp_path: Path) -> None:
    with up(tmp_path, "--port", "0") as first:
        while "Console" not in str(first.stdout.readline() if first.stdout else ""):
            assert first.poll() is None
        second = up(tmp_path, "--port", "0")
        output, _ = second.communicate(timeout=60)
        first.send_signal(signal.SIGTERM)
        first.communicate(timeout=60)
    assert second.returncode == 2
    assert "another fleet runs here" in output
    assert "Traceback" not in output


def test_a_port_in_use_is_named_with_the_mend(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = up(tmp_path, "--port", str(taken.getsockname()[1]))
        output, _ = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "choose another with --port" in output
    assert "Traceback" not in output


def test_status_where_no_fleet_ran(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*COMMAND, "status", "--data-dir", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 2
    assert "no fleet has run here" in ran.stderr
