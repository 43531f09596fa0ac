"""The model folders of a fleet, `<data folder>/models/<name>`, and which of them is in use."""

import hashlib
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from classifier.model import MANIFEST
from classifier.opening import Kind, kind_of
from domain.errors import ModelError

DEFAULT_NAME = "default"
"""The model of the settings (`files.model`), which ships with the program; it lies elsewhere and is never written to."""
CURRENT = "current"
"""The file beside the folders: the name in use, and on a second line the name before it."""
SOURCE = "source.json"
"""Where a fetched model came from."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What can be said of a model folder without opening the model. `digest`: SHA-256 over names and contents of its files."""

    kind: Kind
    version: str
    size: int
    digest: str


class Shelf:
    """`folder` need not be there. Raises ModelError, one sentence, for names that are none."""

    def __init__(self, folder: Path, default: Path) -> None:
        self.folder = folder
        self.default = default

    def names(self) -> list[str]:
        """The shipped one first. What begins with a dot is being written."""
        found = (path.name for path in self.folder.iterdir() if path.is_dir()) if self.folder.is_dir() else ()
        return [DEFAULT_NAME, *sorted(name for name in found if _NAME.fullmatch(name) and name != DEFAULT_NAME)]

    def path(self, name: str) -> Path:
        if not _NAME.fullmatch(name) or name == CURRENT:
            raise ModelError(f"`{name[:100]}` is no name for a model: use letters, digits, dots and dashes.")
        return self.default if name == DEFAULT_NAME else self.folder / name

    def current(self) -> str:
        """Raises ModelError when the note of it cannot be read."""
        return self._noted()[0]

    def previous(self) -> str:
        """The name that was in use before. Raises ModelError when there was none."""
        noted = self._noted()
        if len(noted) < 2:
            raise ModelError("no other model was in use before this one: name one, `fleetwatch models list` shows them.")
        return noted[1]

    def use(self, name: str) -> None:
        """A running fleet takes it up within seconds. The model is not looked at here."""
        self.path(name)
        try:
            before = self._noted()
        except ModelError:  # a torn note is replaced by a sound one
            before = [DEFAULT_NAME]
        kept = before[1:] if before[0] == name else before[:1]
        draft = self.folder / f".{CURRENT}-{os.getpid()}"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            draft.write_text("\n".join([name, *kept]) + "\n", encoding="utf-8")
            draft.replace(self.folder / CURRENT)
        except OSError as error:
            raise ModelError(f"{self.folder} cannot be written to ({error.strerror}): name another --data-dir.") from None

    def _noted(self) -> list[str]:
        note = self.folder / CURRENT
        try:
            names = note.read_text(encoding="utf-8").split()
        except FileNotFoundError:
            return [DEFAULT_NAME]
        except (OSError, ValueError) as error:
            raise ModelError(f"{note} cannot be read ({type(error).__name__}): run `fleetwatch models use default`.") from None
        if not names or not all(_NAME.fullmatch(name) for name in names):
            raise ModelError(f"{note} names no model: run `fleetwatch models use default`.")
        return names


def card(folder: Path) -> Card:
    """Raises ModelError when the folder is no model's."""
    kind = kind_of(folder)
    fields = _fields(folder / (SOURCE if kind == "hugging_face" else MANIFEST))
    digest, size = hashlib.sha256(), 0
    for path in _files(folder):
        content = path.read_bytes()
        size += len(content)
        digest.update(path.relative_to(folder).as_posix().encode() + b"\0" + hashlib.sha256(content).digest())
    version = str(fields.get("revision" if kind == "hugging_face" else "version", ""))
    return Card(kind=kind, version=version, size=size, digest=digest.hexdigest())


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != SOURCE)


def _fields(path: Path) -> dict[str, object]:
    try:
        content: object = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return cast("dict[str, object]", content) if isinstance(content, dict) else {}
