"""What `doctor` makes of a connection: always one line, never a driver's own words."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path

import pytest

from cli.doctor import Probe, try_one
from domain.errors import PlatformRefused

ROOT = Path(__file__).resolve().parents[2]


async def answers() -> str:
    return "signed in."


async def refuses() -> str:
    raise PlatformRefused("Discord does not know the token; copy it again.")


async def breaks() -> str:
    raise RuntimeError("https://host/bot123:secret")


async def hangs() -> str:
    await asyncio.Event().wait()
    return ""


@pytest.mark.parametrize(
    ("look", "ok", "sentence"),
    [
        (answers, True, "signed in."),
        (refuses, False, "Discord does not know the token; copy it again."),
        (breaks, False, "RuntimeError; mend it."),
        (hangs, False, "no answer within 0.01 s; mend it."),
    ],
)
async def test_every_end_of_a_probe_is_one_finding(look: Callable[[], Awaitable[str]], ok: bool, sentence: str) -> None:
    finding = await try_one(Probe(name="it", look=look, mend="mend it."), patience_s=0.01)
    assert (finding.ok, finding.sentence) == (ok, sentence)


def findings(command: str, changes: Mapping[str, str], *more: str) -> tuple[int, dict[str, tuple[bool, str]]]:
    arguments = [sys.executable, "-m", "cli.main", command, "--json", *more]
    done = subprocess.run(arguments, cwd=ROOT, env={**os.environ, **changes}, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, {entry["name"]: (entry["ok"], entry["sentence"]) for entry in json.loads(done.stdout)}


def doctor(data_dir: Path, changes: Mapping[str, str]) -> tuple[int, dict[str, tuple[bool, str]]]:
    return findings("doctor", changes, "--data-dir", str(data_dir))


def test_check_is_content_with_what_is_shipped() -> None:
    code, found = findings("check", {})
    assert (code, [name for name, (ok, _) in found.items() if not ok]) == (0, [])


@pytest.mark.parametrize(
    ("variable", "value", "wrong"),
    [
        ("FLEETWATCH_CONSOLE__PORT", "many", "settings"),
        ("FLEETWATCH_STORAGE__URL", "mysql://host/name", "settings"),
        ("FLEETWATCH_FILES__FAQ", "absent.jsonl", "faq"),
        ("FLEETWATCH_FILES__REPLIES", "absent", "replies"),
        ("FLEETWATCH_FILES__IDENTITIES", "pyproject.toml", "identities"),
        ("FLEETWATCH_FILES__MODEL", "docs", "model"),
    ],
)
def test_check_names_the_one_thing_that_is_wrong(variable: str, value: str, wrong: str) -> None:
    code, found = findings("check", {variable: value})
    assert (code, [name for name, (ok, _) in found.items() if not ok]) == (1, [wrong])


def test_check_misses_the_calibration_of_a_model(tmp_path: Path) -> None:
    for name in ("manifest.json", "linear.npz", "heads.npz", "encoder.onnx", "tokenizer.json"):
        (tmp_path / name).symlink_to(ROOT / "classifier" / "models" / "default" / name)
    code, found = findings("check", {"FLEETWATCH_FILES__MODEL": str(tmp_path)})
    assert (code, found["model"]) == (
        1,
        (False, f"{tmp_path}/faq.json is missing: restore the model folder."),
    )


def test_doctor_tries_what_is_configured_and_says_what_does_not_answer(tmp_path: Path) -> None:
    nowhere = {
        "FLEETWATCH_QUEUE__REDIS_URL": "redis://127.0.0.1:9/0",
        "FLEETWATCH_STORAGE__URL": "postgresql+psycopg://nobody@127.0.0.1:9/none",
        "FLEETWATCH_TELEGRAM__TOKEN": "1:secret-of-telegram",
        "FLEETWATCH_TELEGRAM__BASE_URL": "http://127.0.0.1:9",
        "FLEETWATCH_DISCORD__TOKEN": "secret-of-discord",
        "FLEETWATCH_DISCORD__BASE_URL": "http://127.0.0.1:9/api/v10",
    }
    code, found = doctor(tmp_path, nowhere)
    assert code == 1
    assert {name for name, (ok, _) in found.items() if not ok} == {"database", "redis", "telegram", "discord"}
    assert "secret" not in str(found)


def test_doctor_makes_no_database(tmp_path: Path) -> None:
    code, found = doctor(tmp_path, {})
    assert (code, found["database"]) == (0, (True, "made at the first start."))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The environment variables that lead to a running sandbox."""
    command = [sys.executable, "-m", "sandbox", "--data", str(tmp_path_factory.mktemp("sandbox")), "--parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        setup: dict[str, dict[str, object]] = json.loads(process.stdout.readline())["setup"]
        yield {
            f"FLEETWATCH_{section}__{field}".upper(): value if isinstance(value, str) else json.dumps(value)
            for section, fields in setup.items()
            for field, value in fields.items()
        }
        process.terminate()


def test_doctor_signs_in_on_every_platform(sandbox: dict[str, str], tmp_path: Path) -> None:
    code, found = doctor(tmp_path, sandbox)
    assert code == 0
    assert found["x"][1] == "signed in as @KestrelHelp."
    assert found["telegram"][1] == "signed in as @KestrelHelpBot."
    assert found["discord"][1].startswith("signed in as Kestrel Help")


@pytest.mark.parametrize(
    ("variable", "platform"),
    [
        ("FLEETWATCH_X__ACCESS_TOKEN", "x"),
        ("FLEETWATCH_TELEGRAM__TOKEN", "telegram"),
        ("FLEETWATCH_DISCORD__TOKEN", "discord"),
    ],
)
def test_doctor_names_the_platform_that_does_not_know_the_token(
    sandbox: dict[str, str], tmp_path: Path, variable: str, platform: str
) -> None:
    code, found = doctor(tmp_path, sandbox | {variable: "77-wrong"})
    assert (code, [name for name, (ok, _) in found.items() if not ok]) == (1, [platform])
    assert "token" in found[platform][1]
    assert "77-wrong" not in found[platform][1]
