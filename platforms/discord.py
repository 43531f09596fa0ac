"""How the fleet reaches Discord: access, and a client that its listener and responder set up alike."""

from dataclasses import dataclass, field
from typing import Final, TypeVar

import aiohttp
import discord
import discord.gateway
import discord.http
import yarl

DEFAULT_BASE_URL: Final = "https://discord.com/api/v10"
_GATEWAY_URL: Final = "wss://gateway.discord.gg/"
_CDN_URL: Final = "https://cdn.discordapp.com"
_LONGEST_WAIT_S: Final = 30.0
"""The client sleeps through rate limits up to this (the smallest value it takes) and raises RateLimited beyond."""

Client = TypeVar("Client", bound=discord.Client)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscordAccess:
    """Where and as whom. `support_channels` holds ids or names. A `base_url` of one's own must serve /gateway and /cdn too."""

    base_url: str = DEFAULT_BASE_URL
    token: str = field(repr=False)
    brand_words: tuple[str, ...] = ()
    support_channels: frozenset[str] = frozenset()
    backfill_every_s: float = 300.0

    @property
    def gateway_url(self) -> str:
        return _GATEWAY_URL if self.base_url == DEFAULT_BASE_URL else self.base_url.replace("http", "ws", 1) + "/gateway"

    @property
    def cdn_url(self) -> str:
        return _CDN_URL if self.base_url == DEFAULT_BASE_URL else f"{self.base_url}/cdn"


def new_client(access: DiscordAccess, kind: type[Client], *, trace: aiohttp.TraceConfig | None = None) -> Client:
    """A client of class `kind`, not logged in. Its caches are off and nothing it posts can ping anybody.

    The members and message content intents are privileged: they must be switched on in Discord's developer portal.
    """
    _point_library_at(access)
    return kind(
        intents=discord.Intents(guilds=True, guild_messages=True, message_content=True, members=True),
        allowed_mentions=discord.AllowedMentions.none(),
        max_messages=None,
        member_cache_flags=discord.MemberCacheFlags.none(),
        chunk_guilds_at_startup=False,
        enable_debug_events=True,
        http_trace=trace or aiohttp.TraceConfig(),
        max_ratelimit_timeout=_LONGEST_WAIT_S,
    )


def _point_library_at(access: DiscordAccess) -> None:
    """discord.py keeps its addresses in class attributes, so one process talks to one Discord: that of the newest client."""
    discord.http.Route.BASE = access.base_url
    discord.gateway.DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(access.gateway_url)
