"""X's posts as our events: pure and total, whatever strangers send."""

import html
import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from domain.hearing import Edited, Heard, Media, Mention, Unparsable
from domain.people import Account, AccountKind
from platforms.x import Json, as_list, as_number, as_object, as_string, is_id

FIELDS: dict[str, list[str]] = {
    "expansions": [
        "author_id",
        "referenced_tweets.id",
        "referenced_tweets.id.author_id",
        "in_reply_to_user_id",
        "attachments.media_keys",
    ],
    "tweet_fields": [
        "attachments",
        "author_id",
        "conversation_id",
        "created_at",
        "edit_history_tweet_ids",
        "entities",
        "in_reply_to_user_id",
        "note_tweet",
        "referenced_tweets",
    ],
    "user_fields": ["created_at", "description", "profile_image_url", "public_metrics", "verified"],
    "media_fields": ["media_key", "type", "url", "preview_image_url"],
}
"""What we ask X to tell about a post, in tweepy's parameter names."""

_MEDIA_KINDS: dict[str, Literal["photo", "video", "other"]] = {"photo": "photo", "video": "video", "animated_gif": "video"}
_REPLY_HANDLES = re.compile(r"(?:@\w{1,15}\s+)+")
_DISCLOSED_BOT = re.compile(
    r"\bautomated (?:account|by|replies)\b|\b(?:i'm|i am|this is) a bot\b|\bbot (?:account|by @)", re.IGNORECASE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """One post as X listed it. `key` is its id, or its JSON when it has none."""

    key: str
    post: object
    includes: Json

    @property
    def raw(self) -> str:
        """The post with what X sent beside it that belongs to it."""
        author = as_object(self.post).get("author_id")
        users = [user for user in as_list(self.includes.get("users")) if as_object(user).get("id") == author]
        return _dumps({"data": self.post, "includes": {"users": users}})


def listed(page: Json) -> list[Listed]:
    """The posts of an answer, in its order. A stream's answer holds one."""
    data: object = page.get("data")
    posts = as_list(data) or ([data] if data else [])
    includes = as_object(page.get("includes"))
    return [Listed(key=as_string(as_object(post).get("id")) or _dumps(post), post=post, includes=includes) for post in posts]


def hear(item: Listed, account_id: str) -> tuple[Heard, ...]:
    """A post as events: an edited one is a mention (its first version may be unknown) and an edit of it."""
    event = parse(item.post, item.includes, account_id=account_id)
    heard = Heard(event=event, raw=item.raw)
    if isinstance(event, Unparsable) or len(as_list(as_object(item.post).get("edit_history_tweet_ids"))) < 2:
        return (heard,)
    edit = Edited(platform="x", external_id=event.external_id, text=event.text, edited_at=event.posted_at)
    return (heard, Heard(event=edit, raw=item.raw))


def parse(post: object, includes: Json, *, account_id: str) -> Mention | Unparsable:
    """The mention in a post object and the objects included beside it; `account_id` is ours. Never raises."""
    try:
        return _mention(as_object(post), _Beside(includes), account_id)
    except (KeyError, ValueError, OverflowError) as error:
        return Unparsable(platform="x", error=f"A post of X cannot be read: {type(error).__name__} {as_string(str(error))}")


class _Beside:
    """The expanded objects of an answer, by id."""

    def __init__(self, includes: Json) -> None:
        self.users = _by(includes.get("users"), "id")
        self.posts = _by(includes.get("tweets"), "id")
        self.media = _by(includes.get("media"), "media_key")


def _mention(post: Json, beside: _Beside, account_id: str) -> Mention:
    post_id, author_id = _id(post, "id"), _id(post, "author_id")
    referenced = {as_string(link.get("type")): as_string(link.get("id")) for link in _objects(post.get("referenced_tweets"))}
    replied_to, quoted = referenced.get("replied_to"), referenced.get("quoted")
    author = _account(author_id, beside.users.get(author_id, {}), account_id)
    return Mention(
        platform="x",
        external_id=_first_id(post, post_id),
        channel_id="",
        channel_name="X",
        thread_id=as_string(post.get("conversation_id")) or post_id,
        reply_to_id=_first_id(beside.posts.get(replied_to, {}), replied_to) if replied_to else None,
        author=author,
        text=_text(post, is_reply=replied_to is not None),
        posted_at=_moment(post, "created_at"),
        addressed=account_id in _asked(post) or beside.posts.get(quoted or "", {}).get("author_id") == account_id,
        url=f"https://x.com/{author.username or 'i'}/status/{post_id}",
        media=tuple(_media(key, beside.media.get(key, {})) for key in _media_keys(post)),
    )


def _first_id(post: Json, otherwise: str) -> str:
    """A post keeps the identity of its first version; every edit gives it a new id."""
    first = next(iter(as_list(post.get("edit_history_tweet_ids"))), None)
    return str(first) if is_id(first) else otherwise


def _asked(post: Json) -> set[object]:
    """Ids of those whom a post @mentions or answers."""
    bodies = (post, as_object(post.get("note_tweet")))
    mentions = [mention for body in bodies for mention in _objects(as_object(body.get("entities")).get("mentions"))]
    return {post.get("in_reply_to_user_id"), *(as_string(mention.get("id")) for mention in mentions)}


def _text(post: Json, *, is_reply: bool) -> str:
    """What the author wrote: long posts whole, links in full, without the handles X puts before a reply."""
    body = as_object(post.get("note_tweet")) or post
    text = as_string(body.get("text"))
    if text is None:
        raise KeyError("text")
    text = html.unescape(text)
    for link in _objects(as_object(body.get("entities")).get("urls")):
        short, full = as_string(link.get("url")), as_string(link.get("expanded_url"))
        if short and full:
            text = text.replace(short, full)
    return _REPLY_HANDLES.sub("", text, count=1) if is_reply and _REPLY_HANDLES.match(text) else text


def _account(author_id: str, user: Json, account_id: str) -> Account:
    metrics = as_object(user.get("public_metrics"))
    username, bio = as_string(user.get("username")), as_string(user.get("description"))
    verified: object = user.get("verified")
    return Account(
        platform="x",
        id=author_id,
        kind=_kind(author_id, bio or "", account_id),
        username=username,
        display_name=as_string(user.get("name")) or username or author_id,
        bio=bio,
        created_at=_moment(user, "created_at") if user.get("created_at") else None,
        followers=as_number(metrics.get("followers_count")),
        following=as_number(metrics.get("following_count")),
        posts=as_number(metrics.get("tweet_count")),
        verified=verified if isinstance(verified, bool) else None,
        avatar_url=as_string(user.get("profile_image_url")),
    )


def _kind(author_id: str, bio: str, account_id: str) -> AccountKind:
    if author_id == account_id:
        return AccountKind.OURSELVES
    # The API does not tell bots; X's rules make them say it in their bio.
    return AccountKind.BOT if _DISCLOSED_BOT.search(bio) else AccountKind.PERSON


def _media_keys(post: Json) -> list[str]:
    keys = as_list(as_object(post.get("attachments")).get("media_keys"))
    return [key for key in keys if isinstance(key, str)]


def _media(key: str, media: Json) -> Media:
    kind = _MEDIA_KINDS.get(as_string(media.get("type")) or "", "other")
    return Media(kind=kind, external_id=key, url=as_string(media.get("url")) or as_string(media.get("preview_image_url")))


def _id(found: Json, name: str) -> str:
    value: object = found.get(name)
    if not is_id(value):
        raise KeyError(name)
    return str(value)


def _moment(found: Json, name: str) -> datetime:
    moment = datetime.fromisoformat(as_string(found.get(name)) or "")
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _objects(values: object) -> Iterable[Json]:
    return (as_object(value) for value in as_list(values))


def _by(values: object, key: str) -> dict[str, Json]:
    return {name: value for value in _objects(values) if (name := as_string(value.get(key)))}


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace").decode()
