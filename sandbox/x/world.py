"""What X knows: people, posts and threads, in memory. Changed only through the methods of XWorld."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from sandbox.ledger import Ledger
from sandbox.x import text
from sandbox.x.limits import Limiter

_SNOWFLAKE_EPOCH_MS = 1288834974657
_MEDIA_FAMILY = {"photo": "3", "video": "7", "animated_gif": "16"}


@dataclass(slots=True, kw_only=True)
class Person:
    id: str
    username: str
    display_name: str
    kind: str = "person"
    created_at: datetime = field(default_factory=lambda: datetime.now(UTC) - timedelta(days=900))
    bio: str = ""
    followers: int = 0
    following: int = 0
    posts: int = 0
    """Posts made before the sandbox started."""
    verified: bool = False
    avatar: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    key: str
    kind: str
    url: str


@dataclass(slots=True, kw_only=True, eq=False)
class Post:
    """One post. An edit gives it a new id; every id it ever had leads to it."""

    versions: list[str]
    author_id: str
    text: str
    """What its author wrote."""
    handles: str
    """The handles that X puts before a reply."""
    created_at: datetime
    conversation_id: str
    reply_to: str | None
    reply_to_author: str | None
    quotes: str | None
    mentions: frozenset[str]
    """Ids of the people it names."""
    media: tuple[Attachment, ...] = ()
    deleted: bool = False

    @property
    def id(self) -> str:
        return self.versions[-1]

    @property
    def first_id(self) -> str:
        return self.versions[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A post somebody wants to make."""

    author_id: str
    text: str
    reply_to: str | None = None
    quotes: str | None = None
    media: tuple[Attachment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the next request of this method and path suffix, once."""

    method: str
    path_end: str
    status: int
    body: bytes
    after_effect: bool = False
    delay_s: float = 0.0
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()


class XWorld:
    """The state behind one X sandbox."""

    def __init__(self, ledger: Ledger, base_url: str) -> None:
        self.ledger = ledger
        self.base_url = base_url
        self.limiter = Limiter()
        self.people: dict[str, Person] = {}
        self.posts: dict[str, Post] = {}
        """By every id a post ever had."""
        self.rules: dict[str, tuple[str, str | None]] = {}
        """Stream rule id -> (value, tag)."""
        self.stream: asyncio.Queue[Post] | None = None
        """The one open stream, if any."""
        self.faults: deque[Fault] = deque()
        self.revoked = False
        """The app's credentials were taken back."""
        self._by_author: dict[str, list[Post]] = defaultdict(list)
        self._by_mention: dict[str, list[Post]] = defaultdict(list)
        self._usernames: dict[str, Person] = {}
        self._last_id = 0

    def new_id(self) -> str:
        """An id that grows with time, as X makes them."""
        milliseconds = int(datetime.now(UTC).timestamp() * 1000)
        self._last_id = max(self._last_id + 1, (milliseconds - _SNOWFLAKE_EPOCH_MS) << 22)
        return str(self._last_id)

    def add_person(self, person: Person) -> Person:
        """The person, or who already has that id or user name."""
        known = self.people.get(person.id) or self.by_username(person.username)
        if known:
            return known
        self.people[person.id] = self._usernames[person.username.casefold()] = person
        return person

    def by_username(self, username: str) -> Person | None:
        return self._usernames.get(username.casefold())

    def rename(self, person: Person, username: str) -> None:
        del self._usernames[person.username.casefold()]
        person.username = username
        self._usernames[username.casefold()] = person

    def live(self, post_id: str | None) -> Post | None:
        post = self.posts.get(post_id or "")
        return post if post and not post.deleted else None

    def newest_first(self, posts: Iterable[Post]) -> list[Post]:
        return sorted((post for post in posts if not post.deleted), key=lambda post: int(post.id), reverse=True)

    def posts_of(self, person_id: str) -> list[Post]:
        return self.newest_first(self._by_author[person_id])

    def mentions_of(self, person_id: str) -> list[Post]:
        return self.newest_first(post for post in self._by_mention[person_id] if post.author_id != person_id)

    def all_posts(self) -> list[Post]:
        return self.newest_first(post for key, post in self.posts.items() if key == post.first_id)

    def add_post(self, draft: Draft) -> Post:
        parent = self.posts[draft.reply_to] if draft.reply_to else None
        handles = self.reply_handles(draft)
        new_id = self.new_id()
        post = Post(
            versions=[new_id],
            author_id=draft.author_id,
            text=draft.text,
            handles=handles,
            created_at=datetime.now(UTC),
            conversation_id=parent.conversation_id if parent else new_id,
            reply_to=parent.id if parent else None,
            reply_to_author=parent.author_id if parent else None,
            quotes=draft.quotes,
            mentions=self._named(handles + draft.text),
            media=draft.media,
        )
        self._by_author[post.author_id].append(post)
        self._publish(post)
        return post

    def edit_post(self, post: Post, new_text: str) -> None:
        already_listed = post.mentions
        post.versions.append(self.new_id())
        post.text, post.created_at = new_text, datetime.now(UTC)
        post.mentions = self._named(post.handles + new_text)
        for gone in already_listed:
            self._by_mention[gone].remove(post)
        self._publish(post)

    def _publish(self, post: Post) -> None:
        self.posts[post.id] = post
        for person_id in post.mentions:
            self._by_mention[person_id].append(post)
        if self.stream:
            self.stream.put_nowait(post)

    def _named(self, written: str) -> frozenset[str]:
        found = (self.by_username(handle) for handle in text.handles(written))
        return frozenset(person.id for person in found if person)

    def reply_handles(self, draft: Draft) -> str:
        """X names everybody in the conversation before a reply, its author first: so a fake helper's reply is heard, too."""
        parent = self.posts.get(draft.reply_to or "")
        if not parent:
            return ""
        taken = {draft.author_id, *self._named(draft.text)}
        everybody = dict.fromkeys([parent.author_id, *sorted(parent.mentions)])
        return "".join(f"@{self.people[person_id].username} " for person_id in everybody if person_id not in taken)

    def attachment(self, kind: str, name: str) -> Attachment:
        family = _MEDIA_FAMILY.get(kind, "3")
        return Attachment(
            key=f"{family}_{self.new_id()}",
            kind=kind if kind in _MEDIA_FAMILY else "photo",
            url=f"{self.base_url}/_media/{name}",
        )
