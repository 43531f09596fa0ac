"""The player makes a scenario happen on the three platforms."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sandbox.player import Player, main
from sandbox.scenario import Scenario, ScenarioError, load
from tests.sandbox.conftest import call

PEOPLE = """
brand = { name = "Kestrel", starts = "09:00" }
people = [
  { key = "ruth", language = "en", display_name = "Ruth", x = "ruth_a", telegram = "ruth_a", discord = "ruth.a" },
  { key = "fake", language = "en", role = "scammer", display_name = "Help", telegram = "help_desk_1" },
  { key = "ana", language = "en", role = "staff", display_name = "Ana", telegram = "ana_k", ids = { telegram = "7100000001" } },
]
"""

Written = Callable[[str], Scenario]


@pytest.fixture
def written(tmp_path: Path) -> Written:
    def write(text: str) -> Scenario:
        path = tmp_path / "scenario.toml"
        path.write_text(PEOPLE + text, encoding="utf-8")
        return load(path)

    return write


def entries(url: str, *kinds: str) -> list[dict[str, Any]]:
    found: Any = call(f"{url}/ledger" if "_control" not in url else url)["entries"]
    return [entry for entry in found if entry["kind"] in kinds]


def test_posts_land_where_they_are_written(sandbox_url: str, written: Written) -> None:
    scenario = written("""posts = [
      { at = "09:00", by = "ruth", on = "x", text = "@KestrelHelp one" },
      { at = "09:01", by = "ruth", on = "telegram", text = "two" },
      { at = "09:02", by = "ruth", on = "discord", channel = "support", text = "three" },
    ]""")
    assert Player(sandbox_url, scenario).play(speed=0) == 3
    texts = {
        platform: entries(f"{sandbox_url}/{platform}/_control/ledger", "posted") for platform in ("x", "telegram", "discord")
    }
    assert {platform: [post["text"] for post in posts] for platform, posts in texts.items()} == {
        "x": ["@KestrelHelp one"],
        "telegram": ["two"],
        "discord": ["three"],
    }
    assert texts["discord"][0]["channel"] == "1100000000000000102"


@pytest.mark.parametrize("platform", ["x", "telegram", "discord"])
def test_answers_edits_and_deletions_reach_their_post(sandbox_url: str, written: Written, platform: str) -> None:
    scenario = written(f"""posts = [
      {{ at = "09:00", by = "ruth", on = "{platform}", text = "question", key = "q" }},
      {{ at = "09:01", by = "ruth", on = "{platform}", text = "anybody?", reply_to = "q" }},
    ]
    acts = [
      {{ at = "09:02", do = "edit", post = "q", text = "better question" }},
      {{ at = "09:03", do = "delete", post = "q" }},
    ]""")
    Player(sandbox_url, scenario).play(speed=0)
    question, answer, edited, deleted = entries(f"{sandbox_url}/{platform}/_control/ledger", "posted", "edited", "deleted")
    assert answer["reply_to"] == question["id"]
    assert (edited["id"], edited["text"]) == (question["id"], "better question")
    assert deleted["id"] == question["id"]


def test_people_join_and_change_names(sandbox_url: str, written: Written) -> None:
    scenario = written("""posts = [{ at = "09:05", by = "fake", on = "telegram", text = "hi" }]
    acts = [
      { at = "09:00", do = "join", by = "fake", on = "telegram" },
      { at = "09:01", do = "rename", by = "fake", on = "telegram", display_name = "Admin" },
    ]""")
    assert Player(sandbox_url, scenario).play(speed=0) == 3


def test_fixed_ids_are_kept(sandbox_url: str, written: Written) -> None:
    Player(sandbox_url, written("""posts = [{ at = "09:00", by = "ana", on = "telegram", text = "hi" }]""")).play(speed=0)
    assert [post["author"] for post in entries(f"{sandbox_url}/telegram/_control/ledger", "posted")] == ["7100000001"]


def test_notes_say_who_is_who_and_what_is_wanted(sandbox_url: str, written: Written) -> None:
    scenario = written("""posts = [{ at = 0, by = "fake", on = "telegram", text = "hi", expect = { action = "flag" } }]""")
    Player(sandbox_url, scenario).play(speed=0)
    (post,) = entries(f"{sandbox_url}/telegram/_control/ledger", "posted")
    person, wanted = entries(f"{sandbox_url}/_control/notes", "person", "post")
    assert (person["id"], person["role"], person["language"]) == (post["author"], "scammer", "en")
    assert (wanted["id"], wanted["expect"]) == (post["id"], {"action": "flag"})


def test_after_skips_what_lies_before(sandbox_url: str, written: Written) -> None:
    scenario = written("""posts = [
      { at = "09:00", by = "ruth", on = "x", text = "early", key = "early" },
      { at = "09:10", by = "ruth", on = "x", text = "late", reply_to = "early" },
    ]
    acts = [{ at = "09:11", do = "delete", post = "early" }]""")
    Player(sandbox_url, scenario).play(speed=0, after=300)
    assert [post["text"] for post in entries(f"{sandbox_url}/x/_control/ledger", "posted", "deleted")] == ["late"]


def test_no_sandbox_is_one_sentence(written: Written, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written("""posts = [{ at = 0, by = "ruth", on = "x", text = "hi" }]""")
    assert main(["--url", "http://127.0.0.1:1", "--scenario", str(tmp_path / "scenario.toml")]) == 1
    assert "does not answer" in capsys.readouterr().err


def test_a_refused_step_names_the_request(sandbox_url: str, written: Written) -> None:
    scenario = written("""posts = [{ at = 0, by = "ruth", on = "discord", channel = "no-such-room", text = "hi" }]""")
    with pytest.raises(ScenarioError, match="/discord/_control/posts"):
        Player(sandbox_url, scenario).play(speed=0)
