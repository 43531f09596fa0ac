"""What a Bot API call was given, however it came: query, form, multipart or JSON."""

import json
from collections.abc import Mapping
from typing import Any, cast

from starlette.requests import Request

from sandbox.telegram.errors import bad_request


class Params:
    """Typed reading of one call's parameters. Every method raises ApiError 400 on what cannot be read."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def text(self, name: str) -> str:
        value = self._values.get(name, "")
        return value if isinstance(value, str) else str(value)

    def integer(self, name: str, default: int | None = None) -> int:
        value = self._values.get(name, default)
        try:
            return int(value)
        except (TypeError, ValueError):
            raise bad_request(f"{name} is not specified or is no integer") from None

    def flag(self, name: str) -> bool:
        return str(self._values.get(name, "")).lower() in ("true", "1")

    def structure(self, name: str) -> Any:
        """A value that forms carry as JSON; None when absent."""
        value = self._values.get(name)
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise bad_request(f"can't parse {name} JSON object") from None

    def has(self, name: str) -> bool:
        return self._values.get(name) not in (None, "")


async def read_params(request: Request) -> Params:
    values: dict[str, Any] = dict(request.query_params)
    kind = request.headers.get("content-type", "")
    if kind.startswith("application/json"):
        body = await _json_body(request)
        return Params(values | body)
    if kind.startswith(("application/x-www-form-urlencoded", "multipart/form-data")):
        values |= dict(await request.form())
    return Params(values)


async def _json_body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(await request.body())
    except ValueError:
        raise bad_request("can't parse request JSON object") from None
    if not isinstance(body, dict):
        raise bad_request("request JSON must be an object")
    return cast("dict[str, Any]", body)
