"""What listener and responder share for Telegram."""

import logging
from collections.abc import AsyncIterator

import pytest
from pydantic import ValidationError
from telegram.error import NetworkError, RetryAfter, TelegramError

from platforms.telegram import TelegramAccess, TelegramLine, TelegramUpdate, asked_wait_s, was_not_sent, what_is_wrong
from tests.sandbox.telegram_rig import TOKEN, Rig, failing_after_effect, telegram_sandbox


@pytest.fixture
async def rig() -> AsyncIterator[Rig]:
    async with telegram_sandbox() as running:
        yield running


async def test_a_trailing_slash_does_no_harm(rig: Rig) -> None:
    line = TelegramLine(rig.access(base_url=f"{rig.url}/"))
    me = await line.ask("getme")
    await line.close()
    assert isinstance(me, dict)


async def test_a_local_server_is_reached_past_a_proxy(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    line = TelegramLine(rig.access())
    me = await line.ask("getme")
    await line.close()
    assert isinstance(me, dict)


async def test_neither_token_nor_text_is_logged(rig: Rig, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    line = TelegramLine(rig.access())
    rig.world.faults["getme"].append(failing_after_effect(200))
    with pytest.raises(TelegramError):
        await line.ask("getme", {"text": "a private matter"})
    await line.ask("getme", {"text": "a private matter"})
    await line.close()
    assert (TOKEN in caplog.text, "private" in caplog.text, "proxy page" in caplog.text) == (False, False, False)


async def test_no_connection_is_told_from_no_answer(rig: Rig) -> None:
    absent = TelegramLine(TelegramAccess(token=TOKEN, base_url="http://127.0.0.1:9"))
    with pytest.raises(NetworkError) as refused:
        await absent.ask("getme")
    await absent.close()
    rig.world.faults["getme"].append(failing_after_effect(500))
    line = TelegramLine(rig.access())
    with pytest.raises(NetworkError) as failed:
        await line.ask("getme")
    await line.close()
    assert (was_not_sent(refused.value), was_not_sent(failed.value)) == (True, False)


@pytest.mark.parametrize(("said", "wait_s"), [(7, 7.0), (-5, 1.0), (10**9, 3600.0)])
def test_a_wait_is_kept_within_reason(monkeypatch: pytest.MonkeyPatch, said: int, wait_s: float) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")
    assert asked_wait_s(RetryAfter(said)) == wait_s


def test_what_is_wrong_says_where_and_never_what() -> None:
    with pytest.raises(ValidationError) as fault:
        TelegramUpdate.model_validate({"update_id": "my secret", "message": {"text": ["another secret"]}})
    said = what_is_wrong(fault.value)
    assert "update_id: int_parsing" in said
    assert "secret" not in said
