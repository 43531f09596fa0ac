"""The X listener, with the real client, against the X sandbox."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.servers import free_port
from domain.errors import PlatformRefused
from domain.hearing import Batch, Edited, Heard, Mention, Unparsable
from domain.people import AccountKind
from listeners.x import CURSOR, XListener, advance, backoff, id_at
from listeners.x_posts import hear, listed, parse
from listeners.x_stream import reconnect_wait, split_lines
from platforms.x import Failure, XAccess
from sandbox import brand
from sandbox.x.world import Draft, Fault
from tests.sandbox.x_rig import BOT, XRig, access, until, x_sandbox

MENTIONS = "/mentions"
OURS = brand.X_BOT_ID


@pytest.fixture
def rig() -> Iterator[XRig]:
    with x_sandbox() as running:
        yield running


@asynccontextmanager
async def listening(
    to: XAccess, cursors: dict[str, str] | None = None
) -> AsyncGenerator[tuple[XListener, AsyncGenerator[Batch]]]:
    listener = XListener(to)
    batches = listener.batches(cursors or {})
    try:
        async with asyncio.timeout(30):
            yield listener, batches
    finally:
        await batches.aclose()
        await listener.close()


async def hear_mentions(batches: AsyncIterator[Batch], count: int) -> tuple[list[Mention], dict[str, str]]:
    """The next `count` mentions, and the cursors that go with them."""
    heard: list[Mention] = []
    cursors: dict[str, str] = {}
    async for batch in batches:
        heard += [found.event for found in batch.heard if isinstance(found.event, Mention)]
        cursors |= batch.cursors
        if len(heard) >= count:
            break
    return heard, cursors


async def hear_events(batches: AsyncIterator[Batch], kind: type) -> list[Heard]:
    """The first batch with an event of this kind."""
    async for batch in batches:
        if any(isinstance(found.event, kind) for found in batch.heard):
            return list(batch.heard)
    raise AssertionError


async def test_a_mention_is_heard_with_all_its_facts(rig: XRig) -> None:
    root = rig.post("ann", "my withdrawal hangs")
    link = "https://scam.example/claim?a=1&b=2"
    rig.person("carl_x", display_name="Carl", bio="I trade", followers=7, following=8, posts=9, verified=True, avatar="c.png")
    reply = rig.post("carl_x", f"see {link} {BOT}", reply_to=root, media=[{"kind": "photo", "name": "a.png"}])
    async with listening(rig.access()) as (_, batches):
        (mention,), _ = await hear_mentions(batches, 1)
    author = mention.author
    assert (mention.external_id, mention.thread_id, mention.reply_to_id) == (reply, root, root)
    assert mention.text == f"see {link} {BOT}"
    assert mention.addressed
    assert mention.url == f"https://x.com/carl_x/status/{reply}"
    assert datetime.now(UTC) - mention.posted_at < timedelta(minutes=1)
    assert [media.kind for media in mention.media] == ["photo"]
    assert (author.username, author.display_name, author.bio, author.verified) == ("carl_x", "Carl", "I trade", True)
    assert (author.followers, author.following, author.posts) == (7, 8, 10)
    assert author.kind is AccountKind.PERSON
    assert author.avatar_url
    assert author.avatar_url.endswith("c.png")


async def test_a_first_start_stores_where_it_begins_before_it_hears(rig: XRig) -> None:
    async with listening(rig.access()) as (_, batches):
        batch = await anext(batches)
    assert batch.heard == ()
    assert int(batch.cursors[CURSOR]) < int(rig.world.new_id())


async def test_many_pages_are_heard_oldest_first_and_once(rig: XRig) -> None:
    ann = rig.person("ann")
    posted = [rig.world.add_post(Draft(author_id=ann, text=f"{BOT} {number}")).id for number in range(230)]
    async with listening(rig.access()) as (_, batches):
        heard, _ = await hear_mentions(batches, 230)
        late = rig.post("ann", f"{BOT} late")
        more, _ = await hear_mentions(batches, 1)
    assert [mention.external_id for mention in heard] == posted
    assert [mention.external_id for mention in more] == [late]


async def test_what_the_mentions_timeline_no_longer_shows_is_searched(rig: XRig) -> None:
    ann = rig.person("ann")
    posted = [rig.world.add_post(Draft(author_id=ann, text=f"{BOT} {number}")).id for number in range(950)]
    async with listening(rig.access()) as (_, batches):
        heard, _ = await hear_mentions(batches, 950)
    assert [mention.external_id for mention in heard] == posted


async def test_a_restart_reads_the_last_posts_again(rig: XRig) -> None:
    posted = [rig.post("ann", f"{BOT} {number}") for number in range(8)]
    to = rig.access(overlap=3)
    async with listening(to) as (_, batches):
        _, cursors = await hear_mentions(batches, 8)
    async with listening(to, cursors) as (_, batches):
        again, _ = await hear_mentions(batches, 1)
    assert [mention.external_id for mention in again] == posted[-3:]


async def test_a_cursor_moves_only_with_its_batch(rig: XRig) -> None:
    to = rig.access(overlap=0)
    async with listening(to) as (_, batches):
        _, cursors = await hear_mentions(batches, 0)
        missed = rig.post("ann", f"{BOT} help")
        await hear_mentions(batches, 1)
    async with listening(to, cursors) as (_, batches):
        heard, _ = await hear_mentions(batches, 1)
    assert [mention.external_id for mention in heard] == [missed]


async def test_an_edited_post_keeps_its_identity(rig: XRig) -> None:
    mention = rig.post("ann", f"{BOT} hlep")
    async with listening(rig.access()) as (_, batches):
        await hear_mentions(batches, 1)
        rig.control("PATCH", f"/posts/{mention}", {"text": f"{BOT} help"})
        first, edit = [found.event for found in await hear_events(batches, Edited)]
    assert isinstance(first, Mention)
    assert isinstance(edit, Edited)
    assert (first.external_id, edit.external_id, edit.text) == (mention, mention, f"{BOT} help")


async def test_bots_that_say_so_are_known(rig: XRig) -> None:
    rig.person("pricebot", kind="bot", bio="Prices every hour.")
    rig.post("pricebot", f"{BOT} BTC is up")
    async with listening(rig.access()) as (_, batches):
        (mention,), _ = await hear_mentions(batches, 1)
    assert mention.author.kind is AccountKind.BOT


async def test_a_malformed_post_is_quarantined_and_the_rest_heard(rig: XRig) -> None:
    user = {"id": "5", "name": "Ann", "username": "ann"}
    good = {"id": "7000000000000000000", "author_id": "5", "text": "hi", "created_at": "2026-11-22T10:00:00.000Z"}
    body: dict[str, Any] = {
        "data": [good, {"id": {}, "text": 5}, "nonsense"],
        "includes": {"users": [user, None]},
        "meta": {"result_count": 3},
    }
    rig.fault(Fault(method="GET", path_end=MENTIONS, status=200, body=json.dumps(body).encode()))
    async with listening(rig.access()) as (_, batches):
        heard = await hear_events(batches, Unparsable)
    assert [type(found.event) for found in heard] == [Unparsable, Unparsable, Mention]
    assert "nonsense" in heard[0].raw


@pytest.mark.parametrize(
    "fault",
    [
        Fault(method="GET", path_end=MENTIONS, status=200, body=b"<html>"),
        Fault(method="GET", path_end=MENTIONS, status=200, body=b"[]"),
        Fault(method="GET", path_end=MENTIONS, status=503, body=b"<html>", content_type="text/html"),
        Fault(method="GET", path_end=MENTIONS, status=500, body=b""),
        Fault(method="GET", path_end=MENTIONS, status=429, body=b"{}", headers=(("x-rate-limit-reset", "0"),)),
    ],
)
async def test_a_bad_answer_is_waited_out(rig: XRig, fault: Fault) -> None:
    rig.fault(fault)
    posted = rig.post("ann", f"{BOT} help")
    async with listening(rig.access()) as (listener, batches):
        heard, _ = await hear_mentions(batches, 1)
        assert listener.health.state == "connected"
    assert [mention.external_id for mention in heard] == [posted]


async def test_waiting_for_a_rate_limit_shows_in_health(rig: XRig) -> None:
    reset = str(int(time.time()) + 600)
    rig.fault(Fault(method="GET", path_end=MENTIONS, status=429, body=b"{}", headers=(("x-rate-limit-reset", reset),)))
    async with listening(rig.access()) as (listener, batches):
        await anext(batches)
        poll = asyncio.ensure_future(anext(batches))
        await until(lambda: listener.health.state == "waiting")
        poll.cancel()
        await asyncio.gather(poll, return_exceptions=True)
        assert "429" in listener.health.detail


async def test_a_platform_that_comes_up_later_is_heard() -> None:
    port = free_port()
    async with listening(access(f"http://127.0.0.1:{port}/x")) as (listener, batches):
        await anext(batches)
        hearing = asyncio.ensure_future(hear_mentions(batches, 1))
        await until(lambda: listener.health.state == "waiting")
        with x_sandbox(port) as rig:
            posted = rig.post("ann", f"{BOT} help")
            heard, _ = await hearing
    assert [mention.external_id for mention in heard] == [posted]


async def test_revoked_credentials_end_the_listening(rig: XRig) -> None:
    async with listening(rig.access(bearer_token="no")) as (listener, batches):
        await anext(batches)
        with pytest.raises(PlatformRefused, match="check the tokens"):
            await anext(batches)
        assert listener.health.state == "refused"


async def test_the_stream_hears_what_does_not_mention_us(rig: XRig) -> None:
    to = rig.access(stream_rules=("kestrel -is:retweet",), poll_s=3600.0)
    async with listening(to) as (_, batches):
        hearing = asyncio.ensure_future(hear_mentions(batches, 1))
        await until(lambda: rig.world.stream is not None)
        posted = rig.post("ann", "Kestrel is down")
        (mention,), _ = await hearing
    assert mention.external_id == posted
    assert not mention.addressed


async def test_one_malformed_line_does_not_end_the_stream(rig: XRig) -> None:
    rig.fault(Fault(method="GET", path_end="/search/stream", status=200, body=b'\r\n{"data": \r\n{"data": []}\r\n'))
    to = rig.access(stream_rules=("kestrel",), poll_s=3600.0)
    async with listening(to) as (_, batches):
        assert (await hear_events(batches, Unparsable))[0].raw
        hearing = asyncio.ensure_future(hear_mentions(batches, 1))
        await until(lambda: rig.world.stream is not None)
        posted = rig.post("ann", "Kestrel is down")
        (mention,), _ = await hearing
    assert mention.external_id == posted


async def test_stream_rules_of_others_are_left_alone(rig: XRig) -> None:
    rig.world.rules |= {"1": ("theirs", None), "2": ("old", "fleetwatch")}
    async with listening(rig.access(stream_rules=("kestrel",))) as (_, batches):
        hearing = asyncio.ensure_future(hear_mentions(batches, 1))
        await until(lambda: rig.world.stream is not None)
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
    assert {value for value, _ in rig.world.rules.values()} == {"theirs", "kestrel"}


async def test_lines_are_split_wherever_the_chunks_end() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for chunk in (b"\r\n", b"ab", b"c\r\nd\ne", b"f\r\n"):
            yield chunk

    assert [line async for line in split_lines(chunks())] == [b"abc", b"d", b"ef"]


@pytest.mark.parametrize(
    ("since", "ids", "overlap", "expected"),
    [
        ("5", [], 2, "5"),
        ("5", ["6", "7"], 2, "5"),
        ("5", ["10", "9", "8", "7"], 2, "8"),
        ("5", ["10", "9"], 0, "10"),
        ("5", ["10", "not an id", "9"], 1, "9"),
    ],
)
def test_the_cursor_stays_behind_by_the_overlap(since: str, ids: list[str], overlap: int, expected: str) -> None:
    assert advance(since, ids, overlap) == expected


def test_ids_begin_with_the_time() -> None:
    # X's own example in its specification: 1346889436626259968 was posted at 2021-01-06T18:40:40Z.
    before, after = (id_at(datetime(2021, 1, 6, 18, 40, second, tzinfo=UTC)) for second in (40, 41))
    assert int(before) <= 1346889436626259968 < int(after)


def test_backoff_grows_to_a_limit() -> None:
    assert [backoff(failures) for failures in (1, 2, 3, 50)] == [1.0, 2.0, 4.0, 300.0]


@pytest.mark.parametrize(
    ("status", "waits"),
    [(None, [0.0, 0.25, 0.5, 16.0]), (503, [5.0, 10.0, 20.0, 320.0]), (429, [60.0, 120.0, 240.0, 960.0])],
)
def test_the_stream_reconnects_by_x_rules(status: int | None, waits: list[float]) -> None:
    failure = Failure(status=status, connected=True, reason="")
    assert [reconnect_wait(failure, failures) for failures in (1, 2, 3, 99)] == waits


def post(**changes: Any) -> dict[str, Any]:
    return {"id": "7", "author_id": "5", "text": "hello", "created_at": "2026-11-22T10:00:00.000Z", **changes}


def parsed(found: dict[str, Any], **includes: Any) -> Mention:
    mention = parse(found, includes, account_id=OURS)
    assert isinstance(mention, Mention)
    return mention


def test_a_bare_post_is_its_own_thread() -> None:
    mention = parsed(post())
    assert (mention.thread_id, mention.reply_to_id, mention.addressed, mention.author.username) == ("7", None, False, None)


@pytest.mark.parametrize(
    "changes",
    [
        {"in_reply_to_user_id": OURS},
        {"entities": {"mentions": [{"username": "x", "id": OURS}]}},
        {"note_tweet": {"text": "long", "entities": {"mentions": [{"username": "x", "id": OURS}]}}},
        {"referenced_tweets": [{"type": "quoted", "id": "3"}]},
    ],
)
def test_what_addresses_us(changes: dict[str, Any]) -> None:
    assert parsed(post(**changes), tweets=[{"id": "3", "author_id": OURS}]).addressed


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"text": "a &lt;b&gt; &amp;amp;"}, "a <b> &amp;"),
        ({"text": "cut…", "note_tweet": {"text": "cut no more"}}, "cut no more"),
        ({"text": "@a @b_c hi @d", "referenced_tweets": [{"type": "replied_to", "id": "1"}]}, "hi @d"),
        ({"text": "@a @b_c hi"}, "@a @b_c hi"),
        ({"text": "@a", "referenced_tweets": [{"type": "replied_to", "id": "1"}]}, "@a"),
        ({"text": "x\ud800\0y"}, "x?y"),
    ],
)
def test_texts_are_what_the_author_wrote(changes: dict[str, Any], text: str) -> None:
    assert parsed(post(**changes)).text == text


@pytest.mark.parametrize(
    ("author", "bio", "kind"),
    [
        (OURS, "", AccountKind.OURSELVES),
        ("5", "Automated account by @someone", AccountKind.BOT),
        ("5", "I'm a bot", AccountKind.BOT),
        ("5", "I build robots and trading bots", AccountKind.PERSON),
    ],
)
def test_kinds_of_author(author: str, bio: str, kind: AccountKind) -> None:
    user = {"id": author, "name": "A", "username": "a", "description": bio}
    assert parsed(post(author_id=author), users=[user]).author.kind is kind


def test_a_reply_to_an_edited_post_names_its_first_version() -> None:
    reply = post(referenced_tweets=[{"type": "replied_to", "id": "4"}])
    assert parsed(reply, tweets=[{"id": "4", "edit_history_tweet_ids": ["3", "4"]}]).reply_to_id == "3"


@pytest.mark.parametrize("missing", ["id", "author_id", "text", "created_at"])
def test_a_post_without_a_needed_field_is_unparsable(missing: str) -> None:
    found = post()
    del found[missing]
    assert isinstance(parse(found, {}, account_id=OURS), Unparsable)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("2026-11-22T10:00:00Z") | st.just("7"),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(["id", "text", "entities", "urls", "url", "mentions", "users", "tweets"]) | st.text(), inner
        )
    ),
    max_leaves=12,
)
FIELD_NAMES = ["id", "author_id", "text", "created_at", "entities", "note_tweet", "referenced_tweets", "attachments"]


@given(st.dictionaries(st.sampled_from([*FIELD_NAMES, "edit_history_tweet_ids"]), anything), anything)
def test_no_payload_raises(found: dict[str, Any], includes: object) -> None:
    page = {"data": [{**post(), **found}, found, includes], "includes": includes}
    for item in listed(page):
        assert all(json.dumps(heard.raw) for heard in hear(item, OURS))
