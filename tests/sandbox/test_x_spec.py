"""Every answer of the X sandbox is valid by X's own published specification."""

import json
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from cli.tally import SPECS_ABSENT
from sandbox import brand
from tests.sandbox.x_rig import BOT, XRig, x_sandbox

SPEC = Path(__file__).parents[2].parent / "shared" / "specs" / "x-openapi-2.166.json"
TWEET_FIELDS = (
    "attachments,author_id,conversation_id,created_at,edit_controls,edit_history_tweet_ids,entities,in_reply_to_user_id,lang,"
    "note_tweet,possibly_sensitive,public_metrics,referenced_tweets,reply_settings"
)
EVERYTHING = (
    f"tweet.fields={TWEET_FIELDS}&user.fields=created_at,description,profile_image_url,protected,public_metrics,verified,"
    "verified_type&media.fields=type,url,preview_image_url,width,height&expansions=author_id,referenced_tweets.id,"
    "referenced_tweets.id.author_id,in_reply_to_user_id,attachments.media_keys,entities.mentions.username"
)
PEOPLE = "user.fields=created_at,description,profile_image_url,public_metrics,verified,verified_type"
PEOPLE_ANSWERS = {f"Get2Users{which}Response" for which in ("", "Me", "Id", "By", "ByUsernameUsername")}
OAUTH = f'OAuth oauth_consumer_key="{brand.X_CONSUMER_KEY}", oauth_token="{brand.X_ACCESS_TOKEN}"'
BEARER = f"Bearer {brand.X_BEARER_TOKEN}"

pytestmark = pytest.mark.skipif(not SPEC.exists(), reason=SPECS_ABSENT)


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    return json.loads(SPEC.read_text())


@pytest.fixture(scope="module")
def rig() -> Iterator[XRig]:
    with x_sandbox() as running:
        yield running


@pytest.fixture(scope="module")
def posts(rig: XRig) -> dict[str, str]:
    """Posts of every kind, by name."""
    root = rig.post("ann_b", f"{BOT} $BTC #kestrel it hangs & <waits> https://help.kestrel.example/a", bio="hi", verified=True)
    media = [{"kind": "photo", "name": "a.png"}, {"kind": "video", "name": "b.mp4"}]
    reply = rig.post("carl", f"me, too {BOT}", reply_to=root, media=media)
    orphan = rig.post("dora", f"and me {BOT}", reply_to=rig.post("gone", "soon gone"))
    rig.control("DELETE", f"/posts/{rig.world.posts[orphan].reply_to}", {})
    edited = rig.post("emil", f"{BOT} hlep")
    rig.control("PATCH", f"/posts/{edited}", {"text": f"{BOT} help"})
    return {"root": root, "reply": reply, "long": rig.post("fay", f"{BOT} {'word ' * 90}", quotes=root)}


def ask(rig: XRig, method: str, path: str, body: dict[str, Any] | None = None, *, auth: str = BEARER) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": auth, "Content-Type": "application/json"}
    request = urllib.request.Request(f"{rig.base_url}{path}", data, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def check(spec: dict[str, Any], template: str, method: str, status: int, answer: Any) -> None:
    """The answer is what the specification promises for this endpoint and status; unknown keys are not allowed at the top."""
    responses = spec["paths"][template][method.lower()]["responses"]
    content = responses.get(str(status), responses["default"])["content"]
    kind = "application/json" if str(status) in responses else "application/problem+json"
    schema = {**content[kind]["schema"], "components": spec["components"]}
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(answer)  # pyright: ignore[reportUnknownMemberType]
    if status < 300:
        assert unknown_keys(spec, content[kind]["schema"]["$ref"].rpartition("/")[2], answer) == set()


def unknown_keys(spec: dict[str, Any], name: str, answer: dict[str, Any]) -> set[str]:
    """Keys of the answer, its posts and its people that the specification does not know: JSON Schema lets them pass."""
    schemas, includes = spec["components"]["schemas"], answer.get("includes", {})
    kind = "User" if name in PEOPLE_ANSWERS else "Tweet"
    data = answer.get("data", []) if isinstance(answer.get("data"), list) else [answer.get("data", {})]
    objects = [(name, answer), *((kind, item) for item in data if "value" not in item and "deleted" not in item)]
    objects += [("User", user) for user in includes.get("users", [])] + [("Tweet", post) for post in includes.get("tweets", [])]
    return {key for schema, found in objects for key in found.keys() - schemas[schema]["properties"].keys()}


@pytest.mark.parametrize(
    ("template", "query", "auth"),
    [
        ("/2/users/me", PEOPLE, OAUTH),
        ("/2/users/{id}", PEOPLE, BEARER),
        ("/2/users/by/username/{username}", PEOPLE, BEARER),
        ("/2/users", f"ids={brand.X_BOT_ID},1&{PEOPLE}", BEARER),
        ("/2/users/by", f"usernames={brand.X_BOT_USERNAME},nobody&{PEOPLE}", BEARER),
        ("/2/users/{id}/mentions", EVERYTHING, BEARER),
        ("/2/users/{id}/mentions", "since_id=9000000000000000000", BEARER),
        ("/2/users/{id}/mentions", f"{EVERYTHING}&max_results=5", BEARER),
        ("/2/users/{id}/tweets", EVERYTHING, BEARER),
        ("/2/tweets/search/recent", f"query=kestrel&{EVERYTHING}", BEARER),
        ("/2/tweets/search/stream/rules", "", BEARER),
        ("/2/users/{id}/mentions", "max_results=1", BEARER),
        ("/2/users/{id}/mentions", "", "Bearer wrong"),
        ("/2/users/me", "", BEARER),
    ],
)
def test_reading(spec: dict[str, Any], rig: XRig, posts: dict[str, str], template: str, query: str, auth: str) -> None:
    path = template.replace("{id}", brand.X_BOT_ID).replace("{username}", brand.X_BOT_USERNAME)
    status, answer = ask(rig, "GET", f"{path}?{query}", auth=auth)
    check(spec, template, "GET", status, answer)


@pytest.mark.parametrize("name", ["root", "reply", "long", "missing"])
def test_looking_up_posts(spec: dict[str, Any], rig: XRig, posts: dict[str, str], name: str) -> None:
    post_id = posts.get(name, "1")
    for template, path in (("/2/tweets/{id}", f"/2/tweets/{post_id}?"), ("/2/tweets", f"/2/tweets?ids={post_id},2&")):
        status, answer = ask(rig, "GET", path + EVERYTHING)
        assert status == 200
        check(spec, template, "GET", status, answer)


def test_posting_and_deleting(spec: dict[str, Any], rig: XRig, posts: dict[str, str]) -> None:
    body = {"text": "We look into it", "reply": {"in_reply_to_tweet_id": posts["root"]}}
    status, made = ask(rig, "POST", "/2/tweets", body, auth=OAUTH)
    assert status == 201
    check(spec, "/2/tweets", "POST", status, made)
    status, gone = ask(rig, "DELETE", f"/2/tweets/{made['data']['id']}", auth=OAUTH)
    check(spec, "/2/tweets/{id}", "DELETE", status, gone)


@pytest.mark.parametrize("body", [{"text": ""}, {"text": "a" * 300}, {"txt": "hello"}, {"text": "hi", "quote_tweet_id": "1"}])
def test_refused_posts(spec: dict[str, Any], rig: XRig, body: dict[str, Any]) -> None:
    status, answer = ask(rig, "POST", "/2/tweets", body, auth=OAUTH)
    assert status >= 400
    check(spec, "/2/tweets", "POST", status, answer)


def test_stream_rules(spec: dict[str, Any], rig: XRig) -> None:
    template = "/2/tweets/search/stream/rules"
    status, made = ask(rig, "POST", template, {"add": [{"value": "kestrel -is:retweet", "tag": "brand"}]})
    check(spec, template, "POST", status, made)
    status, gone = ask(rig, "POST", template, {"delete": {"ids": [made["data"][0]["id"]]}})
    check(spec, template, "POST", status, gone)


def test_every_endpoint_is_in_the_specification(spec: dict[str, Any]) -> None:
    from sandbox.x.routes import ENDPOINTS

    known = {(method.upper(), re.sub(r"{\w+}", "{}", path)) for path, methods in spec["paths"].items() for method in methods}
    assert {(row.method, re.sub(r"{\w+}", "{}", row.path)) for row in ENDPOINTS} <= known
