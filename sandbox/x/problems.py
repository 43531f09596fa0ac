"""How X says no: problem+json bodies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

_TYPES = "https://api.twitter.com/2/problems"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    status: int
    title: str
    detail: str
    type: str = "about:blank"
    more: Mapping[str, Any] = field(default_factory=dict[str, Any])

    def body(self) -> dict[str, Any]:
        return {**self.more, "title": self.title, "detail": self.detail, "type": self.type, "status": self.status}


class Rejected(Exception):
    """A request ends here with this problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


UNAUTHORIZED = Problem(status=401, title="Unauthorized", detail="Unauthorized")
TOO_MANY_REQUESTS = Problem(status=429, title="Too Many Requests", detail="Too Many Requests")
TOO_MANY_STREAMS = Problem(
    status=429,
    title="ConnectionException",
    detail="This stream is currently at the maximum allowed connection limit.",
    type=f"{_TYPES}/streaming-connection",
    more={"connection_issue": "TooManyConnections"},
)
WRONG_CONTEXT = Problem(
    status=403,
    title="Unsupported Authentication",
    detail="Authenticating with this kind of token is forbidden for this endpoint.",
    type=f"{_TYPES}/unsupported-authentication",
)


def forbidden(detail: str) -> Problem:
    return Problem(status=403, title="Forbidden", detail=detail)


def invalid(parameter: str, value: str, message: str) -> Problem:
    return Problem(
        status=400,
        title="Invalid Request",
        detail="One or more parameters to your request was invalid.",
        type=f"{_TYPES}/invalid-request",
        more={"errors": [{"parameters": {parameter: [value]}, "message": message}]},
    )


def not_found(resource: str, parameter: str, value: str) -> dict[str, Any]:
    """A partial error: it travels inside an answer with status 200."""
    return {
        "value": value,
        "detail": f"Could not find {resource} with {parameter}: [{value}].",
        "title": "Not Found Error",
        "resource_type": resource,
        "parameter": parameter,
        "resource_id": value,
        "type": f"{_TYPES}/resource-not-found",
    }
