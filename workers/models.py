"""The model in use, changed while the fleet runs. One that cannot be opened changes nothing: the last good one serves on."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from classifier.shelf import DEFAULT_NAME, Shelf
from domain.errors import FleetwatchError, ModelError
from domain.understanding import Assessment, Classifier, Question
from storage import audit
from storage.db import Database
from triage.policy import Policy
from workers.clock import Clock

log = structlog.get_logger(__name__)

EVERY_S = 2.0
FLEET = "fleet"

Print = tuple[tuple[str, int, int], ...]
"""Name, size and time of every file of a model folder: another print means another model."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """A model, and the policy whose thresholds were fitted to it: they change together."""

    classifier: Classifier
    policy: Policy


class ModelKeeper:
    """Judges with the model in use. Implements `domain.understanding.Classifier`; safe to call from several threads.

    `build` opens a folder; it takes seconds and raises FleetwatchError for what cannot be used.
    """

    def __init__(self, shelf: Shelf, build: Callable[[Path], Serving]) -> None:
        """Raises FleetwatchError when not even the default model can be opened."""
        self._shelf = shelf
        self._build = build
        self.trouble = ""
        """One sentence on why the model that was asked for does not serve; empty when it does."""
        self._seen = self._look()
        try:
            self._serving = self._open()
        except ModelError as error:
            self._report(error, DEFAULT_NAME)
            self._serving = build(shelf.default)

    @property
    def version(self) -> str:
        return self._serving.classifier.version

    def assess(self, batch: Sequence[Question]) -> list[Assessment]:
        return self._serving.classifier.assess(batch)

    def policy(self) -> Policy:
        return self._serving.policy

    def refresh(self) -> bool:
        """Takes up another model when one was put in use, or the files of this one changed; True when it looked at one.

        Slow then (seconds): call it in a thread.
        """
        seen = self._look()
        if seen == self._seen:
            return False
        self._seen = seen
        try:
            self._serving = self._open()
        except FleetwatchError as error:
            self._report(error, self.version)
        else:
            self.trouble = ""
            log.info("model_taken_up", version=self.version)
        return True

    def _open(self) -> Serving:
        return self._build(self._shelf.path(self._shelf.current()))

    def _look(self) -> Print | str:
        try:
            folder = self._shelf.path(self._shelf.current())
        except ModelError as error:
            return str(error)
        return ((str(folder), 0, 0), *sorted(map(_print, folder.glob("*"))))

    def _report(self, error: FleetwatchError, serves: str) -> None:
        self.trouble = str(error)
        log.error("model_refused", problem=self.trouble, serves=serves)


def _print(path: Path) -> tuple[str, int, int]:
    try:
        found = path.stat()
    except OSError:  # it went away while the folder was read: the next look sees what came in its place
        return (path.name, 0, 0)
    return (path.name, found.st_size, found.st_mtime_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelWatch:
    """Keeps the model in use up to date, and notes in the audit log which one serves, where the console reads it."""

    keeper: ModelKeeper
    database: Database
    now: Clock

    async def run(self) -> None:
        await self._note()
        while True:
            await self.once()
            await asyncio.sleep(EVERY_S)

    async def once(self) -> None:
        if await asyncio.to_thread(self.keeper.refresh):
            await self._note()

    async def _note(self) -> None:
        verb = audit.MODEL_REFUSED if self.keeper.trouble else audit.MODEL_SERVES
        async with self.database.transaction() as tx:
            await audit.add(tx, actor=FLEET, verb=verb, subject=self.keeper.version, detail=self.keeper.trouble, now=self.now())
