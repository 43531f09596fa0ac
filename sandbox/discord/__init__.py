"""A local Discord: gateway v10 over WebSocket and the REST API v10, enough of both for the unchanged client library."""

from starlette.applications import Starlette

from sandbox.discord import control, gateway, pictures, rest
from sandbox.discord.world import DiscordWorld
from sandbox.ledger import Ledger


def create_app(ledger: Ledger, base_url: str) -> Starlette:
    """The app as it is reached at `base_url`: REST at its root, `/gateway` (WebSocket), `/cdn` and `/_control`."""
    world = DiscordWorld(ledger, base_url)
    return Starlette(routes=[*control.routes(world), *pictures.routes(world), *gateway.routes(world), *rest.routes(world)])
