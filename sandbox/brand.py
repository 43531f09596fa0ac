"""The demo brand's fixed names, ids and credentials: what the sandbox servers know before anybody speaks to them."""

NAME = "Kestrel"

X_BRAND_ID = "1500000000000000001"
X_BRAND_USERNAME = "KestrelExchange"
X_BRAND_NAME = "Kestrel"
X_BOT_ID = "1500000000000000002"
X_BOT_USERNAME = "KestrelHelp"
X_BOT_NAME = "Kestrel Help"
X_BEARER_TOKEN = "sandbox-x-bearer"  # noqa: S105 - the sandbox's own, opens nothing
X_CONSUMER_KEY = "sandbox-x-consumer"
X_CONSUMER_SECRET = "sandbox-x-consumer-secret"  # noqa: S105
X_ACCESS_TOKEN = "1500000000000000002-sandbox"  # noqa: S105
X_ACCESS_TOKEN_SECRET = "sandbox-x-access-secret"  # noqa: S105

TELEGRAM_BOT_ID = 7000000001
TELEGRAM_BOT_USERNAME = "KestrelHelpBot"
TELEGRAM_BOT_NAME = "Kestrel Help"
TELEGRAM_TOKEN = "7000000001:sandbox"  # noqa: S105
TELEGRAM_GROUP_ID = -1002000000001
TELEGRAM_GROUP_TITLE = "Kestrel Community"

DISCORD_BOT_ID = "1100000000000000001"
DISCORD_APPLICATION_ID = DISCORD_BOT_ID
DISCORD_BOT_USERNAME = "Kestrel Help"
DISCORD_TOKEN = "sandbox.discord.token"  # noqa: S105
DISCORD_GUILD_ID = "1100000000000000100"
DISCORD_GUILD_NAME = "Kestrel"
DISCORD_GENERAL_ID = "1100000000000000101"
DISCORD_GENERAL_NAME = "general"
DISCORD_SUPPORT_ID = "1100000000000000102"
DISCORD_SUPPORT_NAME = "support"
