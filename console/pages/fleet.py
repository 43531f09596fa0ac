"""The fleet: how the listeners are, what was done, and the switches of each platform."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import Response

from console.access import Lead, Viewer
from console.context import Here
from console.forms import SwitchForm
from console.pages.quality import drift_of
from console.screen import fragment, see_other, show
from domain.people import PLATFORMS, Platform
from domain.records import ListenerRecord, SwitchRecord
from storage import actions, audit, listener_states, switches

STALE_AFTER = timedelta(minutes=2)
"""A listener that has not reported for so long is not trusted to be there."""
ALERTS_SHOWN = 10

router = APIRouter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One platform of the fleet."""

    platform: Platform
    listener: ListenerRecord | None
    switch: SwitchRecord | None
    stale: bool


@router.get("/fleet")
async def fleet_page(request: Request, console: Here, user: Viewer) -> Response:
    now = console.clock()
    async with console.db.reading() as tx:
        listening = {listener.platform: listener for listener in await listener_states.all(tx)}
        switched = {switch.platform: switch for switch in await switches.all(tx)}
        alerts = await actions.latest_alerts(tx, limit=ALERTS_SHOWN)
        model = await audit.last(tx, audit.MODEL_VERBS)
        # The live update of the platforms asks every few seconds and does not show it.
        drifting = [] if fragment(request) else (await drift_of(tx, now)).strong
    rows = [
        Row(
            platform=platform,
            listener=listening.get(platform),
            switch=switched.get(platform),
            stale=platform in listening and stale(listening[platform], now),
        )
        for platform in PLATFORMS
    ]
    return await show(request, console, user, "fleet.html", rows=rows, alerts=alerts, model=model, drifting=drifting)


@router.post("/fleet/{platform}/killed")
async def set_killed(console: Here, user: Lead, platform: Platform, form: Annotated[SwitchForm, Form()]) -> Response:
    now = console.clock()
    async with console.db.transaction() as tx:
        await switches.set_killed(tx, platform, form.on, by=user.username, now=now)
        verb = "switch.kill" if form.on else "switch.revive"
        await audit.add(tx, actor=user.username, verb=verb, subject=platform, detail="", now=now)
    return see_other("/fleet?said=saved")


@router.post("/fleet/{platform}/live")
async def set_live(console: Here, user: Lead, platform: Platform, form: Annotated[SwitchForm, Form()]) -> Response:
    now = console.clock()
    async with console.db.transaction() as tx:
        await switches.set_live(tx, platform, form.on, by=user.username, now=now)
        verb = "switch.live" if form.on else "switch.shadow"
        await audit.add(tx, actor=user.username, verb=verb, subject=platform, detail="", now=now)
    return see_other("/fleet?said=saved")


def stale(listener: ListenerRecord, now: datetime) -> bool:
    return now - listener.updated_at > STALE_AFTER
