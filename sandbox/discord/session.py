"""One gateway session: it outlives its sockets, so that a client may resume and be told what it missed."""

import asyncio
from collections import deque
from dataclasses import dataclass
from typing import Any, Literal

Json = dict[str, Any]
_REPLAY = 5000
"""Events kept for a resume; a client further behind must identify anew."""


@dataclass(frozen=True, slots=True)
class Close:
    """An order to a socket's writer: close with this code."""

    code: int


Outbox = asyncio.Queue[Json | Close]


class Session:
    def __init__(self, session_id: str, intents: int, outbox: Outbox) -> None:
        self.id = session_id
        self.intents = intents
        self.seq = 0
        self.outbox: Outbox | None = outbox
        """The live socket's; None while the client is away."""
        self._sent: deque[Json] = deque(maxlen=_REPLAY)

    def dispatch(self, name: str, data: Json) -> None:
        """Number the event, keep it for a resume, and send it if somebody listens."""
        self.seq += 1
        frame: Json = {"op": 0, "t": name, "s": self.seq, "d": data}
        self._sent.append(frame)
        if self.outbox:
            self.outbox.put_nowait(frame)

    def resume(self, seq: int, outbox: Outbox) -> Literal["resumed", "bad sequence", "too old"]:
        """Continue on a new socket after event number `seq`: what was missed is sent again, then RESUMED."""
        if not 0 <= seq <= self.seq:
            return "bad sequence"
        if seq < self.seq - len(self._sent):
            return "too old"
        if self.outbox:
            self.outbox.put_nowait(Close(4000))
        self.outbox = outbox
        for frame in self._sent:
            if frame["s"] > seq:
                outbox.put_nowait(frame)
        self.dispatch("RESUMED", {})
        return "resumed"

    def tell(self, op: int, data: object = None) -> None:
        """Send an unnumbered payload to the live socket."""
        if self.outbox:
            self.outbox.put_nowait({"op": op, "t": None, "s": None, "d": data})

    def drop(self, code: int) -> None:
        """Cut the live socket. The session stays and may be resumed."""
        if self.outbox:
            self.outbox.put_nowait(Close(code))
            self.outbox = None
