"""Thresholds keep an action's error under its bound, or say that nothing does."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from classifier.risk import ACTS, NEVER, Act, RiskTable, Trials, load_risk, write_trials
from domain.errors import ModelError


def _trials(probability: np.ndarray, right: np.ndarray, language: str = "en", platform: str = "x") -> Trials:
    places = len(probability)
    return Trials(
        probability=probability, right=right, language=np.array([language] * places), platform=np.array([platform] * places)
    )


def _join(*parts: Trials) -> Trials:
    names = ("probability", "right", "language", "platform")
    return Trials(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in names})


def _honest(count: int, seed: int) -> Trials:
    """Right exactly as often as the probability says."""
    chance = np.random.default_rng(seed)
    probability = chance.uniform(0.5, 1.0, count)
    return _trials(probability, chance.uniform(size=count) < probability)


@pytest.mark.parametrize("bound", [0.02, 0.05, 0.2])
def test_the_error_to_expect_of_fresh_posts_stays_under_the_bound(bound: float) -> None:
    errors: list[float] = []
    for seed in range(60):
        threshold = RiskTable({"answer": _honest(1000, seed)}).threshold("answer", bound)
        fresh = _honest(20_000, 1000 + seed)
        taken = fresh.probability >= threshold
        errors.append(float((~fresh.right[taken]).mean()) if taken.any() else 0.0)
    assert sum(errors) / len(errors) <= bound


def test_a_looser_bound_covers_more() -> None:
    table = RiskTable({"answer": _honest(4000, 1)})
    thresholds = [table.threshold("answer", bound) for bound in (0.01, 0.05, 0.1, 0.2)]
    assert thresholds == sorted(thresholds, reverse=True)
    assert thresholds[-1] < thresholds[0]


def test_nothing_is_sure_enough_where_errors_are_everywhere() -> None:
    hopeless = _trials(np.linspace(0.5, 1.0, 500), np.arange(500) % 2 == 0)
    assert RiskTable({"answer": hopeless}).threshold("answer", 0.02) == NEVER


def test_a_handful_of_posts_proves_nothing() -> None:
    assert RiskTable({"answer": _trials(np.full(30, 0.99), np.ones(30, np.bool_))}).threshold("answer", 0.02) == NEVER


def test_a_language_that_does_worse_gets_a_stricter_threshold() -> None:
    good = _trials(np.linspace(0.6, 1.0, 900), np.ones(900, np.bool_), "en")
    probability = np.linspace(0.6, 1.0, 100)
    bad = _trials(probability, probability > 0.9, "ko")
    table = RiskTable({"answer": _join(good, bad)})
    assert table.threshold("answer", 0.05, "ko") > table.threshold("answer", 0.05)
    assert table.threshold("answer", 0.05, "en") == table.threshold("answer", 0.05)
    assert table.threshold("answer", 0.05, "unheard of") == table.threshold("answer", 0.05)


def test_the_curve_ends_with_every_post() -> None:
    trials = _honest(500, 3)
    last = RiskTable({"answer": trials}).curve("answer")[-1]
    assert last.coverage == 1.0
    assert last.error == pytest.approx(float((~trials.right).mean()))


def test_trials_survive_the_file(tmp_path: Path) -> None:
    trials: dict[Act, Trials] = {act: _honest(50, 4) for act in ACTS}
    write_trials(tmp_path, trials)
    again = load_risk(tmp_path)
    for act, one in trials.items():
        rounded = replace(one, probability=one.probability.round(5))
        assert again.curve(act) == RiskTable({act: rounded}).curve(act)


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"answer": 3}'])
def test_a_wrong_file_is_refused_in_one_sentence(tmp_path: Path, content: str) -> None:
    (tmp_path / "risk.json").write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=r"risk\.json") as error:
        load_risk(tmp_path)
    assert "\n" not in str(error.value)


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="is missing"):
        load_risk(tmp_path)
