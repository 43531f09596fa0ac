"""The X sandbox answers and refuses as X does; asked through the real tweepy client."""

from collections.abc import AsyncIterator, Iterator

import pytest

from platforms.x import XClient, XFailed, XSession, connect
from sandbox import brand
from sandbox.x import text
from sandbox.x.world import Draft
from tests.sandbox.x_rig import BOT, XRig, access, x_sandbox

LONG_LINK = "https://help.kestrel.example/withdrawals/how-long-does-it-take"


@pytest.fixture
def rig() -> Iterator[XRig]:
    with x_sandbox() as running:
        yield running


@pytest.fixture
async def client(rig: XRig) -> AsyncIterator[XClient]:
    session = XSession(rig.base_url)
    yield connect(rig.access(), session)
    await session.close()


async def refusal(client: XClient, mention_id: str, written: str = "Hello there") -> tuple[int | None, str]:
    with pytest.raises(XFailed) as caught:
        await client.create_tweet(in_reply_to_tweet_id=mention_id, text=written, user_auth=True)
    return caught.value.failure.status, caught.value.failure.reason


async def test_the_bot_knows_itself(client: XClient) -> None:
    assert (await client.get_me(user_auth=True))["data"]["username"] == brand.X_BOT_USERNAME


async def test_a_reply_to_somebody_who_asked_stands_in_the_thread(rig: XRig, client: XClient) -> None:
    root = rig.post("ann_b", f"{BOT} my withdrawal hangs")
    deeper = rig.post("carl", f"same here {BOT}", reply_to=root)
    made = await client.create_tweet(in_reply_to_tweet_id=deeper, text="We look into it", user_auth=True)
    reply = rig.world.posts[made["data"]["id"]]
    assert (reply.conversation_id, reply.reply_to) == (root, deeper)
    assert rig.kinds("replied")[0]["reply_to"] == deeper


async def test_x_puts_the_handles_of_the_conversation_before_a_reply(rig: XRig, client: XClient) -> None:
    root = rig.post("ann_b", f"{BOT} my withdrawal hangs")
    made = await client.create_tweet(in_reply_to_tweet_id=root, text="We look into it", user_auth=True)
    assert made["data"]["text"] == "@ann_b We look into it"


async def test_nobody_is_answered_who_did_not_ask(rig: XRig, client: XClient) -> None:
    status, reason = await refusal(client, rig.post("ann", "Kestrel is down"))
    assert status == 403
    assert "not been mentioned" in reason


async def test_quoting_the_bot_is_asking(rig: XRig, client: XClient) -> None:
    first = await client.create_tweet(in_reply_to_tweet_id=rig.post("ann", f"{BOT} help"), text="We are here", user_auth=True)
    quote = rig.post("carl", "look what they say", quotes=first["data"]["id"])
    assert (await client.create_tweet(in_reply_to_tweet_id=quote, text="Can we help?", user_auth=True))["data"]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("a" * 281, "too long"),
        ("界" * 141, "too long"),
        ("buy $BTC or $ETH", "cashtag"),
    ],
)
async def test_texts_x_refuses(rig: XRig, client: XClient, written: str, said: str) -> None:
    status, reason = await refusal(client, rig.post("ann", f"{BOT} help"), written)
    assert status == 403
    assert said in reason


async def test_an_empty_text_is_a_bad_request(rig: XRig, client: XClient) -> None:
    assert (await refusal(client, rig.post("ann", f"{BOT} help"), "  "))[0] == 400


async def test_the_same_reply_twice_is_a_duplicate(rig: XRig, client: XClient) -> None:
    mention = rig.post("ann", f"{BOT} help")
    await client.create_tweet(in_reply_to_tweet_id=mention, text="We look into it", user_auth=True)
    assert "duplicate content" in (await refusal(client, mention, "We look into it"))[1]


async def test_the_same_reply_to_somebody_else_is_no_duplicate(rig: XRig, client: XClient) -> None:
    for name in ("ann", "carl"):
        mention = rig.post(name, f"{BOT} help")
        await client.create_tweet(in_reply_to_tweet_id=mention, text="We look into it", user_auth=True)
    assert len(rig.kinds("replied")) == 2


async def test_a_deleted_post_cannot_be_answered(rig: XRig, client: XClient) -> None:
    mention = rig.post("ann", f"{BOT} help")
    rig.control("DELETE", f"/posts/{mention}", {})
    status, reason = await refusal(client, mention)
    assert status == 403
    assert "deleted" in reason


async def test_an_edit_gives_a_post_a_new_id(rig: XRig, client: XClient) -> None:
    mention = rig.post("ann", f"{BOT} help")
    rig.control("PATCH", f"/posts/{mention}", {"text": f"{BOT} solved"})
    (post,) = (await client.get_users_mentions(brand.X_BOT_ID))["data"]
    assert post["text"] == f"{BOT} solved"
    assert post["edit_history_tweet_ids"] == [mention, post["id"]]


async def test_posting_needs_a_user(rig: XRig, client: XClient) -> None:
    with pytest.raises(XFailed, match="403"):
        await client.create_tweet(in_reply_to_tweet_id=rig.post("ann", BOT), text="hello", user_auth=False)


@pytest.mark.parametrize("wrong", [{"bearer_token": "no"}, {"access_token": "1-no"}])
async def test_wrong_credentials_are_refused(rig: XRig, wrong: dict[str, str]) -> None:
    session = XSession(rig.base_url)
    client = connect(access(rig.base_url, **wrong), session)
    with pytest.raises(XFailed, match="401"):
        await client.get_users_mentions(brand.X_BOT_ID, user_auth="access_token" in wrong)
    await session.close()


async def test_mentions_come_in_pages_newest_first(rig: XRig, client: XClient) -> None:
    posted = [rig.post("ann", f"{BOT} {number}") for number in range(12)]
    seen: list[str] = []
    token: str | None = None
    while True:
        page = await client.get_users_mentions(brand.X_BOT_ID, max_results=5, pagination_token=token)
        seen += [post["id"] for post in page["data"]]
        token = page["meta"].get("next_token")
        if not token:
            break
    assert seen == posted[::-1]


async def test_mentions_lie_strictly_between_since_and_until(rig: XRig, client: XClient) -> None:
    posted = [rig.post("ann", f"{BOT} {number}") for number in range(5)]
    page = await client.get_users_mentions(brand.X_BOT_ID, since_id=posted[0], until_id=posted[4])
    assert [post["id"] for post in page["data"]] == posted[3:0:-1]


async def test_mentions_reach_back_800_posts(rig: XRig, client: XClient) -> None:
    ann = rig.person("ann")
    for number in range(805):
        rig.world.add_post(Draft(author_id=ann, text=f"{BOT} {number}"))
    rig.control("POST", "/limits", {"GET /2/users/{id}/mentions": 1000})
    page = await client.get_users_mentions(brand.X_BOT_ID, max_results=100)
    count = len(page["data"])
    while token := page["meta"].get("next_token"):
        page = await client.get_users_mentions(brand.X_BOT_ID, max_results=100, pagination_token=token)
        count += len(page["data"])
    assert count == 800


@pytest.mark.parametrize("size", [4, 101])
async def test_a_page_has_5_to_100_posts(client: XClient, size: int) -> None:
    with pytest.raises(XFailed, match="max_results"):
        await client.get_users_mentions(brand.X_BOT_ID, max_results=size)


async def test_only_the_fields_asked_for_are_told(rig: XRig, client: XClient) -> None:
    rig.post("ann", f"{BOT} help")
    (post,) = (await client.get_users_mentions(brand.X_BOT_ID))["data"]
    assert set(post) == {"id", "text", "edit_history_tweet_ids"}


async def test_expansions_bring_the_people_and_posts_beside(rig: XRig, client: XClient) -> None:
    root = rig.post("ann", "my withdrawal hangs")
    rig.post("carl", f"mine, too {BOT}", reply_to=root, media=[{"kind": "photo", "name": "screen.png"}])
    page = await client.get_users_mentions(
        brand.X_BOT_ID,
        expansions=["author_id", "referenced_tweets.id", "referenced_tweets.id.author_id", "attachments.media_keys"],
        tweet_fields=["conversation_id", "referenced_tweets"],
    )
    assert {user["username"] for user in page["includes"]["users"]} == {"ann", "carl"}
    assert page["includes"]["tweets"][0]["id"] == page["data"][0]["conversation_id"] == root
    assert page["includes"]["media"][0]["type"] == "photo"


async def test_links_are_shortened_and_signs_escaped(rig: XRig, client: XClient) -> None:
    rig.post("ann", f"{BOT} a < b & {LONG_LINK}")
    (post,) = (await client.get_users_mentions(brand.X_BOT_ID, tweet_fields=["entities"]))["data"]
    (link,) = post["entities"]["urls"]
    assert post["text"] == f"{BOT} a &lt; b &amp; {link['url']}"
    assert link["expanded_url"] == LONG_LINK


async def test_a_long_post_is_cut_and_told_whole_beside(rig: XRig, client: XClient) -> None:
    rig.post("ann", f"{BOT} {'word ' * 100}end")
    (post,) = (await client.get_users_mentions(brand.X_BOT_ID, tweet_fields=["note_tweet"]))["data"]
    assert post["text"].endswith("…")
    assert post["note_tweet"]["text"].endswith("end")


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("from:ann", {"root", "quiet"}),
        ("to:ann", {"reply"}),
        (BOT, {"root", "reply"}),
        ("#kestrel", {"quiet"}),
        ('"is down"', {"quiet"}),
        ("down OR hangs", {"quiet", "root"}),
        ("(down OR hangs) -from:carl -is:retweet", {"quiet", "root"}),
        ("from:ann -#kestrel", {"root"}),
        ("from:nobody", set[str]()),
    ],
)
async def test_recent_search(rig: XRig, client: XClient, query: str, found: set[str]) -> None:
    posted = {"root": rig.post("ann", f"{BOT} it hangs")}
    posted["reply"] = rig.post("carl", "me, too", reply_to=posted["root"])
    posted["quiet"] = rig.post("ann", "Kestrel is down #kestrel")
    names = {post_id: name for name, post_id in posted.items()}
    page = await client.search_recent_tweets(query)
    assert {names[post["id"]] for post in page.get("data", [])} == found


async def test_search_by_thread_and_parent(rig: XRig, client: XClient) -> None:
    root = rig.post("ann", "it hangs")
    reply = rig.post("carl", "me, too", reply_to=root)
    thread = await client.search_recent_tweets(f"conversation_id:{root}")
    answers = await client.search_recent_tweets(f"in_reply_to_tweet_id:{root}")
    assert [post["id"] for post in thread["data"]] == [reply, root]
    assert [post["id"] for post in answers["data"]] == [reply]


@pytest.mark.parametrize("query", ["", "(kestrel", "sample:10", "kestrel)"])
async def test_queries_nobody_understands_are_refused(client: XClient, query: str) -> None:
    with pytest.raises(XFailed, match="400"):
        await client.search_recent_tweets(query)


async def test_too_many_requests_are_told_when_to_come_back(rig: XRig, client: XClient) -> None:
    rig.control("POST", "/limits", {"GET /2/users/{id}/mentions": 1})
    await client.get_users_mentions(brand.X_BOT_ID)
    with pytest.raises(XFailed) as caught:
        await client.get_users_mentions(brand.X_BOT_ID)
    assert caught.value.failure.status == 429
    assert 800 < caught.value.failure.wait_s <= 900


async def test_x_allows_one_stream(rig: XRig) -> None:
    session = XSession(rig.base_url)
    url, headers = "https://api.twitter.com/2/tweets/search/stream", {"Authorization": f"Bearer {brand.X_BEARER_TOKEN}"}
    async with session.open("GET", url, headers=headers) as stream:
        assert await stream.content.readline() == b"\r\n"
        with pytest.raises(XFailed, match="maximum allowed connection limit"):
            async with session.open("GET", url, headers=headers):
                pass
    await session.close()


def test_an_existing_user_name_gives_its_id(rig: XRig) -> None:
    assert rig.person("ann_b") == rig.person("Ann_B")


def test_a_renamed_person_is_found_by_the_new_name(rig: XRig) -> None:
    person = rig.person("ann")
    rig.control("PATCH", f"/people/{person}", {"username": "KestrelHeIp", "display_name": "Kestrel Help"})
    assert rig.person("KestrelHeIp") == person


def test_the_ledger_tells_what_happened(rig: XRig) -> None:
    mention = rig.post("ann", f"{BOT} help")
    rig.control("PATCH", f"/posts/{mention}", {"text": "solved"})
    rig.control("DELETE", f"/posts/{mention}", {})
    told = [(entry["kind"], entry["id"]) for entry in rig.ledger.entries()]
    assert told == [("posted", mention), ("edited", mention), ("deleted", mention)]


@pytest.mark.parametrize(
    ("written", "weight"),
    [
        ("hello", 5),
        ("héllo", 5),
        ("界", 2),
        ("😀" * 140, 280),
        ("👨‍👩‍👧", 2),
        ("🇩🇪", 2),
        ("👍🏽", 2),
        (f"see {LONG_LINK}", 27),
    ],
)
def test_weighted_length(written: str, weight: int) -> None:
    assert text.weight(written) == weight
