"""The programs that some tests need: found, or installed where that is ours to do."""

import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """`package` is Debian's name for it."""

    name: str
    package: str
    found: Callable[[], bool]


def _postgresql() -> bool:
    # Debian keeps the server's programs off PATH.
    return bool(shutil.which("initdb") or list(Path("/usr/lib/postgresql").glob("*/bin/initdb")))


def _redis() -> bool:
    return shutil.which("redis-server") is not None


def _chromium() -> bool:
    return any(shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))


def _cjk_fonts() -> bool:
    folders = (
        Path("/usr/share/fonts"),
        Path.home() / ".local/share/fonts",
        Path("/Library/Fonts"),
        Path("/System/Library/Fonts"),
    )
    return any(
        True for folder in folders for pattern in ("**/*CJK*", "**/PingFang*", "**/Hiragino*") for _ in folder.glob(pattern)
    )


PROGRAMS = (
    Program(name="PostgreSQL", package="postgresql", found=_postgresql),
    Program(name="Redis", package="redis-server", found=_redis),
    Program(name="Chromium", package="chromium", found=_chromium),
    Program(name="Chinese, Japanese and Korean fonts", package="fonts-noto-cjk", found=_cjk_fonts),
)


def bring() -> tuple[Program, ...]:
    """Installs what is missing when this is Debian's family and we are root; returns what is missing still."""
    missing = _missing()
    if missing and os.geteuid() == 0 and shutil.which("apt-get"):
        _apt_install([program.package for program in missing])
        missing = _missing()
    return missing


def _missing() -> tuple[Program, ...]:
    return tuple(program for program in PROGRAMS if not program.found())


def _apt_install(packages: Sequence[str]) -> None:
    print(f"Installing from Debian's packages: {', '.join(packages)}.", flush=True)
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
        # A failure here is seen in what is still missing afterwards; apt says why.
        subprocess.run(["apt-get", "-qq", *command], env=quiet, stdin=subprocess.DEVNULL, check=False)  # noqa: S607
