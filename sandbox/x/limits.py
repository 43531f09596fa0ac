"""How often each endpoint may be asked, per app or per user, and the headers that tell."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

WINDOW_S = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The state of one window after a request was counted."""

    limit: int
    remaining: int
    reset_at: int
    """Unix seconds."""
    exceeded: bool

    def headers(self) -> dict[str, str]:
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(self.remaining),
            "x-rate-limit-reset": str(self.reset_at),
        }


class Limiter:
    """Fixed windows of 15 minutes, one for each endpoint and caller. `overrides` replace an endpoint's limit."""

    def __init__(self) -> None:
        self.overrides: dict[str, int] = {}
        self.window_s = WINDOW_S
        self._windows: dict[tuple[str, str], tuple[float, int]] = {}

    def count(self, endpoint: str, caller: str, limit: int) -> Allowance:
        now = time.time()
        limit = self.overrides.get(endpoint, limit)
        reset_at, used = self._windows.get((endpoint, caller), (0.0, 0))
        if now >= reset_at:
            reset_at, used = now + self.window_s, 0
        exceeded = used >= limit
        used += not exceeded
        self._windows[(endpoint, caller)] = (reset_at, used)
        return Allowance(limit=limit, remaining=limit - used, reset_at=int(reset_at) + 1, exceeded=exceeded)

    def override(self, limits: Mapping[str, int]) -> None:
        self.overrides.update(limits)
