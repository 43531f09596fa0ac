"""The written posts and their split by author."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.understanding import LANGUAGES

FOLDER = Path(__file__).parent / "data"
HELD_OUT = FOLDER / "held_out"
_CALIBRATION_EVERY = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One labelled post; fields as in `classifier/data/README.md`."""

    id: str
    author: str
    lang: str
    platform: str | None
    text: str
    threat: str
    scam_type: str | None
    intent: str | None
    urgency: str | None
    sentiment: str | None
    action: str | None
    faq_id: str | None
    english: str | None = None
    """A short rendering, from which the encoder learns what posts of other languages mean."""

    @property
    def calibration(self) -> bool:
        """Voices that no expert is trained on: thresholds and the weights between experts come from them."""
        return int(self.author.rpartition("-")[2]) % _CALIBRATION_EVERY == 0

    def label(self, head: str) -> str | None:
        """What the head should say; None where it should not be asked."""
        if head == "article":
            return None if self.threat == "scam" else self.faq_id or "none"
        if head == "spam":
            return "spam" if self.threat == "scam" else "ham"
        if head == "action" and self.threat == "scam":
            return None
        found: str | None = getattr(self, head)
        return found


def load_posts(languages: Sequence[str] = LANGUAGES) -> list[Post]:
    """The posts for training and calibration, in file order."""
    return [post for code in languages for post in read_posts(FOLDER / f"posts_{code}.jsonl")]


def load_held_out(languages: Sequence[str] = LANGUAGES) -> list[Post]:
    """The posts of other writers that nothing is trained, fitted or chosen on."""
    return [post for code in languages for post in read_posts(HELD_OUT / f"posts_{code}.jsonl")]


def read_posts(path: Path) -> list[Post]:
    return [Post(**json.loads(line)) for line in path.read_text(encoding="utf-8").splitlines()]
