"""Scenarios: who says what, where and when. A readable TOML file becomes people and steps in order of time."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

PLATFORMS = ("x", "telegram", "discord")
ROLES = ("customer", "staff", "scammer", "bot")
ACTIONS = ("reply_faq", "open_ticket", "flag", "none", "review")
_PROFILE = ("bio", "created_days_ago", "followers", "following", "posts", "verified", "avatar")


class ScenarioError(Exception):
    """A scenario cannot be played. The message is one sentence that names the file, the entry and the mend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account on one or more platforms. `profile` is handed to the platforms as it is."""

    key: str
    language: str
    role: str
    kind: str
    display_name: str
    handles: Mapping[str, str]
    """Platform -> user name."""
    ids: Mapping[str, str]
    """Platform -> fixed account id, for official accounts and staff."""
    profile: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """`at` is in seconds from the start, as in every step. `expect`: what a careful support lead wants, for benches."""

    at: float
    by: str
    on: str
    text: str
    key: str | None = None
    channel: str | None = None
    reply_to: str | None = None
    media: tuple[Mapping[str, str], ...] = ()
    expect: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    at: float
    post: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    at: float
    post: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Rename:
    """`changes` holds any of username, display_name, title."""

    at: float
    by: str
    on: str
    changes: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    at: float
    by: str
    on: str


Step = Post | Edit | Delete | Rename | Join


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    brand: str
    people: Mapping[str, Person]
    steps: tuple[Step, ...]
    """In order of time."""


def load(path: Path) -> Scenario:
    """Read and check one scenario file. Raises ScenarioError."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot be read ({error.strerror}); name an existing scenario file.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: is not valid TOML ({error}); mend that place.") from error
    brand = _Entry(f"{path}: [brand]", _table(document.get("brand")))
    starts = _seconds(brand, brand.text("starts"))
    people = {person.key: person for person in map(_person, _entries(path, document, "people"))}
    posts = [_post(entry, starts) for entry in _entries(path, document, "posts")]
    acts = [_act(entry, starts) for entry in _entries(path, document, "acts")]
    _check_references(path, people, posts, acts)
    return Scenario(brand=brand.text("name"), people=people, steps=tuple(sorted([*posts, *acts], key=lambda step: step.at)))


@dataclass(frozen=True, slots=True)
class _Entry:
    """One table of the file and the words that lead a reader to it."""

    where: str
    table: Mapping[str, Any]

    def text(self, name: str) -> str:
        value = self.table.get(name)
        if not isinstance(value, str) or not value.strip():
            raise self.error(f"has no {name}; give it a text")
        return value

    def optional(self, name: str) -> str | None:
        return self.text(name) if name in self.table else None

    def choice(self, name: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.table.get(name, default)
        if value not in choices:
            raise self.error(f"has {name} {value!r}; use one of {', '.join(choices)}")
        return value

    def only(self, *names: str) -> None:
        if unknown := sorted(set(self.table) - set(names)):
            raise self.error(f"has an unknown field {unknown[0]}; use {', '.join(names)}")

    def error(self, problem: str) -> ScenarioError:
        return ScenarioError(f"{self.where} {problem}.")


def _entries(path: Path, document: Mapping[str, Any], name: str) -> list[_Entry]:
    found = document.get(name, [])
    if not isinstance(found, list):
        raise ScenarioError(f"{path}: {name} is not a list; write [[{name}]] or {name} = [...].")
    tables = [_table(item) for item in cast("list[object]", found)]
    return [_Entry(f"{path}: {name}[{number}] ({_hint(table)})", table) for number, table in enumerate(tables, start=1)]


def _hint(table: Mapping[str, Any]) -> str:
    return ", ".join(str(table[name]) for name in ("key", "at", "by", "do") if name in table)


def _table(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, dict) else {}


def _person(entry: _Entry) -> Person:
    entry.only("key", "language", "role", "kind", "display_name", "ids", *PLATFORMS, *_PROFILE)
    handles = {platform: entry.text(platform) for platform in PLATFORMS if platform in entry.table}
    if not handles:
        raise entry.error(f"is on no platform; give a user name for one of {', '.join(PLATFORMS)}")
    return Person(
        key=entry.text("key"),
        language=entry.text("language"),
        role=entry.choice("role", ROLES, "customer"),
        kind=entry.choice("kind", ("person", "bot", "webhook"), "person"),
        display_name=entry.text("display_name"),
        handles=handles,
        ids=_table(entry.table.get("ids")),
        profile={name: entry.table[name] for name in _PROFILE if name in entry.table},
    )


def _post(entry: _Entry, starts: float) -> Post:
    entry.only("key", "at", "by", "on", "text", "channel", "reply_to", "media", "expect")
    expect = _Entry(entry.where, _table(entry.table.get("expect")))
    if expect.table:
        expect.choice("action", ACTIONS)
    return Post(
        at=_at(entry, starts),
        by=entry.text("by"),
        on=entry.choice("on", PLATFORMS),
        text=entry.text("text"),
        key=entry.optional("key"),
        channel=entry.optional("channel"),
        reply_to=entry.optional("reply_to"),
        media=tuple(entry.table.get("media", ())),
        expect=expect.table,
    )


def _act(entry: _Entry, starts: float) -> Step:
    entry.only("at", "do", "post", "text", "by", "on", "username", "display_name", "title")
    at = _at(entry, starts)
    match cast("Literal['edit', 'delete', 'rename', 'join']", entry.choice("do", ("edit", "delete", "rename", "join"))):
        case "edit":
            return Edit(at=at, post=entry.text("post"), text=entry.text("text"))
        case "delete":
            return Delete(at=at, post=entry.text("post"))
        case "rename":
            changes = {name: entry.text(name) for name in ("username", "display_name", "title") if name in entry.table}
            return Rename(at=at, by=entry.text("by"), on=entry.choice("on", PLATFORMS), changes=changes)
        case "join":
            return Join(at=at, by=entry.text("by"), on=entry.choice("on", PLATFORMS))


def _at(entry: _Entry, starts: float) -> float:
    value = entry.table.get("at")
    if isinstance(value, int | float) and not isinstance(value, bool):
        at = float(value)
    else:
        at = _seconds(entry, entry.text("at")) - starts
    if at < 0:
        raise entry.error(f"is at {value}, before the scenario starts; move it or [brand] starts")
    return at


def _seconds(entry: _Entry, clock: str) -> float:
    """Seconds since midnight of "HH:MM" or "HH:MM:SS"."""
    try:
        hours, minutes, seconds = (int(part) for part in (clock + ":00" if clock.count(":") == 1 else clock).split(":"))
    except ValueError as error:
        raise entry.error(f"has the time {clock!r}; write HH:MM, HH:MM:SS or seconds from the start") from error
    return hours * 3600 + minutes * 60 + seconds


def _check_references(path: Path, people: Mapping[str, Person], posts: list[Post], acts: list[Step]) -> None:
    made = {post.key: post for post in posts if post.key}
    for step in [*posts, *acts]:
        match step:
            case Edit(post=key) | Delete(post=key) | Post(reply_to=str(key)):
                if key not in made or made[key].at > step.at:
                    raise ScenarioError(
                        f"{path}: no earlier post has the key {key}; give one that key, or correct the reference."
                    )
            case _:
                pass
        if isinstance(step, Post | Rename | Join):
            _check_person(path, people, step)


def _check_person(path: Path, people: Mapping[str, Person], step: Post | Rename | Join) -> None:
    if step.by not in people:
        raise ScenarioError(f"{path}: nobody has the key {step.by}; add them to people, or correct by.")
    if step.on not in people[step.by].handles:
        raise ScenarioError(f"{path}: {step.by} is not on {step.on}; give them a user name there, or correct on.")
