"""Plays a scenario through the sandbox's control API, at any speed.

What no platform tells (who is a scammer, who writes in which language, what should come of a post) goes to the sandbox's notes.
"""

import argparse
import http.client
import json
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from sandbox import brand
from sandbox.scenario import Delete, Edit, Join, Person, Post, Rename, Scenario, ScenarioError, Step, load

DEFAULT_SPEED = 200.0
"""Scenario seconds a second: the bundled day takes under four minutes."""
_CHANNELS = {
    ("discord", brand.DISCORD_GENERAL_NAME): brand.DISCORD_GENERAL_ID,
    ("discord", brand.DISCORD_SUPPORT_NAME): brand.DISCORD_SUPPORT_ID,
}
_TIMEOUT_S = 30


class Player:
    """One run of a scenario on the sandbox at `url`. Raises ScenarioError when the sandbox refuses or cannot be reached."""

    def __init__(self, url: str, scenario: Scenario) -> None:
        self._url = url
        self._scenario = scenario
        self._people: dict[tuple[str, str], str] = {}
        self._posts: dict[str, tuple[str, str]] = {}
        """Scenario key -> (platform, external id)."""

    def play(self, *, speed: float = DEFAULT_SPEED, after: float = 0.0, tell: Callable[[Step], None] | None = None) -> int:
        """Play the steps from `after` scenario seconds on and tell each; `speed` 0 never waits. Returns their number."""
        started, played = time.monotonic(), 0
        for step in self._scenario.steps:
            if step.at < after:
                continue
            if speed:
                time.sleep(max(0.0, started + (step.at - after) / speed - time.monotonic()))
            self._perform(step)
            played += 1
            if tell:
                tell(step)
        return played

    def _perform(self, step: Step) -> None:
        match step:
            case Post():
                self._post(step)
            case Edit() | Delete():
                self._change(step)
            case Rename():
                self._call("PATCH", f"/{step.on}/_control/people/{self._person(step.by, step.on)}", step.changes)
            case Join():
                self._call("POST", f"/{step.on}/_control/people/{self._person(step.by, step.on)}/join", {})

    def _post(self, step: Post) -> None:
        body: dict[str, Any] = {"author": self._person(step.by, step.on), "text": step.text}
        if step.channel:
            body["channel"] = _CHANNELS.get((step.on, step.channel), step.channel)
        if step.reply_to in self._posts:
            body["reply_to"] = self._posts[step.reply_to][1]
        if step.media:
            body["media"] = list(step.media)
        external_id = str(self._call("POST", f"/{step.on}/_control/posts", body)["id"])
        if step.key:
            self._posts[step.key] = (step.on, external_id)
        if step.expect:
            self._note("post", platform=step.on, id=external_id, expect=step.expect)

    def _change(self, step: Edit | Delete) -> None:
        if step.post not in self._posts:
            return  # written before `after`: it was never posted in this run
        platform, external_id = self._posts[step.post]
        path = f"/{platform}/_control/posts/{quote(external_id)}"
        if isinstance(step, Edit):
            self._call("PATCH", path, {"text": step.text})
        else:
            self._call("DELETE", path, {})

    def _person(self, key: str, platform: str) -> str:
        """The platform's id of a person, who is made there at the first use."""
        known = self._people.get((key, platform))
        if known:
            return known
        person = self._scenario.people[key]
        made = str(self._call("POST", f"/{platform}/_control/people", _introduction(person, platform))["id"])
        self._people[(key, platform)] = made
        self._note("person", platform=platform, id=made, key=key, language=person.language, role=person.role)
        return made

    def _note(self, kind: str, **facts: object) -> None:
        self._call("POST", "/_control/notes", {"kind": kind, **facts})

    def _call(self, method: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection(urlsplit(self._url).netloc, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, json.dumps(body), {"Content-Type": "application/json"})
            answer = connection.getresponse()
            content = answer.read()
        except OSError as error:
            raise ScenarioError(f"The sandbox at {self._url} does not answer ({error}); start it, or correct --url.") from error
        finally:
            connection.close()
        if answer.status >= http.HTTPStatus.BAD_REQUEST:
            raise ScenarioError(
                f"The sandbox refused {method} {path} with {answer.status}: {content[:200].decode(errors='replace')}"
            )
        return json.loads(content) if content else {}


def _introduction(person: Person, platform: str) -> dict[str, Any]:
    facts = {"username": person.handles[platform], "display_name": person.display_name, "kind": person.kind, **person.profile}
    return {**facts, "id": person.ids[platform]} if platform in person.ids else facts


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox.player", description="Play a scenario on a running sandbox.")
    parser.add_argument("--url", required=True, help="the sandbox's address")
    parser.add_argument("--scenario", type=Path, default=Path(__file__).parent / "scenarios" / "kestrel_day.toml")
    parser.add_argument(
        "--speed", type=_speed, default=DEFAULT_SPEED, help="scenario seconds a second; 0 or max for no waiting"
    )
    parser.add_argument("--after", type=float, default=0.0, metavar="SECONDS", help="begin this far into the scenario")
    parser.add_argument("--progress", action="store_true", help="print one JSON line for each step")
    wanted = parser.parse_args(argv)
    try:
        player = Player(wanted.url.rstrip("/"), load(wanted.scenario))
        played = player.play(speed=wanted.speed, after=wanted.after, tell=_print_step if wanted.progress else None)
    except ScenarioError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    _print({"done": True, "steps": played})
    return 0


def _speed(text: str) -> float:
    return 0.0 if text == "max" else float(text)


def _print_step(step: Step) -> None:
    _print(
        {"at": step.at, "step": type(step).__name__.lower(), "on": getattr(step, "on", None), "by": getattr(step, "by", None)}
    )


def _print(line: Mapping[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
