"""One admitted request, and how its parameters are read. Everything here raises Rejected for a parameter X would refuse."""

from dataclasses import dataclass
from datetime import datetime

from starlette.requests import Request

from sandbox.x import render
from sandbox.x.problems import Rejected, invalid
from sandbox.x.render import Wanted
from sandbox.x.world import Person, XWorld


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request. `caller` is the user it acts for, or None for the app."""

    world: XWorld
    request: Request
    caller: Person | None

    def param(self, name: str) -> str | None:
        return self.request.query_params.get(name)

    def path(self, name: str) -> str:
        return str(self.request.path_params[name])

    def wanted(self) -> Wanted:
        return render.wanted(self.request.query_params)

    def listed(self, name: str) -> list[str]:
        """1 to 100 values separated by commas."""
        values = [value for value in (self.param(name) or "").split(",") if value]
        if not 1 <= len(values) <= 100:
            raise Rejected(invalid(name, ",".join(values), f"The `{name}` query parameter must have 1 to 100 values"))
        return values

    def number(self, name: str, *, smallest: int, default: int) -> int:
        """A page size of at most 100."""
        asked = self.param(name) or str(default)
        if not asked.isdecimal() or not smallest <= int(asked) <= 100:
            message = f"The `{name}` query parameter value [{asked}] is not between {smallest} and 100"
            raise Rejected(invalid(name, asked, message))
        return int(asked)

    def post_id(self, name: str) -> int | None:
        value = self.param(name)
        if value is not None and not is_id(value):
            raise Rejected(invalid(name, value, f"The `{name}` query parameter value [{value}] is not a post id"))
        return int(value) if value else None

    def time(self, name: str) -> datetime | None:
        value = self.param(name)
        try:
            return datetime.fromisoformat(value) if value else None
        except ValueError as error:
            raise Rejected(invalid(name, value or "", f"The `{name}` query parameter is not a time")) from error

    def token(self, name: str) -> int | None:
        """The id below which the next page starts."""
        value = self.param(name)
        try:
            return int(value, 16) if value else None
        except ValueError as error:
            raise Rejected(invalid(name, value or "", "The pagination token is not valid")) from error


def is_id(value: str) -> bool:
    return value.isascii() and value.isdecimal() and len(value) <= 19
