"""Pages from Jinja templates. Everything a stranger wrote is escaped; no template marks anything as safe."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.responses import HTMLResponse

from console import words
from domain.people import PLATFORMS

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Pages:
    """The template environment. `brand` is shown in every page's head."""

    def __init__(self, *, brand: str) -> None:
        self._environment = Environment(
            loader=FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        helpers = (words.label, words.drifting, words.percent, words.initials, words.hue, words.iso, words.utc, words.lang)
        filters = cast("dict[str, object]", self._environment.filters)
        filters.update({helper.__name__: helper for helper in helpers})
        shared: dict[str, object] = {
            "brand": brand,
            "asset": _asset_addresses(),
            "platforms": PLATFORMS,
            "platform_names": words.PLATFORM_NAMES,
            "language_names": words.LANGUAGE_NAMES,
        }
        cast("dict[str, object]", self._environment.globals).update(shared)

    def render(self, template: str, values: Mapping[str, object], *, status: int = 200) -> HTMLResponse:
        return HTMLResponse(self._environment.get_template(template).render(values), status)


def _asset_addresses() -> dict[str, str]:
    """File name -> address with the content's hash, so that browsers may keep it for ever."""
    return {
        path.name: f"/static/{path.name}?v={hashlib.sha256(path.read_bytes()).hexdigest()[:12]}"
        for path in STATIC.iterdir()
        if path.suffix in {".css", ".js", ".svg"}
    }
