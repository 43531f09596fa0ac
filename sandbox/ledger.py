"""The append-only ledger: what one sandbox platform emitted and received, in order."""

import json
import time
from pathlib import Path
from typing import Any


class Ledger:
    """Entries are dicts with `seq` (from 1), `at` (unix seconds) and `kind`; each is also a line of `path`, flushed at once."""

    def __init__(self, path: Path | None = None) -> None:
        self._entries: list[dict[str, Any]] = []
        self._file = path.open("a", encoding="utf-8") if path else None

    def append(self, kind: str, **facts: Any) -> None:
        entry: dict[str, Any] = {"seq": len(self._entries) + 1, "at": time.time(), "kind": kind, **facts}
        self._entries.append(entry)
        if self._file:
            self._file.write(json.dumps(entry, ensure_ascii=False) + "\n")
            self._file.flush()

    def entries(self, after: int = 0) -> list[dict[str, Any]]:
        """Entries with `seq` > `after`, oldest first."""
        return self._entries[after:]

    def close(self) -> None:
        if self._file:
            self._file.close()
