"""The texts of public replies: language -> purpose -> phrase."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """Variants of one reply text with `{placeholders}`. `short` variants fit X."""

    variants: tuple[str, ...]
    short: tuple[str, ...]


Phrasebook = Mapping[str, Mapping[str, Phrase]]
