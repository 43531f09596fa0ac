"""Alerts through Apprise to a real web server on loopback."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from domain.acting import AlertOrder, RetryLater, Sent, Withheld
from domain.errors import ConfigError
from responders.alerts import AppriseAlerter

ORDER = AlertOrder(key="alert:outage:1", title="outage: 40 posts", body="on x, in en", link="http://console/")


@contextmanager
def web_hook(status: int) -> Generator[tuple[str, list[dict[str, Any]]]]:
    """An address for Apprise's JSON sink, and what arrived there."""
    arrived: list[dict[str, Any]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            arrived.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(status)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"json://127.0.0.1:{server.server_port}", arrived
        finally:
            server.shutdown()
            thread.join()


async def test_an_alert_arrives_with_title_body_and_link() -> None:
    with web_hook(200) as (url, arrived):
        assert await AppriseAlerter([url]).alert(ORDER) == Sent(external_id=ORDER.key)
    assert [(one["title"], one["message"]) for one in arrived] == [("outage: 40 posts", "on x, in en\nhttp://console/")]


async def test_an_address_that_refuses_is_tried_again_later() -> None:
    with web_hook(500) as (url, _):
        assert isinstance(await AppriseAlerter([url]).alert(ORDER), RetryLater)


async def test_without_an_address_the_alert_stays_in_the_console() -> None:
    assert isinstance(await AppriseAlerter([]).alert(ORDER), Withheld)


def test_a_wrong_address_is_named_by_its_number_and_never_shown() -> None:
    with pytest.raises(ConfigError, match=r"alerts\.urls: address number 2") as raised:
        AppriseAlerter(["json://127.0.0.1", "nothing://token-of-somebody"])
    assert "token-of-somebody" not in str(raised.value)
