"""Every object the sandbox answers with, against the published Bot API specification."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, cast

import pytest

from cli.tally import SPECS_ABSENT
from tests.sandbox.telegram_rig import GROUP, Rig, telegram_sandbox

SPECIFICATION = Path(__file__).parents[3] / "shared" / "specs" / "telegram-bot-api.json"
PRIMITIVES: dict[str, type | tuple[type, ...]] = {"Integer": int, "String": str, "Boolean": bool, "Float": (int, float)}

pytestmark = pytest.mark.skipif(not SPECIFICATION.exists(), reason=SPECS_ABSENT)


class Checker:
    """Finds what is wrong with a value by the specification; an empty list is good."""

    def __init__(self) -> None:
        self._specification = json.loads(SPECIFICATION.read_text(encoding="utf-8"))

    def result(self, method: str, value: Any) -> list[str]:
        return self._any_of(self._specification["methods"][method]["returns"], value, method)

    def _any_of(self, types: list[str], value: Any, path: str) -> list[str]:
        attempts = [self._one(name, value, path) for name in types]
        return min(attempts, key=len)

    def _one(self, name: str, value: Any, path: str) -> list[str]:
        if name.startswith("Array of "):
            items = cast("list[Any]", value) if isinstance(value, list) else [None]
            return [fault for index, item in enumerate(items) for fault in self._one(name[9:], item, f"{path}[{index}]")]
        if name in PRIMITIVES:
            right = isinstance(value, PRIMITIVES[name]) and (name == "Boolean") == isinstance(value, bool)
            return [] if right else [f"{path}: {value!r} is no {name}"]
        return self._object(name, value, path)

    def _object(self, name: str, value: Any, path: str) -> list[str]:
        kind = self._specification["types"][name]
        if kind.get("subtypes"):
            return self._any_of(kind["subtypes"], value, path)
        if not isinstance(value, dict):
            return [f"{path}: {value!r} is no {name}"]
        content = cast("dict[str, Any]", value)
        fields = {field["name"]: field for field in kind.get("fields", [])}
        faults = [f"{path}.{field}: missing" for field, facts in fields.items() if facts["required"] and field not in content]
        faults += [f"{path}.{field}: unknown to {name}" for field in content if field not in fields]
        known = {field: part for field, part in content.items() if field in fields}
        return faults + [
            fault for field, part in known.items() for fault in self._any_of(fields[field]["types"], part, f"{path}.{field}")
        ]


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


async def result(rig: Rig, method: str, **parameters: Any) -> Any:
    answer = await rig.ask(method, **parameters)
    assert answer["ok"], answer
    return answer["result"]


async def test_updates_of_every_kind(rig: Rig) -> None:
    await result(rig, "getUpdates", allowed_updates=["message", "edited_message", "chat_member"])
    ann, bob = await rig.person("ann", display_name="Ann Lee"), await rig.person("bob")
    await rig.do("POST", f"/people/{ann}/join")
    first = await rig.post(ann, "hello @KestrelHelpBot, see https://kestrel.example or /help")
    await rig.post(bob, "me too", reply_to=first)
    await rig.post(ann, "picture", media=[{"kind": "photo", "name": "a.png"}])
    await rig.post(ann, "file", media=[{"kind": "document", "name": "a.pdf"}])
    await rig.post(ann, "anonymous", anonymous=True)
    await rig.post(await rig.person("news", kind="channel"), "news")
    await rig.post(ann, "private", channel=ann)
    await rig.do("PATCH", f"/posts/{first}", text="hello again")
    topic = (await rig.do("POST", f"/channels/{GROUP}/topics", name="Help"))["id"]
    await rig.post(ann, "in a topic", channel=topic)
    await rig.do("PATCH", f"/people/{ann}", title="Support")
    await rig.post(ann, "with a tag")
    await rig.do("POST", f"/people/{ann}/leave")
    updates = await result(rig, "getUpdates")
    assert len(updates) == 15
    assert Checker().result("getUpdates", updates) == []


async def test_answers_of_every_method(rig: Rig) -> None:
    ann = await rig.person()
    posted = await rig.post(ann, "hello", media=[{"kind": "photo", "name": "a.png"}])
    await rig.post(ann, "private", channel=ann)
    update = (await result(rig, "getUpdates"))[0]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("getMe", {}),
        ("getWebhookInfo", {}),
        ("deleteWebhook", {}),
        ("getChat", {"chat_id": GROUP}),
        ("getChat", {"chat_id": ann}),
        ("getChatMember", {"chat_id": GROUP, "user_id": ann}),
        ("getChatAdministrators", {"chat_id": GROUP}),
        ("getChatMemberCount", {"chat_id": GROUP}),
        ("getFile", {"file_id": update["message"]["photo"][-1]["file_id"]}),
        ("sendChatAction", {"chat_id": GROUP, "action": "typing"}),
        ("sendMessage", {"chat_id": GROUP, "text": "hi", "reply_parameters": {"message_id": int(posted.partition(":")[2])}}),
        ("setWebhook", {"url": "https://example.org"}),
    ]
    faults = [
        fault for method, parameters in calls for fault in Checker().result(method, await result(rig, method, **parameters))
    ]
    assert faults == []


@pytest.mark.parametrize("status", ["creator", "administrator", "member", "left", "kicked"])
async def test_members_of_every_status(rig: Rig, status: str) -> None:
    ann = await rig.person()
    await rig.do("PATCH", f"/people/{ann}", title="Support")
    rig.world.groups[int(GROUP)].members[int(ann)] = status
    member = await result(rig, "getChatMember", chat_id=GROUP, user_id=ann)
    assert (member["status"], Checker().result("getChatMember", member)) == (status, [])


def test_the_checker_finds_what_is_wrong() -> None:
    wrong = [{"update_id": "1", "message": {"message_id": 1, "chat": {"id": 1, "type": "group"}, "colour": "red"}}]
    assert len(Checker().result("getUpdates", wrong)) == 3
