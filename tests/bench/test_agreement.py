import json

import pytest

from bench.agreement import FIELDS, kappa, main


@pytest.mark.parametrize(
    ("pairs", "expected"),
    [
        ([("a", "a"), ("b", "b")], 1.0),
        ([("a", "b"), ("b", "a")], -1.0),
        ([("a", "a"), ("a", "b"), ("b", "a"), ("b", "b")], 0.0),
        ([("a", "a"), ("a", "a")], 1.0),
        ([("a", "a")] * 20 + [("a", "b")] * 5 + [("b", "a")] * 10 + [("b", "b")] * 15, 0.4),
    ],
)
def test_kappa(pairs: list[tuple[str, str]], expected: float) -> None:
    assert kappa(pairs) == pytest.approx(expected)


def test_every_field_is_compared_in_many_posts() -> None:
    said: list[str] = []
    assert main(["--json"], said.append) == 0
    table = json.loads(said[0])
    assert set(table) == set(FIELDS)
    assert all(row["posts"] >= 1000 for row in table.values())
