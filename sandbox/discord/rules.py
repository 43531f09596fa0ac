"""Discord's rules, one function each. Sources: discord/discord-api-docs (events/gateway, resources/message, reference)."""

from typing import Any, Final

GUILDS: Final = 1 << 0
GUILD_MEMBERS: Final = 1 << 1
GUILD_PRESENCES: Final = 1 << 8
GUILD_MESSAGES: Final = 1 << 9
MESSAGE_CONTENT: Final = 1 << 15
PRIVILEGED: Final = GUILD_MEMBERS | GUILD_PRESENCES | MESSAGE_CONTENT
_KNOWN_INTENTS: Final = (1 << 17) - 1 | 1 << 20 | 1 << 21 | 1 << 24 | 1 << 25

MAX_CONTENT: Final = 2000
MAX_NONCE: Final = 25
MAX_GATEWAY_BYTES: Final = 4096
GATEWAY_SENDS: Final = (120, 60.0)
"""At most so many payloads from the client in so many seconds."""

Json = dict[str, Any]


class ApiError(Exception):
    """A refusal as the REST API words it."""

    def __init__(self, status: int, code: int, message: str, errors: Json | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.body: Json = {"code": code, "message": message} | ({"errors": errors} if errors else {})


def invalid_form(field: str, code: str, message: str) -> ApiError:
    return ApiError(400, 50035, "Invalid Form Body", {field: {"_errors": [{"code": code, "message": message}]}})


def check_content(body: Json) -> str:
    """The text of a message to create or edit: 1 to 2,000 characters."""
    content = body.get("content")
    text = content.strip() if isinstance(content, str) else ""
    if not text:
        raise ApiError(400, 50006, "Cannot send an empty message")
    if len(text) > MAX_CONTENT:
        raise invalid_form("content", "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_CONTENT} or fewer in length.")
    return text


def check_nonce(body: Json) -> str | None:
    nonce = body.get("nonce")
    if nonce is None:
        return None
    if len(str(nonce)) > MAX_NONCE:
        raise invalid_form("nonce", "NONCE_TYPE_MAX_LENGTH", f"Must be {MAX_NONCE} or fewer in length.")
    return str(nonce)


def may_notify(allowed: Json | None, user_id: str) -> bool:
    """Whether `allowed_mentions` lets a mention of this user in the text notify. Absent means yes."""
    return allowed is None or "users" in (allowed.get("parse") or ()) or user_id in (allowed.get("users") or ())


def may_notify_replied(allowed: Json | None) -> bool:
    return allowed is None or bool(allowed.get("replied_user"))


def hide_content(message: Json, bot_id: str) -> Json:
    """The message as an application without the message content intent sees it: own posts and mentions stay readable."""
    if message["author"]["id"] == bot_id or any(user["id"] == bot_id for user in message["mentions"]):
        return message
    return message | {"content": "", "embeds": [], "attachments": [], "components": []}


def intents_close_code(intents: object, granted: int) -> int | None:
    """4013 for a value that is no set of intents, 4014 for a privileged intent the application was not given."""
    if not isinstance(intents, int) or intents < 0 or intents & ~_KNOWN_INTENTS:
        return 4013
    return 4014 if intents & PRIVILEGED & ~granted else None
