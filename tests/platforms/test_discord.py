"""Where the shared Discord client goes, and what it asks for."""

import discord
import discord.http

from platforms.discord import DEFAULT_BASE_URL, DiscordAccess, new_client


def test_the_default_access_is_discord_itself() -> None:
    access = DiscordAccess(token="t")
    assert (access.gateway_url, access.cdn_url) == ("wss://gateway.discord.gg/", "https://cdn.discordapp.com")


def test_another_base_url_brings_its_own_gateway_and_pictures() -> None:
    access = DiscordAccess(token="t", base_url="http://127.0.0.1:1/discord")
    assert (access.gateway_url, access.cdn_url) == ("ws://127.0.0.1:1/discord/gateway", "http://127.0.0.1:1/discord/cdn")


def test_the_token_is_not_shown() -> None:
    assert "secret" not in repr(DiscordAccess(token="secret"))


async def test_the_newest_client_decides_where_the_library_goes() -> None:
    new_client(DiscordAccess(token="t", base_url="http://127.0.0.1:1/discord"), discord.Client)
    new_client(DiscordAccess(token="t"), discord.Client)
    assert discord.http.Route.BASE == DEFAULT_BASE_URL


async def test_the_client_asks_for_text_and_members_and_pings_nobody() -> None:
    client = new_client(DiscordAccess(token="t"), discord.Client)
    wanted = {"guilds", "guild_messages", "message_content", "members"}
    assert {name for name, on in client.intents if on} == wanted
    assert client.allowed_mentions is not None
    assert client.allowed_mentions.to_dict() == discord.AllowedMentions.none().to_dict()
