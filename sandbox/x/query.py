"""The search language of recent search and of stream rules, as far as the sandbox speaks it."""

import re
from collections.abc import Callable

from sandbox.x import text
from sandbox.x.world import Post, XWorld

Predicate = Callable[[XWorld, Post], bool]
_TOKEN = re.compile(r'\s*(-?\(|\)|-?(?:[a-z_]+:)?"[^"]*"|[^\s()"]+)', re.IGNORECASE)


class QueryError(ValueError):
    """The query cannot be understood."""


def compile_query(query: str) -> Predicate:
    """A test for posts. Raises QueryError."""
    tokens = _tokens(query)
    predicate, rest = _either(tokens)
    if rest:
        raise QueryError(f"Unexpected {rest[0]}")
    return predicate


def _tokens(query: str) -> list[str]:
    tokens: list[str] = []
    position, end = 0, len(query.rstrip())
    while position < end:
        match = _TOKEN.match(query, position)
        if not match:
            raise QueryError(f"Cannot read the query at position {position}")
        tokens.append(match[1])
        position = match.end()
    return tokens


def _either(tokens: list[str]) -> tuple[Predicate, list[str]]:
    choices: list[Predicate] = []
    while True:
        choice, tokens = _all_of(tokens)
        choices.append(choice)
        if not tokens or tokens[0] != "OR":
            return lambda world, post: any(choice(world, post) for choice in choices), tokens
        tokens = tokens[1:]


def _all_of(tokens: list[str]) -> tuple[Predicate, list[str]]:
    terms: list[Predicate] = []
    while tokens and tokens[0] not in (")", "OR"):
        term, tokens = _term(tokens)
        terms.append(term)
    if not terms:
        raise QueryError("A query or a group must not be empty")
    return lambda world, post: all(term(world, post) for term in terms), tokens


def _term(tokens: list[str]) -> tuple[Predicate, list[str]]:
    head, rest = tokens[0], tokens[1:]
    negated = head.startswith("-") and len(head) > 1
    body = head[1:] if negated else head
    if body == "(":
        predicate, rest = _either(rest)
        if not rest:
            raise QueryError("A parenthesis is not closed")
        rest = rest[1:]
    else:
        predicate = _atom(body)
    return (lambda world, post: not predicate(world, post)) if negated else predicate, rest


def _atom(word: str) -> Predicate:
    operator, colon, argument = word.partition(":")
    if colon and not word.startswith('"'):
        return _operator(operator.casefold(), argument.strip('"'))
    if word.startswith("@"):
        return lambda world, post: _id_of(world, word[1:]) in post.mentions
    if word.startswith("#"):
        return lambda _, post: word[1:].casefold() in map(str.casefold, text.hashtags(post.text))
    if word.startswith("$"):
        return lambda _, post: word[1:].upper() in text.cashtags(post.text)
    return _says(word.strip('"'))


def _says(phrase: str) -> Predicate:
    pattern = re.compile(rf"(?<!\w){re.escape(phrase)}(?!\w)", re.IGNORECASE)
    return lambda _, post: bool(pattern.search(post.handles + post.text))


def _operator(name: str, argument: str) -> Predicate:
    table: dict[str, Predicate] = {
        "from": lambda world, post: post.author_id == _id_of(world, argument),
        "to": lambda world, post: post.reply_to_author is not None and post.reply_to_author == _id_of(world, argument),
        "conversation_id": lambda _, post: post.conversation_id == argument,
        "in_reply_to_tweet_id": lambda _, post: post.reply_to == argument,
        "is": _STATES.get(argument, _unknown),
        "has": _PARTS.get(argument, _unknown),
    }
    predicate = table.get(name, _unknown)
    if predicate is _unknown:
        raise QueryError(f"Unknown operator {name}:{argument}")
    return predicate


def _unknown(_: XWorld, __: Post) -> bool:
    return False


_STATES: dict[str, Predicate] = {
    "retweet": lambda _, __: False,
    "reply": lambda _, post: post.reply_to is not None,
    "quote": lambda _, post: post.quotes is not None,
    "verified": lambda world, post: world.people[post.author_id].verified,
}
_PARTS: dict[str, Predicate] = {
    "media": lambda _, post: bool(post.media),
    "mentions": lambda _, post: bool(post.mentions),
    "links": lambda _, post: bool(text.links(post.text)),
    "hashtags": lambda _, post: bool(text.hashtags(post.text)),
    "cashtags": lambda _, post: bool(text.cashtags(post.text)),
}


def _id_of(world: XWorld, handle: str) -> str | None:
    person = world.by_username(handle.removeprefix("@")) or world.people.get(handle)
    return person.id if person else None
