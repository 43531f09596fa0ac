"""The ledger comparison passes an honest run, and fails every kind of doctored one."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bench.ledgers import main
from domain.errors import FleetwatchError

Doctor = Callable[[Path], None]


def report(folder: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    code = main(["--data-dir", str(folder), "--json"])
    return code, json.loads(capsys.readouterr().out)


def sql(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "fleetwatch.sqlite3")
    with connection:
        assert connection.execute(statement).rowcount > 0
    connection.close()


def replies(folder: Path) -> list[tuple[Path, dict[str, Any]]]:
    """Every reply in the ledger files, with its file."""
    files = [folder / "sandbox" / f"{platform}.jsonl" for platform in ("x", "telegram", "discord")]
    lines = [(file, json.loads(line)) for file in files for line in file.read_text(encoding="utf-8").splitlines()]
    return [(file, entry) for file, entry in lines if entry["kind"] == "replied"]


def append(file: Path, entry: dict[str, Any]) -> None:
    with file.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps(entry) + "\n")


def lose_a_mention(folder: Path) -> None:
    sql(folder, "UPDATE mentions SET external_id = 'elsewhere' WHERE id = (SELECT min(mention_id) FROM tickets)")


def leave_a_mention_undecided(folder: Path) -> None:
    sql(folder, "UPDATE mentions SET state = 'received' WHERE id = 3")


def reply_twice(folder: Path) -> None:
    file, entry = replies(folder)[0]
    append(file, {**entry, "id": entry["id"] + "9"})


def forget_a_reply(folder: Path) -> None:
    sql(folder, "DELETE FROM actions WHERE id = (SELECT min(id) FROM actions)")


def claim_an_unsent_reply(folder: Path) -> None:
    sql(folder, "UPDATE actions SET external_id = '404' WHERE id = (SELECT min(id) FROM actions)")


def answer_a_scammer(folder: Path) -> None:
    file = folder / "sandbox" / "discord.jsonl"
    entries = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    scam = next(entry for entry in entries if entry["kind"] == "posted" and "bonus" in entry["text"])
    append(file, {"kind": "replied", "id": "1", "reply_to": scam["id"], "author": "0", "text": "Hi!", "channel": ""})


def answer_in_another_language(folder: Path) -> None:
    file, entry = next((file, entry) for file, entry in replies(folder) if "您好" in entry["text"])
    text = file.read_text(encoding="utf-8").replace(entry["text"], "¡Hola! Este artículo responde a tu duda. ", 1)
    file.write_text(text, encoding="utf-8")


def test_an_honest_run_passes(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = report(run_folder, capsys)
    assert (code, found["ok"]) == (0, True), found["faults"]
    assert sum(found["replies"].values()) == 4
    assert set(found["replies"]) == {"x", "telegram", "discord"}
    assert (found["tickets"], found["flags"]) == (2, 3)
    assert not found["notices"]["unreadable"]


def test_outcomes_stand_beside_what_was_wanted(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    _, found = report(run_folder, capsys)
    assert found["outcomes"] == {
        "reply_faq": {"reply_faq": 4, "review": 4},
        "open_ticket": {"open_ticket": 2},
        "flag": {"flag": 3},
        "none": {"none": 10},
    }


@pytest.mark.parametrize(
    ("doctor", "fault"),
    [
        (lose_a_mention, "lost"),
        (leave_a_mention_undecided, "unfinished"),
        (reply_twice, "doubled"),
        (reply_twice, "unrecorded"),
        (forget_a_reply, "unrecorded"),
        (claim_an_unsent_reply, "missing"),
        (answer_a_scammer, "misdirected"),
        (answer_in_another_language, "wrong_language"),
    ],
)
def test_a_doctored_run_fails(run_folder: Path, capsys: pytest.CaptureFixture[str], doctor: Doctor, fault: str) -> None:
    doctor(run_folder)
    code, found = report(run_folder, capsys)
    assert (code, found["ok"]) == (1, False)
    assert len(found["faults"][fault]) == 1


def test_a_reply_whose_fate_waits_for_a_human_is_no_fault(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sql(run_folder, "UPDATE actions SET state = 'unknown', external_id = NULL WHERE id = (SELECT min(id) FROM actions)")
    code, found = report(run_folder, capsys)
    assert code == 0, found["faults"]
    assert len(found["notices"]["unknown"]) == 1


def test_a_deleted_post_that_was_never_delivered_is_not_owed(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(run_folder / "sandbox" / "telegram.jsonl", {"kind": "posted", "id": "1:1", "author": "1", "text": "hi"})
    append(run_folder / "sandbox" / "telegram.jsonl", {"kind": "deleted", "id": "1:1"})
    assert report(run_folder, capsys)[0] == 0


def test_a_deleted_post_that_was_delivered_is_owed(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(run_folder / "sandbox" / "telegram.jsonl", {"kind": "posted", "id": "1:1", "author": "1", "text": "hi"})
    append(run_folder / "sandbox" / "telegram.jsonl", {"kind": "deleted", "id": "1:1"})
    append(run_folder / "sandbox" / "telegram.jsonl", {"kind": "delivered", "ids": ["1:1"]})
    assert report(run_folder, capsys)[1]["faults"]["lost"] == ["telegram 1:1"]


def test_a_post_on_x_that_does_not_name_us_is_not_owed(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    append(run_folder / "sandbox" / "x.jsonl", {"kind": "posted", "id": "1", "author": "1", "text": "@KestrelExchange nice"})
    assert report(run_folder, capsys)[0] == 0


def test_the_report_for_people_lists_the_faults(run_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lose_a_mention(run_folder)
    assert main(["--data-dir", str(run_folder)]) == 1
    out = capsys.readouterr().out
    assert "NOT IN ORDER" in out
    assert "wanted / done" in out


def test_a_folder_without_ledgers_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FleetwatchError, match="holds no readable ledgers"):
        main(["--data-dir", str(tmp_path)])


def test_a_sandbox_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(FleetwatchError, match="gives no ledgers"):
        main(["--data-dir", str(tmp_path), "--sandbox", "http://127.0.0.1:1"])
