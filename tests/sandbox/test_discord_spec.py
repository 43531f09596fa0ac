"""Every kind of REST answer against Discord's published specification, which stays outside the repository."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.tally import SPECS_ABSENT
from sandbox import brand
from tests.sandbox.discord_rig import SEND_ROUTE, Rig, running

SPEC = Path(__file__).parents[3] / "shared" / "specs" / "discord-openapi.json"
pytestmark = pytest.mark.skipif(not SPEC.exists(), reason=SPECS_ABSENT)

GUILD = f"/guilds/{brand.DISCORD_GUILD_ID}"
CHANNEL = f"/channels/{brand.DISCORD_GENERAL_ID}"


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    document = json.loads(SPEC.read_text())
    # The specification types the codes of nested errors as integers; Discord's documentation and its servers send names.
    document["components"]["schemas"]["Error"]["properties"]["code"] = {"type": ["integer", "string"]}
    return document


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with running() as rig:
        yield rig


def check(spec: dict[str, Any], template: str, method: str, status: int, body: object) -> None:
    responses = spec["paths"][template][method]["responses"]
    response = responses.get(str(status)) or responses["4XX"]
    if "$ref" in response:
        response = spec["components"]["responses"][response["$ref"].rpartition("/")[2]]
    schema = response["content"]["application/json"]["schema"]
    validator: Any = Draft202012Validator(schema | {"components": spec["components"]})
    validator.validate(body)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("/gateway", "/gateway"),
        ("/gateway/bot", "/gateway/bot"),
        ("/users/@me", "/users/@me"),
        ("/users/{user_id}", f"/users/{brand.DISCORD_BOT_ID}"),
        ("/oauth2/applications/@me", "/oauth2/applications/@me"),
        ("/applications/@me", "/applications/@me"),
        ("/guilds/{guild_id}", GUILD),
        ("/guilds/{guild_id}/channels", f"{GUILD}/channels"),
        ("/guilds/{guild_id}/members", f"{GUILD}/members?limit=10"),
        ("/guilds/{guild_id}/members/{user_id}", f"{GUILD}/members/{brand.DISCORD_BOT_ID}"),
        ("/channels/{channel_id}", CHANNEL),
        ("/channels/{channel_id}/messages", f"{CHANNEL}/messages"),
    ],
)
async def test_answers_are_as_published(rig: Rig, spec: dict[str, Any], template: str, path: str) -> None:
    ana = await rig.person("ana", avatar="cat")
    hook = await rig.person("status page", kind="webhook")
    question = await rig.post(ana, "how?", media=[{"kind": "photo", "name": "screen.png"}])
    await rig.post(hook, "all green", reply_to=question)
    status, body, _ = await rig.api("GET", path)
    assert status == 200
    check(spec, template, "get", status, body)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"content": "so", "nonce": "n", "enforce_nonce": True}, 200),
        ({"content": ""}, 400),
        ({"content": "so", "message_reference": {"message_id": "1"}}, 400),
    ],
)
async def test_answers_to_posts_are_as_published(rig: Rig, spec: dict[str, Any], body: dict[str, Any], status: int) -> None:
    answered, answer, _ = await rig.api("POST", f"{CHANNEL}/messages", json=body)
    assert answered == status
    check(spec, "/channels/{channel_id}/messages", "post", answered, answer)


async def test_a_rate_limit_answer_is_as_published(rig: Rig, spec: dict[str, Any]) -> None:
    await rig.control("POST", "/limits", route=SEND_ROUTE, limit=0, per_s=60)
    status, body, _ = await rig.api("POST", f"{CHANNEL}/messages", json={"content": "so"})
    check(spec, "/channels/{channel_id}/messages", "post", status, body)


async def test_one_message_and_its_edit_are_as_published(rig: Rig, spec: dict[str, Any]) -> None:
    _, made, _ = await rig.api("POST", f"{CHANNEL}/messages", json={"content": "so"})
    path, template = f"{CHANNEL}/messages/{made['id']}", "/channels/{channel_id}/messages/{message_id}"
    for method, options in (("get", {}), ("patch", {"json": {"content": "so so"}})):
        status, body, _ = await rig.api(method.upper(), path, **options)
        check(spec, template, method, status, body)
