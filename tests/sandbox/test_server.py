"""The sandbox process: it says where it is, answers, and stops when asked or orphaned."""

import json
import signal
from pathlib import Path

import pytest

from sandbox import brand
from sandbox.__main__ import main
from tests.sandbox.conftest import call, running_sandbox


def test_setup_gives_what_each_client_needs(sandbox_url: str) -> None:
    setup = call(f"{sandbox_url}/_control/setup")
    assert setup["telegram"] == {"base_url": f"{sandbox_url}/telegram", "token": brand.TELEGRAM_TOKEN}
    assert setup["discord"] == {"base_url": f"{sandbox_url}/discord", "token": brand.DISCORD_TOKEN}
    assert setup["x"]["bearer_token"] == brand.X_BEARER_TOKEN


def test_health_answers(sandbox_url: str) -> None:
    assert call(f"{sandbox_url}/_control/health") == {"ok": True}


@pytest.mark.parametrize("platform", ["x", "telegram", "discord"])
def test_every_platform_has_its_own_ledger(sandbox_url: str, tmp_path: Path, platform: str) -> None:
    control = f"{sandbox_url}/{platform}/_control"
    author = call(f"{control}/people", "POST", {"username": "ruth_abroad", "display_name": "Ruth", "kind": "person"})["id"]
    post = call(f"{control}/posts", "POST", {"author": author, "text": "hello"})["id"]

    entries = call(f"{control}/ledger")["entries"]
    assert [(entry["kind"], entry["id"]) for entry in entries] == [("posted", post)]
    lines = (tmp_path / "sandbox" / f"{platform}.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line) for line in lines] == entries


def test_notes_are_kept_in_order(sandbox_url: str) -> None:
    for key in ("first", "second"):
        call(f"{sandbox_url}/_control/notes", "POST", {"kind": "person", "key": key})
    entries = call(f"{sandbox_url}/_control/notes?after=1")["entries"]
    assert [(entry["kind"], entry["key"]) for entry in entries] == [("person", "second")]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with running_sandbox(tmp_path) as (_, process):
        process.send_signal(number)
        assert process.wait(timeout=20) == 0


def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    with running_sandbox(tmp_path) as (_, process):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_a_taken_port_is_one_sentence(sandbox_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    port = sandbox_url.rpartition(":")[2]
    assert main(["--data", str(tmp_path), "--port", port]) == 1
    error = capsys.readouterr().err
    assert port in error
    assert "--port" in error
    assert len(error.splitlines()) == 1
