"""What X's error answers mean, and where its client sends requests."""

import pytest

from platforms.x import answered, as_string, is_id
from tests.sandbox.x_rig import access

NOW = 1_000_000.0


@pytest.mark.parametrize(
    ("reset", "wait_s"),
    [("1000060", 60.0), ("999000", 1.0), ("2000000", 900.0), ("soon", 60.0), ("-5", 60.0), ("²", 60.0), (None, 60.0)],
)
def test_how_long_a_rate_limit_waits(reset: str | None, wait_s: float) -> None:
    headers = {} if reset is None else {"x-rate-limit-reset": reset}
    assert answered(429, headers, b"{}", now=NOW).wait_s == wait_s


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"detail": "No."}', "X answered 403: No."),
        (b'{"errors": [{"message": "Bad id"}], "detail": "No."}', "X answered 403: Bad id"),
        (b'{"errors": "odd", "detail": 5}', "X answered 403"),
        (b"<html>", "X answered 403"),
        (b"", "X answered 403"),
        (b"[]", "X answered 403"),
    ],
)
def test_what_x_said(body: bytes, reason: str) -> None:
    assert answered(403, {}, body, now=NOW).reason == reason


def test_our_account_is_named_in_its_token() -> None:
    assert access("http://127.0.0.1").account_id == "1500000000000000002"


def test_secrets_do_not_show() -> None:
    shown = repr(access("http://127.0.0.1"))
    assert "secret" not in shown
    assert "bearer" not in shown


@pytest.mark.parametrize(
    ("value", "valid"), [("7", True), ("", False), ("1" * 20, False), ("٣", False), (7, False), (None, False)]
)
def test_ids(value: object, valid: bool) -> None:
    assert is_id(value) is valid


def test_strings_lose_what_no_database_can_hold() -> None:
    assert as_string("a\0b\udc00") == "ab?"
