"""Vendored files are what they say, and templates keep to the content security policy."""

import hashlib
import re
from pathlib import Path

import pytest

from console.render import HERE, STATIC

ROW = re.compile(r"^\| (\S+\.js) \|.*\| ([0-9a-f]{64}) \|$", re.MULTILINE)
TEMPLATES = sorted((HERE / "templates").glob("*.html"))
FORBIDDEN = re.compile(
    r"<style|<script>|\sstyle=|\son[a-z]+=|javascript:|hx-on|\|\s*safe|autoescape false|hx-vals=.js:", re.IGNORECASE
)


def test_vendored_files_are_unchanged_and_all_listed() -> None:
    listed = dict(ROW.findall((STATIC / "VENDORED.md").read_text()))
    minified = {path.name for path in STATIC.glob("*.min.js")}
    assert set(listed) == minified
    assert {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in listed} == listed


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_inline_script_or_style_and_nothing_marked_safe(template: Path) -> None:
    assert not FORBIDDEN.search(template.read_text())


@pytest.mark.parametrize(
    "script", [path for path in STATIC.glob("*.js") if ".min." not in path.name], ids=lambda path: path.name
)
def test_own_scripts_build_no_html_and_run_no_text(script: Path) -> None:
    assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script.read_text())
