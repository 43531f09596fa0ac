"""What the sandbox's ledgers say beside what the fleet's database says. Pure: nothing is read here."""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.people import Platform
from domain.records import ActionState, MentionState
from sandbox import brand

Entry = Mapping[str, Any]
"""One line of a ledger."""
Ref = tuple[str, str]
"""Platform and external id: of a post, or of an account."""
LanguageOf = Callable[[str], str | None]

_OURSELVES = frozenset(
    {("x", brand.X_BOT_ID), ("telegram", str(brand.TELEGRAM_BOT_ID)), ("discord", brand.DISCORD_BOT_ID)},
)
_NEVER_ANSWERED = frozenset({"scammer", "bot", "staff"})
_X_HANDLE = f"@{brand.X_BOT_USERNAME}".casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReply:
    """A reply action. `external_id` is that of the reply, `mention_id` that of the post it answers."""

    platform: Platform
    mention_id: str
    purpose: str
    state: ActionState
    external_id: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What the database holds. Tickets, flags and reviews are given by the posts they are about."""

    mentions: Mapping[Ref, MentionState]
    replies: Sequence[StoredReply] = ()
    tickets: frozenset[Ref] = frozenset()
    flags: frozenset[Ref] = frozenset()
    reviews: frozenset[Ref] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`faults` must all be empty; `notices` are worth a look. Both: name -> the posts or replies concerned."""

    emitted: Mapping[str, int]
    stored: Mapping[str, int]
    replies: Mapping[str, int]
    tickets: int
    flags: int
    reviews: int
    faults: Mapping[str, tuple[str, ...]]
    notices: Mapping[str, tuple[str, ...]]
    outcomes: Mapping[str, Mapping[str, int]]
    """Wanted action -> what was done, counted over the posts that say what they want."""

    @property
    def ok(self) -> bool:
        return not any(self.faults.values())


def compare(
    ledgers: Mapping[Platform, Sequence[Entry]], notes: Sequence[Entry], stored: Stored, language_of: LanguageOf
) -> Report:
    """Check that nothing was lost, doubled, misdirected or left unrecorded. `notes` are the player's (sandbox/player.py)."""
    heard = _Heard(ledgers, notes)
    return Report(
        emitted=_count(heard.owed),
        stored=_count(stored.mentions),
        replies=_count((reply["platform"], "") for reply in heard.replies),
        tickets=len(stored.tickets),
        flags=len(stored.flags),
        reviews=len(stored.reviews),
        faults={
            "lost": _names(heard.owed - stored.mentions.keys()),
            "unfinished": _names(ref for ref, state in stored.mentions.items() if state == "received"),
            "doubled": _doubled(heard),
            "unrecorded": _unrecorded(heard, stored),
            "missing": _missing(heard, stored),
            "misdirected": _misdirected(heard),
            "wrong_language": _wrong_language(heard, language_of),
        },
        notices={
            "failed": _names(ref for ref, state in stored.mentions.items() if state == "failed"),
            "unknown": _in_state(stored, "unknown", "sending"),
            "pending": _in_state(stored, "pending"),
            "unreadable": tuple(reply["id"] for reply in heard.replies if language_of(reply["text"]) is None),
        },
        outcomes=_outcomes(notes, stored),
    )


class _Heard:
    """The ledgers, indexed."""

    def __init__(self, ledgers: Mapping[Platform, Sequence[Entry]], notes: Sequence[Entry]) -> None:
        people = [note for note in notes if note["kind"] == "person"]
        self.roles = {(note["platform"], note["id"]): note["role"] for note in people}
        self.languages = {(note["platform"], note["id"]): note["language"] for note in people}
        self.authors: dict[Ref, str] = {}
        self.replies: list[dict[str, Any]] = []
        self.owed: set[Ref] = set()
        """Posts that must be in the database."""
        for platform, entries in ledgers.items():
            self._read(platform, entries)

    def _read(self, platform: Platform, entries: Sequence[Entry]) -> None:
        deleted = {entry["id"] for entry in entries if entry["kind"] == "deleted"}
        delivered = {external_id for entry in entries if entry["kind"] == "delivered" for external_id in entry["ids"]}
        for entry in entries:
            if entry["kind"] == "posted":
                self.authors[(platform, entry["id"])] = entry["author"]
                if entry["id"] in delivered or (entry["id"] not in deleted and self._concerns_us(platform, entry)):
                    self.owed.add((platform, entry["id"]))
            elif entry["kind"] == "replied":
                self.replies.append({"platform": platform, **entry})

    def _concerns_us(self, platform: Platform, post: Entry) -> bool:
        """On X our account is named; elsewhere it stands in our rooms. Platforms may hide machines from a bot."""
        if self.roles.get((platform, post["author"])) == "bot":
            return False
        return platform != "x" or _X_HANDLE in post["text"].casefold()

    def asker(self, reply: Entry) -> Ref:
        """The account that a reply answers."""
        return reply["platform"], self.authors.get((reply["platform"], reply["reply_to"]), "")


def _doubled(heard: _Heard) -> tuple[str, ...]:
    answers = Counter((reply["platform"], reply["reply_to"]) for reply in heard.replies)
    return _names(ref for ref, number in answers.items() if number > 1)


def _unrecorded(heard: _Heard, stored: Stored) -> tuple[str, ...]:
    """Replies on the platform that no action accounts for. One whose action waits for a human as unknown is accounted for."""
    known = {(reply.platform, reply.external_id) for reply in stored.replies if reply.state == "sent"}
    doubtful = {(reply.platform, reply.mention_id) for reply in stored.replies if reply.state in ("unknown", "sending")}
    return _names(
        (reply["platform"], reply["id"])
        for reply in heard.replies
        if (reply["platform"], reply["id"]) not in known and (reply["platform"], reply["reply_to"]) not in doubtful
    )


def _missing(heard: _Heard, stored: Stored) -> tuple[str, ...]:
    """Actions that say sent, and are not on the platform."""
    there = {(reply["platform"], reply["id"]) for reply in heard.replies}
    sent = [reply for reply in stored.replies if reply.state == "sent"]
    return _names((reply.platform, reply.mention_id) for reply in sent if (reply.platform, reply.external_id) not in there)


def _misdirected(heard: _Heard) -> tuple[str, ...]:
    return _names(
        (reply["platform"], reply["id"])
        for reply in heard.replies
        if (asker := heard.asker(reply)) in _OURSELVES or heard.roles.get(asker) in _NEVER_ANSWERED or not asker[1]
    )


def _wrong_language(heard: _Heard, language_of: LanguageOf) -> tuple[str, ...]:
    spoken = [(reply, language_of(reply["text"]), heard.languages.get(heard.asker(reply))) for reply in heard.replies]
    return _names((reply["platform"], reply["id"]) for reply, ours, theirs in spoken if ours and theirs and ours != theirs)


def _in_state(stored: Stored, *states: ActionState) -> tuple[str, ...]:
    return _names((reply.platform, reply.mention_id) for reply in stored.replies if reply.state in states)


def _outcomes(notes: Sequence[Entry], stored: Stored) -> dict[str, dict[str, int]]:
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    answered = {(reply.platform, reply.mention_id) for reply in stored.replies if reply.purpose == "faq"}
    done = (("flag", stored.flags), ("open_ticket", stored.tickets), ("reply_faq", answered), ("review", stored.reviews))
    for note in notes:
        if note["kind"] == "post" and (ref := (note["platform"], note["id"])) in stored.mentions:
            table[note["expect"]["action"]][next((name for name, refs in done if ref in refs), "none")] += 1
    return {wanted: dict(counts) for wanted, counts in table.items()}


def _count(refs: Iterable[Ref]) -> dict[str, int]:
    return dict(Counter(platform for platform, _ in refs))


def _names(refs: Iterable[Ref]) -> tuple[str, ...]:
    return tuple(sorted(f"{platform} {external_id}" for platform, external_id in refs))
