"""Which posts a reviewer's label is worth most for, and what that rests on."""

from dataclasses import dataclass

from domain.deciding import Reason
from domain.understanding import Assessment

Stratum = tuple[str, str]
"""Intent and language: posts of one stratum look alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A post that was handled without a human."""

    mention_id: int
    text: str
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What people made of a stratum lately."""

    labelled: int = 0
    """Posts that reviewers labelled, or still have before them to label."""
    decided: int = 0
    """Reviews that people decided, labels among them."""
    corrected: int = 0
    """Those in which they said otherwise than the fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A post to put before a reviewer, and why."""

    mention_id: int
    value: float
    """Bits of doubt that its label is expected to settle."""
    reasons: tuple[Reason, ...]


RANDOM_RULE = "sampling.random"
"""Names the reason of a post that was drawn at random."""
