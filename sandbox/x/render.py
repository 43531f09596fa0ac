"""Posts and people as API objects: only the fields asked for, and the expansions beside them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from starlette.datastructures import QueryParams

from sandbox.x import text
from sandbox.x.problems import Rejected, invalid, not_found
from sandbox.x.world import Attachment, Person, Post, XWorld

_LONG_POST = 280
_EDIT_WINDOW = timedelta(hours=1)


def _set(names: str) -> frozenset[str]:
    return frozenset(names.split())


POST_FIELDS = _set(
    "attachments author_id conversation_id created_at edit_controls edit_history_tweet_ids entities id in_reply_to_user_id "
    "lang note_tweet possibly_sensitive public_metrics referenced_tweets reply_settings text context_annotations geo source "
    "withheld display_text_range"
)
USER_FIELDS = _set(
    "created_at description entities id location most_recent_tweet_id name pinned_tweet_id profile_banner_url "
    "profile_image_url protected public_metrics url username verified verified_type withheld affiliation subscription_type"
)
MEDIA_FIELDS = _set("alt_text duration_ms height media_key preview_image_url public_metrics type url variants width")
EXPANSIONS = _set(
    "attachments.media_keys author_id entities.mentions.username in_reply_to_user_id referenced_tweets.id "
    "referenced_tweets.id.author_id edit_history_tweet_ids pinned_tweet_id"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which fields and expansions a request asks for."""

    post: frozenset[str]
    user: frozenset[str]
    media: frozenset[str]
    expansions: frozenset[str]


def wanted(params: QueryParams) -> Wanted:
    """Raises Rejected for a field or expansion that does not exist."""
    return Wanted(
        post=_names(params, "tweet.fields", POST_FIELDS) | {"id", "text", "edit_history_tweet_ids"},
        user=_names(params, "user.fields", USER_FIELDS) | {"id", "name", "username"},
        media=_names(params, "media.fields", MEDIA_FIELDS) | {"media_key", "type"},
        expansions=_names(params, "expansions", EXPANSIONS),
    )


def _names(params: QueryParams, parameter: str, known: frozenset[str]) -> frozenset[str]:
    asked = frozenset(filter(None, params.get(parameter, "").split(",")))
    for name in sorted(asked - known):
        raise Rejected(
            invalid(parameter, name, f"The `{parameter}` query parameter value [{name}] is not one of {sorted(known)}")
        )
    return asked


def timestamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def post(world: XWorld, item: Post, want: Wanted) -> dict[str, Any]:
    whole = item.handles + item.text
    long = len(whole) > _LONG_POST and text.weight(item.text) > text.MAX_WEIGHT
    visible = whole[: _LONG_POST - 1] + "…" if long else whole
    full: dict[str, Any] = {
        "id": item.id,
        "text": text.shown(visible),
        "edit_history_tweet_ids": item.versions,
        "author_id": item.author_id,
        "conversation_id": item.conversation_id,
        "created_at": timestamp(item.created_at),
        "edit_controls": _edit_controls(item),
        "in_reply_to_user_id": item.reply_to_author,
        "referenced_tweets": _references(item),
        "entities": _entities(world, visible),
        "attachments": {"media_keys": [media.key for media in item.media]} if item.media else None,
        "note_tweet": {"text": text.shown(whole), "entities": _entities(world, whole)} if long else None,
        "lang": "und",
        "possibly_sensitive": False,
        "reply_settings": "everyone",
        "public_metrics": dict.fromkeys(
            ("retweet_count", "reply_count", "like_count", "quote_count", "bookmark_count", "impression_count"), 0
        ),
    }
    fields = want.post | {"author_id"} if "author_id" in want.expansions else want.post
    return {name: value for name, value in full.items() if name in fields and value not in (None, [], {})}


def _edit_controls(item: Post) -> dict[str, Any]:
    left = max(0, 5 - len(item.versions) + 1)
    return {"edits_remaining": left, "is_edit_eligible": left > 0, "editable_until": timestamp(item.created_at + _EDIT_WINDOW)}


def _references(item: Post) -> list[dict[str, str]]:
    pairs = (("replied_to", item.reply_to), ("quoted", item.quotes))
    return [{"type": kind, "id": target} for kind, target in pairs if target]


def _entities(world: XWorld, written: str) -> dict[str, Any]:
    def person_id(handle: str) -> str | None:
        person = world.by_username(handle)
        return person.id if person else None

    return text.entities(written, person_id)


def user(world: XWorld, person: Person, want: Wanted) -> dict[str, Any]:
    full: dict[str, Any] = {
        "id": person.id,
        "name": person.display_name,
        "username": person.username,
        "created_at": timestamp(person.created_at),
        "description": person.bio,
        "profile_image_url": f"{world.base_url}/_media/{person.avatar or 'default_profile.png'}",
        "protected": False,
        "verified": person.verified,
        "verified_type": "blue" if person.verified else "none",
        "public_metrics": {
            "followers_count": person.followers,
            "following_count": person.following,
            "tweet_count": person.posts + len(world.posts_of(person.id)),
            "listed_count": 0,
        },
    }
    return {name: value for name, value in full.items() if name in want.user}


def posts_answer(world: XWorld, posts: Sequence[Post], want: Wanted) -> dict[str, Any]:
    """`data`, `includes` and partial `errors` of a list of posts; keys that would be empty are left out."""
    referenced, missing = _referenced(world, posts, want)
    answer = {
        "data": [post(world, item, want) for item in posts],
        "includes": _includes(world, posts, referenced, want),
        "errors": [not_found("tweet", "referenced_tweets.id", post_id) for post_id in missing],
    }
    return {key: value for key, value in answer.items() if value}


def _referenced(world: XWorld, posts: Iterable[Post], want: Wanted) -> tuple[list[Post], list[str]]:
    if not want.expansions & {"referenced_tweets.id", "referenced_tweets.id.author_id"}:
        return [], []
    ids = dict.fromkeys(post_id for item in posts for post_id in (item.reply_to, item.quotes) if post_id)
    found = [item for post_id in ids if (item := world.live(post_id))]
    return list({item.first_id: item for item in found}.values()), [post_id for post_id in ids if not world.live(post_id)]


def _includes(world: XWorld, posts: Sequence[Post], referenced: Sequence[Post], want: Wanted) -> dict[str, Any]:
    people: dict[str, None] = {}
    if "author_id" in want.expansions:
        people |= dict.fromkeys(item.author_id for item in posts)
    if "in_reply_to_user_id" in want.expansions:
        people |= dict.fromkeys(item.reply_to_author for item in posts if item.reply_to_author)
    if "entities.mentions.username" in want.expansions:
        people |= dict.fromkeys(person_id for item in posts for person_id in sorted(item.mentions))
    if "referenced_tweets.id.author_id" in want.expansions:
        people |= dict.fromkeys(item.author_id for item in referenced)
    with_media = posts if "attachments.media_keys" in want.expansions else ()
    includes = {
        "users": [user(world, world.people[person_id], want) for person_id in people],
        "tweets": [post(world, item, want) for item in referenced],
        "media": [_media(item, want) for listed in with_media for item in listed.media],
    }
    return {key: value for key, value in includes.items() if value}


def _media(item: Attachment, want: Wanted) -> dict[str, Any]:
    full: dict[str, Any] = {"media_key": item.key, "type": item.kind, "width": 1200, "height": 675}
    full["url" if item.kind == "photo" else "preview_image_url"] = item.url
    return {name: value for name, value in full.items() if name in want.media}
