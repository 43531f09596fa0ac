"""Real servers for tests: Debian's PostgreSQL and Redis on loopback, thrown away afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest

POSTGRESQL_BINARIES = Path("/usr/lib/postgresql")


@contextmanager
def postgresql() -> Generator[str]:
    """URL of a running server, without a database name, ending in `/`."""
    found = sorted(POSTGRESQL_BINARIES.glob("*/bin/postgres"))
    if not found:
        left_out("PostgreSQL is not installed: apt-get install postgresql")
    binaries, port = found[-1].parent, free_port()
    with tempfile.TemporaryDirectory(prefix="fleetwatch-postgresql-") as name:
        folder = Path(name)
        if os.geteuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(folder, account.pw_uid, account.pw_gid)
        _as_postgres(
            [
                binaries / "initdb",
                "-D",
                folder / "data",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C",
                "--no-sync",
            ]
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c fsync=off -c shared_buffers=32MB"
        control = [binaries / "pg_ctl", "-D", folder / "data", "-w"]
        _as_postgres([*control, "-o", options, "-l", folder / "log", "start"])
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/"
        finally:
            _as_postgres([*control, "-m", "immediate", "stop"])


@contextmanager
def redis() -> Generator[str]:
    """URL of a running server that keeps nothing on disk."""
    binary = shutil.which("redis-server")
    if binary is None:
        left_out("Redis is not installed: apt-get install redis-server")
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="fleetwatch-redis-") as folder:
        options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        server = subprocess.Popen([binary, *options], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None
        try:
            for line in server.stdout:
                if "Ready to accept connections" in line:
                    break
            yield f"redis://127.0.0.1:{port}/0"
        finally:
            server.terminate()
            server.stdout.close()
            server.wait()


def ask_postgresql(url: str, statement: str) -> None:
    """Run one statement outside any transaction, as CREATE DATABASE wants it."""
    with psycopg.connect(url.replace("+psycopg", "") + "postgres", autocommit=True) as connection:
        connection.execute(statement.encode())


def left_out(reason: str) -> NoReturn:
    """Skip, or fail where nothing may be left out."""
    if os.environ.get("FLEETWATCH_REQUIRE_ALL"):
        pytest.fail(reason)
    pytest.skip(reason)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_postgres(command: Sequence[str | Path]) -> None:
    """PostgreSQL refuses to run as root."""
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*become, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
