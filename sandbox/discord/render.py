"""Discord's JSON objects, made from the world's records. Field sets follow the published API v10 specification."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sandbox import brand

Json = dict[str, Any]
_VIEW_SEND_HISTORY = 1 << 10 | 1 << 11 | 1 << 16


@dataclass(slots=True, kw_only=True)
class Person:
    id: str
    username: str
    display_name: str
    kind: str
    avatar: str | None = None
    nick: str | None = None
    joined_at: datetime | None = None


@dataclass(slots=True, kw_only=True)
class Channel:
    id: str
    name: str
    topic: str | None = None
    last_message_id: str | None = None
    can_send: bool = True
    """Whether the bot may: cleared by tests to see the refusal."""
    can_read_history: bool = True


@dataclass(slots=True, kw_only=True)
class Post:
    id: str
    channel_id: str
    author_id: str
    text: str
    at: datetime
    edited_at: datetime | None = None
    reply_to: str | None = None
    mentions: list[str] = field(default_factory=list[str])
    attachments: list[Json] = field(default_factory=list[Json])
    nonce: str | None = None


def avatar_hash(person: Person) -> str | None:
    """The same picture gives the same hash, so that a copied avatar can be recognised."""
    return hashlib.md5(person.avatar.encode(), usedforsecurity=False).hexdigest() if person.avatar else None


def user(person: Person) -> Json:
    body: Json = {
        "id": person.id,
        "username": person.username,
        "avatar": avatar_hash(person),
        "discriminator": "0000" if person.kind == "webhook" else "0",
        "public_flags": 0,
        "flags": 0,
        "global_name": None if person.kind == "webhook" else person.display_name,
        "primary_guild": None,
    }
    return body if person.kind == "person" else body | {"bot": True}


def own_user(bot: Person) -> Json:
    body = user(bot) | {"mfa_enabled": True, "locale": "en-US", "verified": True, "email": None}
    return body | {"premium_type": 0}


def member(person: Person) -> Json:
    return {"user": user(person), **_membership(person)}


def _membership(person: Person) -> Json:
    return {
        "avatar": None,
        "banner": None,
        "communication_disabled_until": None,
        "flags": 0,
        "joined_at": _time(person.joined_at),
        "nick": person.nick,
        "pending": False,
        "premium_since": None,
        "roles": [],
        "mute": False,
        "deaf": False,
    }


def channel(record: Channel, position: int = 0) -> Json:
    return {
        "id": record.id,
        "type": 0,
        "flags": 0,
        "guild_id": brand.DISCORD_GUILD_ID,
        "name": record.name,
        "position": position,
        "topic": record.topic,
        "last_message_id": record.last_message_id,
        "parent_id": None,
        "rate_limit_per_user": 0,
        "permission_overwrites": [],
        "nsfw": False,
    }


def guild() -> Json:
    everyone: Json = {
        "id": brand.DISCORD_GUILD_ID,
        "name": "@everyone",
        "permissions": str(_VIEW_SEND_HISTORY),
        "position": 0,
        "color": 0,
        "colors": {"primary_color": 0, "secondary_color": None, "tertiary_color": None},
        "hoist": False,
        "managed": False,
        "mentionable": False,
        "icon": None,
        "unicode_emoji": None,
        "flags": 0,
    }
    absent = ("icon", "description", "home_header", "splash", "discovery_splash", "banner", "application_id", "vanity_url_code")
    no_channel = ("afk", "system", "widget", "rules", "safety_alerts", "public_updates")
    return {
        "id": brand.DISCORD_GUILD_ID,
        "name": brand.DISCORD_GUILD_NAME,
        "owner_id": brand.DISCORD_BOT_ID,
        **dict.fromkeys(absent),
        **{f"{name}_channel_id": None for name in no_channel},
        "features": ["COMMUNITY"],
        "region": "deprecated",
        "afk_timeout": 300,
        "system_channel_flags": 0,
        "widget_enabled": False,
        "verification_level": 1,
        "roles": [everyone],
        "default_message_notifications": 1,
        "mfa_level": 0,
        "explicit_content_filter": 2,
        "max_presences": None,
        "max_members": 500_000,
        "max_stage_video_channel_users": 50,
        "max_video_channel_users": 25,
        "premium_tier": 0,
        "premium_subscription_count": 0,
        "preferred_locale": "en-US",
        "premium_progress_bar_enabled": False,
        "nsfw": False,
        "nsfw_level": 0,
        "emojis": [],
        "stickers": [],
        "incidents_data": None,
    }


def application(bot: Person, flags: int) -> Json:
    return {
        "id": brand.DISCORD_APPLICATION_ID,
        "name": bot.username,
        "icon": None,
        "description": "",
        "type": None,
        "bot": user(bot),
        "bot_public": False,
        "bot_require_code_grant": False,
        "verify_key": "0" * 64,
        "flags": flags,
        "flags_new": str(flags),
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "owner": user(bot),
        "approximate_guild_count": 1,
        "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0,
        "explicit_content_filter": 0,
        "team": None,
        "eligible_oauth2_scopes": [],
    }


def message(post: Post, author: Person, mentions: list[Person]) -> Json:
    """A message without what it answers: `referenced_message` is the world's to add."""
    body: Json = {
        "id": post.id,
        "type": 19 if post.reply_to else 0,
        "channel_id": post.channel_id,
        "author": user(author),
        "content": post.text,
        "timestamp": _time(post.at),
        "edited_timestamp": _time(post.edited_at),
        "mentions": [user(person) for person in mentions],
        "mention_roles": [],
        "mention_everyone": False,
        "attachments": post.attachments,
        "embeds": [],
        "components": [],
        "flags": 0,
        "pinned": False,
        "tts": False,
    }
    if author.kind == "webhook":
        body["webhook_id"] = author.id
    if post.reply_to:
        place = {"channel_id": post.channel_id, "guild_id": brand.DISCORD_GUILD_ID}
        body["message_reference"] = {"type": 0, "message_id": post.reply_to, **place}
    return body


def membership_in_message(person: Person) -> Json:
    """The partial member that gateway message events carry beside the author."""
    return _membership(person)


def _time(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
