"""The locks fit pyproject.toml and each other, so they cannot drift."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
WANTED: dict[str, list[str]] = {
    "default": PROJECT["project"]["dependencies"],
    "test": PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["test"],
    "tools": ["uv"],
}


def pins(name: str) -> dict[str, set[str]]:
    """Package -> the versions it is locked to (several where Pythons differ)."""
    found: dict[str, set[str]] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", text_of(name), flags=re.MULTILINE):
        found.setdefault(canonicalize_name(package), set()).add(version)
    return found


def text_of(name: str) -> str:
    return (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize(("lock", "line"), [(lock, line) for lock, lines in WANTED.items() for line in lines])
def test_every_requirement_is_locked_to_a_version_it_allows(lock: str, line: str) -> None:
    requirement = Requirement(line)
    versions = pins(lock).get(canonicalize_name(requirement.name), set())
    assert versions, f"{line} is not in locks/{lock}.txt: run ./fleetwatch lock"
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_test_lock_contains_the_default_lock() -> None:
    test = pins("test")
    assert {name: test.get(name) for name in pins("default")} == pins("default")


def test_what_only_tests_need_is_not_installed_by_default() -> None:
    only_tests = {canonicalize_name(Requirement(line).name) for line in PROJECT["dependency-groups"]["test"]}
    assert not only_tests & pins("default").keys()


@pytest.mark.parametrize("lock", WANTED)
def test_every_locked_package_has_a_hash(lock: str) -> None:
    entries = re.split(r"\n(?=\S)", text_of(lock).strip())
    assert not [entry.split()[0] for entry in entries if "--hash=sha256:" not in entry]


@pytest.mark.parametrize("lock", WANTED)
def test_no_lock_names_a_host_or_a_path(lock: str) -> None:
    assert not re.findall(r"://|^-|^/", text_of(lock), flags=re.MULTILINE)
