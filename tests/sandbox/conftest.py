"""A real sandbox process for each test that asks for one."""

import json
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def running_sandbox(data_dir: Path) -> Generator[tuple[str, subprocess.Popen[str]]]:
    """Address and process of a sandbox on a free port; it ends with the block, and with us if we are killed."""
    command = [sys.executable, "-m", "sandbox", "--data", str(data_dir), "--parent"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())["url"], process
        finally:
            process.terminate()


@pytest.fixture
def sandbox_url(tmp_path: Path) -> Iterator[str]:
    with running_sandbox(tmp_path / "sandbox") as (url, _):
        yield url


def call(url: str, method: str = "GET", body: object = None) -> dict[str, Any]:
    """One JSON request to a control API."""
    data = None if body is None else json.dumps(body).encode()
    request = Request(url, data=data, method=method, headers={"Content-Type": "application/json"})  # noqa: S310 - loopback
    with urlopen(request, timeout=10) as answer:  # noqa: S310
        return json.loads(answer.read())
