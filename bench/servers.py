"""PostgreSQL and Redis from Debian's packages, on loopback, thrown away afterwards."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from domain.errors import FleetwatchError

POSTGRESQL_BINARIES = Path("/usr/lib/postgresql")


@contextmanager
def postgresql(*, durable: bool) -> Generator[str]:
    """URL of a running server, without a database name, ending in `/`. Raises FleetwatchError where it is not installed.

    `durable`: commits reach the disk, as in the server's own defaults.
    """
    found = sorted(POSTGRESQL_BINARIES.glob("*/bin/postgres"))
    if not found:
        raise FleetwatchError("PostgreSQL is not installed: apt-get install postgresql")
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
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c shared_buffers=32MB" + ("" if durable else " -c fsync=off")
        control = [binaries / "pg_ctl", "-D", folder / "data", "-w"]
        _as_postgres([*control, "-o", options, "-l", folder / "log", "start"])
        try:
            yield f"postgresql+psycopg://postgres@127.0.0.1:{port}/"
        finally:
            _as_postgres([*control, "-m", "immediate", "stop"])


@contextmanager
def redis() -> Generator[str]:
    """URL of a running server that keeps nothing on disk. Raises FleetwatchError where it is not installed."""
    binary = shutil.which("redis-server")
    if binary is None:
        raise FleetwatchError("Redis is not installed: apt-get install redis-server")
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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _as_postgres(command: Sequence[str | Path]) -> None:
    """PostgreSQL refuses to run as root."""
    become = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    subprocess.run([*become, *command], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, cwd="/")
