"""Who asks: the app with its bearer token, or a user with OAuth 1.0a."""

import re

from starlette.requests import Request

from sandbox import brand
from sandbox.x.problems import UNAUTHORIZED, WRONG_CONTEXT, Rejected
from sandbox.x.world import Person, XWorld

_OAUTH_FIELD = re.compile(r'(\w+)="([^"]*)"')


def caller(world: XWorld, request: Request, *, app: bool, user: bool) -> Person | None:
    """The user the request acts for, None for the app. Raises Rejected: unknown credentials, or a context not allowed here."""
    scheme, _, rest = request.headers.get("authorization", "").partition(" ")
    person = _person(world, scheme, rest)
    if (person and not user) or (not person and not app):
        raise Rejected(WRONG_CONTEXT)
    return person


def _person(world: XWorld, scheme: str, rest: str) -> Person | None:
    if scheme == "Bearer" and rest == brand.X_BEARER_TOKEN and not world.revoked:
        return None
    fields = dict(_OAUTH_FIELD.findall(rest)) if scheme == "OAuth" else {}
    known = (brand.X_CONSUMER_KEY, brand.X_ACCESS_TOKEN)
    if (fields.get("oauth_consumer_key"), fields.get("oauth_token")) == known and not world.revoked:
        return world.people[brand.X_BOT_ID]
    raise Rejected(UNAUTHORIZED)
