"""Shadow mode: records what would have been sent. Nothing else knows about the mode."""

from dataclasses import dataclass

from domain.acting import Absent, Outcome, ReadBack, ReplyOrder, Withheld
from domain.people import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class ShadowResponder:
    """Stands in for one platform's responder. It never touches the network."""

    platform: Platform

    async def reply(self, order: ReplyOrder) -> Outcome:
        return Withheld(reason=f"shadow mode: {order.platform} is not live")

    async def find(self, order: ReplyOrder) -> ReadBack:
        _ = order
        return Absent()

    async def close(self) -> None:
        """Nothing is open."""
