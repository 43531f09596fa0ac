"""Ideas that a post names, whatever its language: features that let one language learn from another."""

import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from classifier.text import ACCENTS

FILE = Path(__file__).parent / "data" / "concepts.txt"

_BREAK = re.compile(r"[^\w@.%+:!)-]+|[.:)!-](?=\s|$)")
_UNBROKEN = re.compile("[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7a3\u3131-\u318e]")
_KEY_SIZES = (1, 2, 3, 4)


class Concepts:
    """An index of stems. `matrix(texts)` is a 0/1 array (texts, concepts) of the ideas named in normalised texts."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.names: list[str] = []
        self._stems: dict[str, list[tuple[str, int]]] = {}
        for line in lines:
            name, _, stems = line.partition(":")
            if stems and not line.startswith("#"):
                self._add(name, [stem.strip() for stem in stems.split(", ")])

    def _add(self, name: str, stems: Sequence[str]) -> None:
        for stem in stems:
            shape = _shape(stem)
            self._stems.setdefault(shape[: _KEY_SIZES[-1]], []).append((shape, len(self.names)))
        self.names.append(name)

    def find(self, text: str) -> set[int]:
        """Numbers of the concepts that a normalised text names."""
        framed = f" {_BREAK.sub(' ', text)} "
        return {
            concept
            for place in range(len(framed) - 1)
            for size in _KEY_SIZES
            for stem, concept in self._stems.get(framed[place : place + size], ())
            if framed.startswith(stem, place)
        }

    def matrix(self, texts: Sequence[str]) -> NDArray[np.float32]:
        table = np.zeros((len(texts), len(self.names)), np.float32)
        for row, text in enumerate(texts):
            table[row, list(self.find(text))] = 1.0
        return table


@cache
def shipped() -> Concepts:
    """The concepts in `classifier/data/concepts.txt`, read once a process."""
    return Concepts(FILE.read_text(encoding="utf-8").splitlines())


def _shape(stem: str) -> str:
    """A stem in letters is found at a word's start only; `_` at its end stands for the end of the word."""
    stem = re.sub(r"\d", "0", stem.strip().replace("_", " ").translate(ACCENTS))
    return stem if _UNBROKEN.search(stem) or not stem[0].isalnum() else f" {stem}"
