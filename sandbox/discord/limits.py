"""Rate limits: fixed windows for each bucket and for the whole token, with the headers Discord sends."""

import hashlib
import time
from dataclasses import dataclass

GLOBAL_LIMIT = (50, 1.0)
DEFAULT_LIMIT = (50, 1.0)
# Discord publishes no numbers for buckets and asks clients to obey the headers; five posts in five seconds is commonly seen.
SEND_ROUTE = "POST /channels/{channel_id}/messages"


@dataclass(slots=True)
class _Window:
    ends: float
    used: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Toll:
    """What one request costs: headers for its answer, and the seconds to wait if it is refused."""

    headers: dict[str, str]
    retry_after: float | None
    is_global: bool


class Limiter:
    def __init__(self) -> None:
        self.limits: dict[str, tuple[int, float]] = {SEND_ROUTE: (5, 5.0)}
        """Route template -> (requests, seconds); tests and benches may change them."""
        self._windows: dict[str, _Window] = {}

    def pay(self, route: str, major: str) -> Toll:
        """Count one request against the token and against the bucket of `route` for the channel or guild `major`."""
        now = time.time()
        over_global = self._spend("global", GLOBAL_LIMIT, now)
        limit, per_s = self.limits.get(route, DEFAULT_LIMIT)
        key = f"{route}:{major}"
        over_bucket = self._spend(key, (limit, per_s), now)
        window = self._windows[key]
        headers = {
            "X-RateLimit-Limit": str(limit),
            "X-RateLimit-Remaining": str(max(0, limit - window.used)),
            "X-RateLimit-Reset": f"{window.ends:.3f}",
            "X-RateLimit-Reset-After": f"{max(0.0, window.ends - now):.3f}",
            "X-RateLimit-Bucket": hashlib.sha256(route.encode()).hexdigest()[:32],
        }
        retry_after = self._windows["global"].ends - now if over_global else window.ends - now if over_bucket else None
        return Toll(headers=headers, retry_after=retry_after, is_global=over_global)

    def forget(self) -> None:
        """Start every window anew."""
        self._windows.clear()

    def _spend(self, key: str, limit: tuple[int, float], now: float) -> bool:
        requests, per_s = limit
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            window = self._windows[key] = _Window(now + per_s)
        window.used += 1
        return window.used > requests
