"""The written posts and their split by author."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from domain.understanding import LANGUAGES, Task

FOLDER = Path(__file__).parent / "data"
_HELD_OUT_EVERY = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One labelled post; fields as in `classifier/data/README.md`."""

    id: str
    author: str
    lang: str
    text: str
    threat: str
    scam_type: str | None
    intent: str | None
    urgency: str | None
    sentiment: str | None
    faq_id: str | None

    @property
    def voice(self) -> int:
        return int(self.author.rpartition("-")[2])

    @property
    def held_out(self) -> bool:
        """Voices fixed before any training: no training and no calibration sees them."""
        return self.voice % _HELD_OUT_EVERY == 0

    def label(self, task: Task) -> str | None:
        return {
            "sentiment": self.sentiment,
            "urgency": self.urgency,
            "intent": self.intent,
            "threat": self.threat,
            "scam_type": self.scam_type,
        }[task]


def load_posts(languages: Sequence[str] = LANGUAGES) -> list[Post]:
    """All written posts of the languages, in file order."""
    lines = [line for code in languages for line in (FOLDER / f"posts_{code}.jsonl").read_text(encoding="utf-8").splitlines()]
    return [Post(**json.loads(line)) for line in lines]
