"""Model folders appear whole: whoever opens one sees the old files or the new ones, never some of each."""

import json
import shutil
import tempfile
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

from domain.errors import ConfigError

Progress = Callable[[str, int, int], None]
"""What is told while a model is trained: stage, steps done, steps in all."""


@contextmanager
def new_folder(out: Path) -> Generator[Path]:
    """A folder to write in; it becomes `out`, in place of what stood there, unless an error is raised inside.

    Raises ConfigError when nothing can be written beside `out`.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{out.name}-", dir=out.parent))
    except OSError as error:
        raise ConfigError(f"--out {out}: cannot be written ({error.strerror}); name a folder that can.") from None
    try:
        yield draft
        draft.chmod(0o755)
        _swap(draft, out)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _swap(draft: Path, out: Path) -> None:
    if not out.exists():
        draft.rename(out)
        return
    old = draft.with_name(f"{draft.name}-old")
    out.rename(old)
    draft.rename(out)
    shutil.rmtree(old)


def write_json(path: Path, content: Mapping[str, object]) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
