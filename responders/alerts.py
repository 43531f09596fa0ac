"""Wakes support leads through Apprise (Slack, Discord, Telegram, e-mail, PagerDuty ...)."""

from collections.abc import Sequence

from apprise import Apprise

from domain.acting import AlertOrder, Outcome, RetryLater, Sent, Withheld
from domain.errors import ConfigError

RETRY_S = 60.0


class AppriseAlerter:
    """Sends to every address. `urls` hold secrets and are never logged. Raises ConfigError for one Apprise does not know."""

    def __init__(self, urls: Sequence[str]) -> None:
        self._apprise = Apprise()
        self._count = len(urls)
        for number, url in enumerate(urls, start=1):
            if not self._apprise.add(url):  # pyright: ignore[reportUnknownMemberType]
                raise ConfigError(f"alerts.urls: address number {number} is not an Apprise address; mend its scheme.")

    async def alert(self, order: AlertOrder) -> Outcome:
        if not self._count:
            return Withheld(reason="no alert address is configured: shown in the console only")
        sent = await self._apprise.async_notify(title=order.title, body=f"{order.body}\n{order.link}")
        return Sent(external_id=order.key) if sent else RetryLater(after_s=RETRY_S, reason="an alert address did not answer")
