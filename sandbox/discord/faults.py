"""Faults that tests order: the next answers of a route are replaced, before or after the request took effect."""

from dataclasses import dataclass


@dataclass(slots=True, kw_only=True)
class Fault:
    route: str
    """Method and template, such as `POST /channels/{channel_id}/messages`."""
    status: int
    after: bool = False
    """The request takes effect first: the client is told of a failure that was none."""
    times: int = 1


def take(faults: list[Fault], route: str) -> Fault | None:
    """The fault that strikes this request, counted down."""
    fault = next((each for each in faults if each.route == route and each.times > 0), None)
    if fault:
        fault.times -= 1
    return fault
