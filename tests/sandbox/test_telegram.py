"""The sandbox Bot API against the real client library: what it sends, refuses and shows."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from telegram import Bot, Message, ReplyParameters, Update
from telegram.error import BadRequest, Forbidden, RetryAfter

from tests.sandbox.telegram_rig import GROUP, Rig, telegram_sandbox


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


@pytest.fixture
async def bot(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bot]:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    async with rig.bot() as running:
        yield running


def number(external_id: str) -> int:
    return int(external_id.partition(":")[2])


async def heard(bot: Bot) -> Message:
    """The newest message the bot is told of."""
    (update,) = await bot.get_updates(offset=-1)
    assert update.message
    return update.message


async def test_the_bot_knows_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.username, me.can_read_all_group_messages) == (7000000001, "KestrelHelpBot", True)


async def test_a_post_reaches_the_bot(rig: Rig, bot: Bot) -> None:
    ann = await rig.person("ann", display_name="Ann Lee")
    posted = await rig.post(ann, "hello @KestrelHelpBot 👋 @bob_x")
    message = await heard(bot)
    assert f"{message.chat.id}:{message.message_id}" == posted
    assert message.from_user
    assert (message.from_user.full_name, message.from_user.username, message.text) == ("Ann Lee", "ann", message.text)
    assert [message.parse_entity(entity) for entity in message.entities] == ["@KestrelHelpBot", "@bob_x"]


async def test_a_reply_by_the_bot_carries_its_target(rig: Rig, bot: Bot) -> None:
    posted = await rig.post(await rig.person(), "help")
    answer = await bot.send_message(GROUP, "here", reply_parameters=ReplyParameters(number(posted)))
    assert answer.reply_to_message
    assert (answer.reply_to_message.text, answer.text) == ("help", "here")
    (entry,) = rig.entries("replied")
    assert (entry["reply_to"], entry["id"], entry["channel"]) == (posted, f"{GROUP}:{answer.message_id}", GROUP)


async def test_a_reply_to_nothing_is_refused(rig: Rig, bot: Bot) -> None:
    posted = await rig.post(await rig.person(), "help")
    await rig.do("DELETE", f"/posts/{posted}")
    with pytest.raises(BadRequest, match="essage to be replied not found"):
        await bot.send_message(GROUP, "here", reply_parameters=ReplyParameters(number(posted)))


async def test_a_reply_to_nothing_may_be_sent_anyway(bot: Bot) -> None:
    answer = await bot.send_message(GROUP, "here", reply_parameters=ReplyParameters(1, allow_sending_without_reply=True))
    assert answer.reply_to_message is None


@pytest.mark.parametrize(
    ("text", "refusal"), [("", "text is empty"), ("  ", "text is empty"), ("x" * 4097, "too long"), ("👋" * 2049, "too long")]
)
async def test_texts_have_a_length(bot: Bot, text: str, refusal: str) -> None:
    with pytest.raises(BadRequest, match=refusal):
        await bot.send_message(GROUP, text)


async def test_the_longest_text_is_sent(bot: Bot) -> None:
    assert (await bot.send_message(GROUP, "x" * 4096)).text == "x" * 4096


async def test_markup_is_refused_rather_than_shown(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="plain text"):
        await bot.send_message(GROUP, "*bold*", parse_mode="MarkdownV2")


async def test_a_bot_cannot_open_a_private_chat(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    with pytest.raises(Forbidden, match="can't initiate conversation"):
        await bot.send_message(ann, "hello")


async def test_a_bot_answers_who_wrote_to_it(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    await rig.post(ann, "hello", channel=ann)
    assert (await heard(bot)).chat.type == "private"
    assert (await bot.send_message(ann, "hi")).text == "hi"


async def test_a_bot_put_out_of_a_group_is_refused(rig: Rig, bot: Bot) -> None:
    rig.world.groups[int(GROUP)].bot_status = "kicked"
    with pytest.raises(Forbidden, match="bot was kicked"):
        await bot.send_message(GROUP, "hello")


async def test_unknown_chats_are_not_found(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="hat not found"):
        await bot.send_message(-100, "hello")


async def test_sending_too_fast_is_told_when_to_come_back(rig: Rig, bot: Bot) -> None:
    await rig.do("PATCH", "/limits", per_chat=[1, 30.0])
    await bot.send_message(GROUP, "one")
    with pytest.raises(RetryAfter) as refusal:
        await bot.send_message(GROUP, "two")
    assert 0 < refusal.value._retry_after.total_seconds() <= 30  # pyright: ignore[reportPrivateUsage]
    assert len(rig.entries("replied")) == 1


async def test_topics_hold_their_messages_together(rig: Rig, bot: Bot) -> None:
    topic = (await rig.do("POST", f"/channels/{GROUP}/topics", name="Help"))["id"]
    posted = await rig.post(await rig.person(), "help", channel=topic)
    message = await heard(bot)
    assert (message.is_topic_message, message.message_thread_id) == (True, number(topic))
    answer = await bot.send_message(GROUP, "here", reply_parameters=ReplyParameters(number(posted)))
    assert (answer.is_topic_message, answer.message_thread_id) == (True, number(topic))


async def test_a_topic_that_is_not_there_is_refused(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="thread not found"):
        await bot.send_message(GROUP, "hello", message_thread_id=5)


async def test_reply_chains_outside_topics_have_a_number_but_no_topic(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    first = await rig.post(ann, "first")
    await rig.post(ann, "second", reply_to=first)
    message = await heard(bot)
    assert (message.message_thread_id, message.is_topic_message) == (number(first), None)


async def test_edits_are_told_and_deletions_are_not(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    posted = await rig.post(ann, "frist")
    await rig.do("PATCH", f"/posts/{posted}", text="first")
    await rig.do("DELETE", f"/posts/{posted}")
    updates = await bot.get_updates()
    texts = [message.text for update in updates if (message := update.message or update.edited_message)]
    assert texts == ["frist", "first"]
    assert updates[1].edited_message
    assert updates[1].edited_message.edit_date


async def test_joining_is_told_twice_to_who_asks(rig: Rig, bot: Bot) -> None:
    await bot.get_updates(allowed_updates=["message", "chat_member"])
    await rig.do("POST", f"/people/{await rig.person()}/join")
    service, change = await bot.get_updates()
    assert service.message
    assert [user.username for user in service.message.new_chat_members] == ["ann"]
    assert change.chat_member
    assert (change.chat_member.old_chat_member.status, change.chat_member.new_chat_member.status) == ("left", "member")


async def test_leaving_and_coming_back(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    await rig.do("POST", f"/people/{ann}/join")
    assert await bot.get_chat_member_count(GROUP) == 2
    await rig.do("POST", f"/people/{ann}/leave")
    assert (await bot.get_chat_member(GROUP, int(ann))).status == "left"


async def test_administrators_are_the_bot_and_no_other_bots(rig: Rig, bot: Bot) -> None:
    other = await rig.person("otherbot", kind="bot")
    rig.world.groups[int(GROUP)].members[int(other)] = "administrator"
    assert [member.user.username for member in await bot.get_chat_administrators(GROUP)] == ["KestrelHelpBot"]


async def test_chats_can_be_looked_up(bot: Bot) -> None:
    chat = await bot.get_chat(GROUP)
    assert (chat.title, chat.type) == ("Kestrel Community", "supergroup")


async def test_pictures_and_files_can_be_fetched(rig: Rig, bot: Bot) -> None:
    await rig.post(await rig.person(), "look", media=[{"kind": "photo", "name": "screen.png"}])
    message = await heard(bot)
    assert (message.caption, message.text) == ("look", None)
    file = await bot.get_file(message.photo[-1].file_id)
    assert b"screen.png" in bytes(await file.download_as_bytearray())


async def test_files_that_are_not_there(bot: Bot) -> None:
    with pytest.raises(BadRequest, match="rong file_id"):
        await bot.get_file("nothing")


async def test_names_change_only_with_the_next_message(rig: Rig, bot: Bot) -> None:
    ann = await rig.person()
    await rig.do("PATCH", f"/people/{ann}", display_name="Kestrel Support", username="kestre1_support", title="Support")
    assert await bot.get_updates() == ()
    await rig.post(ann, "DM me")
    message = await heard(bot)
    assert message.from_user
    assert (message.from_user.full_name, message.from_user.username) == ("Kestrel Support", "kestre1_support")


async def test_channels_and_anonymous_administrators_speak_as_chats(rig: Rig, bot: Bot) -> None:
    channel = await rig.person("kestrel_news", kind="channel")
    ann = await rig.person()
    await rig.post(channel, "news")
    await rig.post(ann, "rules", anonymous=True)
    messages = [update.message for update in await bot.get_updates() if update.message]
    assert [message.sender_chat.id for message in messages if message.sender_chat] == [int(channel), int(GROUP)]
    assert all(message.from_user and message.from_user.is_bot for message in messages)


@pytest.mark.parametrize(("text", "shown"), [("hello", False), ("/ask@KestrelHelpBot hello", True)])
async def test_other_bots_are_heard_only_when_they_address_the_bot(rig: Rig, bot: Bot, text: str, shown: bool) -> None:
    await rig.post(await rig.person("otherbot", kind="bot"), text)
    assert bool(await bot.get_updates()) is shown


@pytest.mark.parametrize(("text", "shown"), [("hello", False), ("hello @kestrelhelpbot", True), ("/help", True)])
async def test_privacy_mode_hides_what_is_not_for_the_bot(rig: Rig, bot: Bot, text: str, shown: bool) -> None:
    rig.world.visibility.privacy_mode = True
    await rig.post(await rig.person(), text)
    assert bool(await bot.get_updates()) is shown


async def test_people_keep_their_ids_over_restarts(rig: Rig) -> None:
    ann = await rig.person()
    async with telegram_sandbox() as another:
        assert await another.person() == ann
    assert await rig.person("Ann") == ann


REFUSED: list[tuple[str, str, dict[str, Any], int]] = [
    ("7000000001:wrong", "getMe", {}, 401),
    ("nonsense", "getMe", {}, 404),
    ("7000000001:sandbox", "getNothing", {}, 404),
    ("7000000001:sandbox", "sendMessage", {"text": "hello"}, 400),
    ("7000000001:sandbox", "sendMessage", {"chat_id": "x", "text": "hello"}, 400),
    ("7000000001:sandbox", "sendChatAction", {"chat_id": GROUP, "action": "dancing"}, 400),
]


@pytest.mark.parametrize(("token", "method", "body", "status"), REFUSED)
async def test_refusals_have_one_shape(rig: Rig, token: str, method: str, body: dict[str, Any], status: int) -> None:
    answer = await rig.control.post(f"/bot{token}/{method}", json=body)
    assert (answer.status_code, answer.json()["ok"], answer.json()["error_code"]) == (status, False, status)
    assert answer.json()["description"]


@pytest.mark.parametrize("form", ["query", "form", "multipart", "json"])
async def test_parameters_come_in_every_way(rig: Rig, form: str) -> None:
    facts = {"chat_id": GROUP, "text": "hello"}
    ways: dict[str, Any] = {"query": {"params": facts}, "form": {"data": facts}, "json": {"json": facts}}
    ways["multipart"] = {"files": {name: (None, value) for name, value in facts.items()}}
    method = "GET" if form == "query" else "POST"
    answer = await rig.control.request(method, "/bot7000000001:sandbox/SENDMESSAGE", **ways[form])
    assert answer.json()["result"]["text"] == "hello"


async def test_the_ledger_never_holds_the_token(rig: Rig, bot: Bot) -> None:
    await bot.get_me()
    assert "sandbox" not in str(rig.world.ledger.entries())


async def test_the_control_api_says_what_is_missing(rig: Rig) -> None:
    answer = await rig.control.post("/_control/posts", json={"author": "1", "text": "hello"})
    assert (answer.status_code, "nobody" in answer.json()["error"]) == (404, True)


async def test_a_new_group_has_a_new_chat(rig: Rig, bot: Bot) -> None:
    group = (await rig.do("POST", "/channels", name="Kestrel Traders", topic="talk"))["id"]
    await rig.post(await rig.person(), "hello", channel=group)
    updates: tuple[Update, ...] = await bot.get_updates()
    assert [update.message.chat.title for update in updates if update.message] == ["Kestrel Traders"]
