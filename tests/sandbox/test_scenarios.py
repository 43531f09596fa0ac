"""Scenario files: mistakes end in one sentence, and the bundled ones are what they promise."""

import json
import tomllib
from collections import Counter
from pathlib import Path

import pytest

from domain.limits import MAX_LENGTH, text_length
from domain.understanding import LANGUAGES
from sandbox.scenario import Post, Scenario, ScenarioError, load

ROOT = Path(__file__).parents[2]
BUNDLED = sorted((ROOT / "sandbox" / "scenarios").glob("*.toml"))
GOOD = """
brand = { name = "Kestrel", starts = "09:00" }
people = [{ key = "ruth", language = "en", display_name = "Ruth", x = "ruth_abroad" }]
"""
OUTAGE = range(int(6.5 * 3600), int(6.5 * 3600) + 600)
"""14:30 to 14:40 of a day that starts at 08:00, in seconds."""


def posts(scenario: Scenario) -> list[Post]:
    return [step for step in scenario.steps if isinstance(step, Post)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("brand = [", "not valid TOML"),
        ("people = []", "brand.* has no starts"),
        (GOOD + "posts = [{ at = '9 am', by = 'ruth', on = 'x', text = 'hi' }]", r"posts\[1\].*'9 am'.*HH:MM"),
        (GOOD + "posts = [{ at = '08:59', by = 'ruth', on = 'x', text = 'hi' }]", "before the scenario starts"),
        (
            GOOD + "posts = [{ at = 0, by = 'ruth', on = 'mail', text = 'hi' }]",
            "has on 'mail'; use one of x, telegram, discord",
        ),
        (GOOD + "posts = [{ at = 0, by = 'ruth', on = 'x' }]", r"posts\[1\].*has no text"),
        (GOOD + "posts = [{ at = 0, by = 'ruth', on = 'x', text = 'hi', replyto = 'q' }]", "unknown field replyto"),
        (GOOD + "posts = [{ at = 0, by = 'ruth', on = 'x', text = 'hi', reply_to = 'q' }]", "no earlier post has the key q"),
        (GOOD + "posts = [{ at = 0, by = 'nobody', on = 'x', text = 'hi' }]", "nobody has the key nobody"),
        (GOOD + "posts = [{ at = 0, by = 'ruth', on = 'discord', text = 'hi' }]", "ruth is not on discord"),
        (GOOD + "posts = [{ at = 0, by = 'ruth', on = 'x', text = 'hi', expect = { action = 'dance' } }]", "'dance'"),
        (GOOD + "acts = [{ at = 0, do = 'delete', post = 'q' }]", "no earlier post has the key q"),
        (GOOD + "acts = [{ at = 0, do = 'explode' }]", r"acts\[1\].*'explode'"),
        (GOOD.replace(", x = 'ruth_abroad'", "").replace(', x = "ruth_abroad"', ""), r"people\[1\] \(ruth\) is on no platform"),
        (GOOD + "posts = 3", "posts is not a list"),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ScenarioError, match=words) as caught:
        load(path)
    assert str(path) in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError, match=r"none\.toml: cannot be read"):
        load(tmp_path / "none.toml")


def test_times_are_seconds_from_the_start_in_order(tmp_path: Path) -> None:
    path = tmp_path / "scenario.toml"
    path.write_text(
        GOOD
        + """posts = [
          { at = "10:00:30", by = "ruth", on = "x", text = "third" },
          { at = "09:12", by = "ruth", on = "x", text = "second" },
          { at = 5, by = "ruth", on = "x", text = "first" },
        ]""",
        encoding="utf-8",
    )
    assert [step.at for step in load(path).steps] == [5, 720, 3630]


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_posts_on_x_fit(path: Path) -> None:
    long = [post.text for post in posts(load(path)) if post.on == "x" and text_length("x", post.text) > MAX_LENGTH["x"]]
    assert long == []


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_links_are_reserved_names_only(path: Path) -> None:
    links = [word for post in posts(load(path)) for word in post.text.split() if "://" in word]
    assert [link for link in links if not link.split("/")[2].endswith(".example")] == []


@pytest.mark.parametrize("path", BUNDLED, ids=lambda path: path.stem)
def test_fixed_ids_are_the_registered_ones(path: Path) -> None:
    registry = tomllib.loads((ROOT / "config" / "identities.toml").read_text(encoding="utf-8"))
    registered = {(account["platform"], account["id"]) for account in registry["accounts"]}
    people = load(path).people.values()
    assert {(platform, fixed) for person in people for platform, fixed in person.ids.items()} <= registered
    assert all(person.ids.keys() == person.handles.keys() for person in people if person.role == "staff")


def test_the_day_is_a_day_at_kestrel() -> None:
    day = load(ROOT / "sandbox" / "scenarios" / "kestrel_day.toml")
    languages = Counter(day.people[post.by].language for post in posts(day))
    assert set(languages) == set(LANGUAGES)
    assert min(languages.values()) >= 20
    assert min(Counter(post.on for post in posts(day)).values()) >= 60
    catalogue = (ROOT / "config" / "faq" / "kestrel.jsonl").read_text(encoding="utf-8").splitlines()
    assert {post.expect["faq_id"] for post in posts(day) if "faq_id" in post.expect} == {
        json.loads(line)["id"] for line in catalogue
    }
    assert {post.expect.get("action") for post in posts(day)} == {"reply_faq", "open_ticket", "flag", "none", "review"}


def test_the_outage_of_the_day_is_heard_in_every_language() -> None:
    day = load(ROOT / "sandbox" / "scenarios" / "kestrel_day.toml")
    struck = [post for post in posts(day) if post.at in OUTAGE and post.expect.get("faq_id") == "system-status"]
    assert len(struck) >= 50
    assert {day.people[post.by].language for post in struck} == set(LANGUAGES)


def test_nobody_copies_a_question_of_the_catalogue() -> None:
    day = load(ROOT / "sandbox" / "scenarios" / "kestrel_day.toml")
    catalogue = (ROOT / "config" / "faq" / "kestrel.jsonl").read_text(encoding="utf-8")
    assert [post.text for post in posts(day) if f'"{post.text}"' in catalogue] == []
