"""A Bot API server for Telegram: `/bot<token>/<method>`, `/file/bot<token>/<path>`, and `/_control`."""

from starlette.applications import Starlette
from starlette.routing import Mount

from sandbox.ledger import Ledger
from sandbox.telegram.control import create_control
from sandbox.telegram.routes import api_routes
from sandbox.telegram.world import TelegramWorld


def create_app(ledger: Ledger, base_url: str) -> Starlette:
    """`app.state.world` is the TelegramWorld. `base_url` is where the app is mounted; Bot API answers never carry it."""
    world = TelegramWorld(ledger)
    app = Starlette(routes=[*api_routes(world), Mount("/_control", app=create_control(world))])
    app.state.world = world
    app.state.base_url = base_url
    return app
