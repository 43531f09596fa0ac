"""Hashed n-grams of many texts at once: characters 2 to 4 and words 1 to 2, as one sparse matrix."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HASH_BITS = 19
FEATURES = 1 << HASH_BITS
CHARACTER_SIZES = (2, 3, 4)

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so it has an inverse modulo 2**64
_INVERSE = np.uint64(pow(0x9E3779B97F4A7C15, -1, 1 << 64))
_MIX = np.uint64(0xD6E8FEB86659FD93)

Hashes = NDArray[np.uint64]
Ids = NDArray[np.int64]
Floats = NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sparse:
    """Compressed rows of features: row r holds `ids[starts[r]:starts[r + 1]]` and their `values`, of length 1 in all."""

    ids: Ids
    values: Floats
    starts: Ids

    @property
    def rows(self) -> int:
        return len(self.starts) - 1


def extract(texts: Sequence[str]) -> Sparse:
    """Features of normalised texts, one row a text; every row has at least one feature.

    All texts are hashed in one pass over one array of code points; a text's row does not depend on the texts beside it.
    """
    if not texts:
        return Sparse(ids=np.zeros(0, np.int64), values=np.zeros(0, np.float32), starts=np.zeros(1, np.int64))
    framed = [f" {text} " for text in texts]
    codes = np.frombuffer("".join(framed).encode("utf-32-le", "replace"), dtype=np.uint32).astype(np.uint64)
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in framed])
    pieces = [_character_grams(codes, owner, size) for size in CHARACTER_SIZES] + _words(codes, owner)
    return _compress(np.concatenate([h for h, _ in pieces]), np.concatenate([o for _, o in pieces]), len(texts))


def _character_grams(codes: Hashes, owner: Ids, size: int) -> tuple[Hashes, Ids]:
    count = len(codes) - size + 1
    if count <= 0:
        return np.zeros(0, np.uint64), np.zeros(0, np.int64)
    hashes = np.full(count, size, dtype=np.uint64)
    for offset in range(size):
        hashes = hashes * _BASE + codes[offset : offset + count]
    inside = owner[:count] == owner[size - 1 :]
    return hashes[inside], owner[:count][inside]


def _words(codes: Hashes, owner: Ids) -> list[tuple[Hashes, Ids]]:
    """Words are runs between spaces. A run's hash comes from prefix sums, so that no loop over words is needed."""
    powers = np.cumprod(np.full(len(codes), _BASE, dtype=np.uint64))
    prefix = np.concatenate([np.zeros(1, np.uint64), np.cumsum(codes * powers, dtype=np.uint64)])
    unshift = np.cumprod(np.full(len(codes), _INVERSE, dtype=np.uint64))
    letter = (codes != ord(" ")).astype(np.int8)
    edges = np.diff(np.concatenate([np.zeros(1, np.int8), letter, np.zeros(1, np.int8)]))
    starts, ends = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    hashes = (prefix[ends] - prefix[starts]) * unshift[starts] * _MIX
    owners = owner[starts]
    same = owners[:-1] == owners[1:]
    pairs = (hashes[:-1] * _BASE + hashes[1:]) * _MIX
    return [(hashes, owners), (pairs[same], owners[:-1][same])]


def _compress(hashes: Hashes, owner: Ids, rows: int) -> Sparse:
    """Each feature once a row, weighted alike, rows scaled to length 1."""
    mixed = (hashes ^ (hashes >> np.uint64(29))) * _MIX
    keys = np.unique((owner.astype(np.int64) << HASH_BITS) | (mixed >> np.uint64(64 - HASH_BITS)).astype(np.int64))
    counts = np.bincount(keys >> HASH_BITS, minlength=rows)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(counts, dtype=np.int64)])
    values = np.repeat((1.0 / np.sqrt(np.maximum(counts, 1))).astype(np.float32), counts)
    return Sparse(ids=keys & (FEATURES - 1), values=values, starts=starts)
