"""X API v2 on loopback: users, posts, timelines, recent search and the filtered stream, as the real service answers them."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from sandbox import brand
from sandbox.ledger import Ledger
from sandbox.x import control, routes
from sandbox.x.gate import Gate
from sandbox.x.world import Person, XWorld

__all__ = ["create_app"]


def create_app(ledger: Ledger, base_url: str) -> Starlette:
    """The app to mount at `base_url`. Its state is `app.state.world`; it needs no lifespan."""
    world = XWorld(ledger, base_url)
    for identity, username, name in (
        (brand.X_BRAND_ID, brand.X_BRAND_USERNAME, brand.X_BRAND_NAME),
        (brand.X_BOT_ID, brand.X_BOT_USERNAME, brand.X_BOT_NAME),
    ):
        world.add_person(Person(id=identity, username=username, display_name=name, verified=True))
    app = Starlette(routes=[*routes.routes(world), *control.routes(world)], middleware=[Middleware(Gate, world=world)])
    app.state.world = world
    return app
