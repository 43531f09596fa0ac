"""The Bot API methods. Each takes the world and the call's parameters and returns the `result`, or raises ApiError."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from sandbox.telegram import rules, wire
from sandbox.telegram.errors import bad_request, conflict, forbidden
from sandbox.telegram.params import Params
from sandbox.telegram.wire import Group, Json
from sandbox.telegram.world import Draft, TelegramWorld, external_id

Method = Callable[[TelegramWorld, Params], Awaitable[Any]]

MAX_DOWNLOAD = 20 * 1024 * 1024
CONTENT = ("text", "caption", "photo", "document")
ACTIONS = ("typing", "upload_photo", "record_video", "upload_video", "record_voice", "upload_voice", "upload_document")
ADMIN = ("creator", "administrator")
PRESENT = (*ADMIN, "member", "restricted")


async def get_me(world: TelegramWorld, _: Params) -> Json:
    return wire.user(world.bot) | {
        "can_join_groups": True,
        "can_read_all_group_messages": not world.visibility.privacy_mode,
        "supports_inline_queries": False,
    }


async def get_updates(world: TelegramWorld, params: Params) -> list[Json]:
    if world.webhook_url:
        raise conflict("can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first")
    world.queue.subscribe(params.structure("allowed_updates"))
    updates = await world.queue.poll(params.integer("offset", 0), params.integer("limit", 100), params.integer("timeout", 0))
    delivered = [external_id(message) for update in updates if (message := _content(update))]
    if delivered:
        world.ledger.append("delivered", ids=delivered)
    return updates


async def set_webhook(world: TelegramWorld, params: Params) -> bool:
    world.webhook_url = params.text("url")
    world.queue.subscribe(params.structure("allowed_updates"))
    return True


async def delete_webhook(world: TelegramWorld, params: Params) -> bool:
    world.webhook_url = ""
    if params.flag("drop_pending_updates"):
        world.queue.clear()
    return True


async def get_webhook_info(world: TelegramWorld, _: Params) -> Json:
    return {"url": world.webhook_url, "has_custom_certificate": False, "pending_update_count": len(world.queue)}


async def send_message(world: TelegramWorld, params: Params) -> Json:
    chat_id = _chat_id(params)
    _check_may_speak(world, chat_id)
    if params.has("parse_mode"):
        raise bad_request("the sandbox reads no markup; send plain text without parse_mode")
    rules.check_text(params.text("text"))
    draft = Draft(
        chat_id=chat_id,
        text=params.text("text"),
        reply_to=_reply_target(world, params, chat_id),
        topic=params.integer("message_thread_id", 0) or None,
    )
    world.flood.pass_through(chat_id)
    return world.send(draft)


async def send_chat_action(world: TelegramWorld, params: Params) -> bool:
    _check_may_speak(world, _chat_id(params))
    if params.text("action") not in ACTIONS:
        raise bad_request("wrong parameter action in request")
    return True


async def get_chat(world: TelegramWorld, params: Params) -> Json:
    chat_id = _chat_id(params)
    if chat_id in world.groups:
        return wire.full_info(world.chat(chat_id), description=world.groups[chat_id].description)
    chat = world.chat(chat_id)
    person = world.people[chat_id]
    if not person.started:
        raise bad_request("chat not found")
    return wire.full_info(chat, bio=person.bio)


async def get_chat_member(world: TelegramWorld, params: Params) -> Json:
    group, user_id = _group(world, params), params.integer("user_id")
    person = world.people.get(user_id)
    if person is None:
        raise bad_request("user not found")
    return wire.member(person, group.members.get(user_id, "left"))


async def get_chat_administrators(world: TelegramWorld, params: Params) -> list[Json]:
    members = [(world.people[person_id], status) for person_id, status in _group(world, params).members.items()]
    shown = [
        (person, status)
        for person, status in members
        if person.kind != "bot" or person is world.bot or params.flag("return_bots")
    ]
    return [wire.member(person, status) for person, status in shown if status in ADMIN]


async def get_chat_member_count(world: TelegramWorld, params: Params) -> int:
    return sum(status in PRESENT for status in _group(world, params).members.values())


async def get_file(world: TelegramWorld, params: Params) -> Json:
    file = world.files.get(params.text("file_id").removesuffix("-s"))
    if file is None:
        raise bad_request("wrong file_id or the file is temporarily unavailable")
    if file.size > MAX_DOWNLOAD:
        raise bad_request("file is too big")
    return {"file_id": file.file_id, "file_unique_id": f"{file.file_id}u", "file_size": file.size, "file_path": file.path}


METHODS: dict[str, Method] = {
    "getme": get_me,
    "getupdates": get_updates,
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
    "sendmessage": send_message,
    "sendchataction": send_chat_action,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getchatadministrators": get_chat_administrators,
    "getchatmembercount": get_chat_member_count,
    "getfile": get_file,
}
"""By name in lower case: the Bot API does not mind the case of method names."""


def _check_may_speak(world: TelegramWorld, chat_id: int) -> None:
    """A bot cannot open a private chat, nor speak where it was put out. Raises ApiError 403, or 400 for an unknown chat."""
    world.chat(chat_id)
    group = world.groups.get(chat_id)
    if group and group.bot_status not in ("administrator", "member"):
        raise forbidden(f"bot was {group.bot_status} from the supergroup chat")
    person = world.people.get(chat_id)
    if person and person.kind == "bot":
        raise forbidden("bot can't send messages to bots")
    if person and not person.started:
        raise forbidden("bot can't initiate conversation with a user")
    if person and person.blocked:
        raise forbidden("bot was blocked by the user")


def _content(update: Json) -> Json | None:
    message: Json = update.get("message") or update.get("edited_message") or {}
    return message if "chat" in message and any(name in message for name in CONTENT) else None


def _chat_id(params: Params) -> int:
    if not params.has("chat_id"):
        raise bad_request("chat_id is empty")
    return params.integer("chat_id")


def _group(world: TelegramWorld, params: Params) -> Group:
    group = world.groups.get(_chat_id(params))
    if group is None:
        raise bad_request("chat not found")
    return group


def _reply_target(world: TelegramWorld, params: Params, chat_id: int) -> int | None:
    wanted = params.structure("reply_parameters")
    if wanted is None:
        return None
    if not isinstance(wanted, dict):
        raise bad_request("object expected as reply parameters")
    reply = Params(cast("Json", wanted))
    target = reply.integer("message_id")
    if (chat_id, target) not in world.messages and reply.flag("allow_sending_without_reply"):
        return None
    return target
