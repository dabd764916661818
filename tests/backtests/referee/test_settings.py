"""Neighbouring settings, the look-ahead proof, data findings and the facts of the run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.referee.facts import deflated, facts, late, without_best
from polyfolio.backtests.referee.findings import findings, frame_of
from polyfolio.backtests.referee.neighbours import near, neighbours, summary
from polyfolio.backtests.referee.proof import look_ahead
from polyfolio.backtests.trial import SAME, Trial, trial_of
from polyfolio.core.codes import Level
from polyfolio.market.demo import demo_tape
from polyfolio.testing.leaks import find_leaks
from tests.backtests.referee import worlds


@pytest.mark.parametrize(
    ("own", "values", "wanted"),
    [
        (20, [10, 20, 40], [10, 40]),
        (10, [10, 20, 40], [20]),
        (15, [10, 20, 40], [10, 20]),
        ("sma", ["ema", "sma", "wma"], ["ema", "wma"]),
        (None, [None, 2, 3], [2]),
        (True, [True, False], [False]),
        ("odd", ["ema", "sma"], []),
        (100, {"low": 5, "high": 250, "whole": True}, [80, 120]),
        (2, {"low": 1, "high": 250, "whole": True}, [1, 3]),
        (1.0, {"low": 0.9, "high": 1.1}, [0.9, 1.1]),
        (0.0, {"low": 0.0, "high": 2.0}, [0.1]),
        (None, {"low": 0.0, "high": 2.0}, []),
        (250, {"low": 5, "high": 250, "whole": True}, [200]),
        (500, {"low": 5, "high": 250, "whole": True}, [400, 600]),
    ],
)
def test_a_step_in_the_space(own: Any, values: Any, wanted: list[Any]) -> None:
    found = list(near(own, values))
    assert found == pytest.approx(wanted) if wanted and isinstance(wanted[0], float) else found == wanted


def test_each_neighbour_is_the_run_with_that_setting() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between", start=4, end=30)), worlds.walk(), 0)
    found = neighbours(trial)
    steps = [(one["parameter"], one["own"], one["value"]) for one in found["points"]]
    assert steps == [("start", 4, 2), ("start", 4, 8), ("end", 30, 24), ("end", 30, 36)]
    other = trial_of(worlds.spec(worlds.own("Between", start=4, end=36)), worlds.walk(), 0)
    assert found["points"][3]["total_return"] == other.outcomes([SAME])[0].total_return
    assert found["own"]["total_return"] == trial.outcomes([SAME])[0].total_return


def test_a_setting_that_the_strategy_refuses_is_told() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between", start=4, end=10)), worlds.walk(), 0)
    trial_with = trial_of(worlds.spec(worlds.own("Between", start=8, end=11)), worlds.walk(), 0)
    assert neighbours(trial)["refused"] == []
    close = trial_of(worlds.spec(worlds.own("Between", start=2, end=4)), worlds.walk(), 0)
    (refused,) = neighbours(close)["refused"]
    assert (refused["parameter"], refused["value"]) == ("start", 4)
    assert "below end" in refused["why"]
    assert neighbours(trial_with)["why"] == ""


def test_without_a_space_or_a_strategy_there_are_no_neighbours() -> None:
    spaceless = trial_of(worlds.spec(worlds.own("Oracle")), worlds.walk(), 0)
    assert neighbours(spaceless)["why"] == "no_space"
    signals = np.zeros((1, 1, 3))
    given = trial_of(worlds.spec().model_copy(update={"lanes": (no_strategy(),)}), worlds.walk(), 0, signals)
    assert neighbours(given)["why"] == "no_strategy"


def no_strategy() -> Any:
    """The lane without a strategy."""
    return worlds.spec().lanes[0].model_copy(update={"strategy": None})


def test_neighbours_are_counted() -> None:
    points = [{"total_return": 0.1, "sharpe": 2.0}, {"total_return": -0.1, "sharpe": -1.0}]
    points += [{"total_return": 0.2, "sharpe": 0.5}, {"total_return": None, "sharpe": None}]
    found = summary({"points": points, "own": {"sharpe": 1.0}})
    assert found == {"count": 4, "earning": 2, "better": 1, "median_sharpe": 0.5}


@dataclass
class Leaky:
    """A leak as a proof tells it."""

    sentence: str = "reads tomorrow's close"


@dataclass
class Told:
    """A proof's answer."""

    leaks: Sequence[Any]


@pytest.mark.pitfall("LAH-04", "LAH-07")
@pytest.mark.parametrize("proof", [None, find_leaks])
def test_a_strategy_that_knows_the_next_bar_is_found_and_its_clean_twin_is_not(proof: Any) -> None:
    def asked(strategy: dict[str, Any]) -> dict[str, Any]:
        return look_ahead(trial_of(worlds.spec(strategy), worlds.walk(), 0), proof)

    assert asked(worlds.own("Oracle"))["verdict"] == "leaks"
    clean = asked({"name": "momentum", "params": {"lookback": 10}})
    assert (clean["verdict"], clean["rows"]) == ("clean", 200)


def test_a_given_proof_has_the_last_word() -> None:
    trial = trial_of(worlds.spec({"name": "equal_weight"}), worlds.walk(), 0)
    found = look_ahead(trial, lambda strategy, tape: Told([Leaky()]))
    assert (found["verdict"], found["words"]) == ("leaks", "reads tomorrow's close")


@pytest.mark.parametrize(("proof", "verdict"), [(None, "unknown"), (lambda strategy, tape: Told([Leaky()]), "leaks")])
def test_a_strategy_that_breaks_another_promise_is_not_said_to_look_ahead(proof: Any, verdict: str) -> None:
    found = look_ahead(trial_of(worlds.spec(worlds.own("Forgets")), worlds.walk(), 0), proof)
    assert found["verdict"] == verdict
    if proof is None:
        assert "Raise warmup, or set remembers = True." in found["words"]


def test_what_cannot_be_asked_is_unknown() -> None:
    short = trial_of(worlds.spec({"name": "momentum", "params": {"lookback": 190}}), worlds.walk(), 0)
    assert look_ahead(short, None)["verdict"] == "clean"
    longer = trial_of(worlds.spec({"name": "momentum", "params": {"lookback": 199}}), worlds.walk(), 0)
    assert look_ahead(longer, None)["verdict"] == "unknown"
    given = trial_of(
        worlds.spec().model_copy(update={"lanes": (no_strategy(),)}), worlds.walk(), 0, np.zeros((1, 1, 3))
    )
    assert look_ahead(given, None)["verdict"] == "unknown"


@pytest.mark.pitfall("LAH-09")
def test_data_findings_are_those_of_the_tape() -> None:
    found = findings(demo_tape())
    assert {kind["kind"] for kind in found["kinds"]} == {"wicks", "survivorship", "late_start"}
    assert (found["symbols"], found["alive"], found["ok"]) == (6, 6, True)
    assert found["kinds"][0]["example"].startswith("[")


def test_a_wrong_price_is_found() -> None:
    close = worlds.walk().close.copy()
    close[100, 1] *= 40.0
    found = findings(worlds.market(close))
    assert any("B" in kind["symbols"] for kind in found["kinds"])


def test_an_example_names_its_moment_and_no_row_of_another_table() -> None:
    (example,) = [kind["example"] for kind in findings(demo_tape())["kinds"] if kind["kind"] == "late_start"]
    assert "2024-04-02" in example
    assert "(row" not in example


def test_the_frame_has_one_row_per_bar() -> None:
    tradable = np.ones((10, 2), np.uint8)
    tradable[:4, 1] = 0
    frame = frame_of(worlds.market(np.full((10, 2), 5.0), tradable=tradable, spread=np.full((10, 2), 0.1)))
    assert len(frame) == 16
    assert frame["symbol"].value_counts().to_dict() == {"A": 10, "B": 6}
    assert frame["spread"].unique().tolist() == [0.1]


def test_an_own_calendar_is_no_error() -> None:
    from dataclasses import replace

    tape = worlds.walk()
    assert findings(replace(tape, calendar=replace(tape.calendar, name="my own")))["symbols"] == 3


def test_late_returns_are_those_before_the_last_year() -> None:
    """801 daily rows are more than two years: row 435 is the first within a year of the end."""
    times = np.arange(801) * worlds.DAY
    path = np.linspace(1.0, 1.8, 801)
    assert late(path, times, 2.19) == {"span": "last year", "before": pytest.approx(path[435] - 1.0)}
    assert late(path[:100], times[:100], 0.3)["before"] == pytest.approx(path[75] - 1.0)


def test_without_its_best_bars() -> None:
    """Eleven steps of +10 % and ninety of -1 %: without ten of them one is left."""
    path = np.cumprod([1.0, *[1.1] * 11, *[0.99] * 90])
    assert without_best(path, 10) == pytest.approx(1.1 * 0.99**90 - 1.0)
    assert without_best(path[:50], 10) is None


def test_more_tries_make_a_ratio_less_sure() -> None:
    path = np.cumprod(1.0 + np.random.default_rng(0).normal(0.001, 0.01, 500))
    one, many = (deflated(path, trials)["probability"] for trials in (1, 100))
    assert one > many
    assert deflated(np.ones(50), 3)["trials"] == 3


def base(trial: Trial, trials: int = 1) -> dict[str, Any]:
    """Facts of a lane."""
    engine = trial.engine([SAME], Level.FULL).run()
    return facts(trial, engine, trial.results(engine), trials)


def test_the_facts_of_a_run() -> None:
    """Half of A from 100 to 110: 5 %; the market rose by 10 %."""
    found = base(trial_of(worlds.spec(), worlds.market([100.0, 100.0, 105.0, 110.0]), 0))
    assert found["outcome"]["total_return"] == pytest.approx(0.05)
    assert found["by_asset"] == pytest.approx({"A": 0.05})
    assert found["market_return"] == pytest.approx(0.1)
    assert (found["bars"], found["fills"], found["closed_trades"], found["names"]) == (4, 1, 0, 1)
    assert (found["start"], found["end"], found["currency"], found["capital"]) == (
        "2024-01-01",
        "2024-01-04",
        "USD",
        10_000.0,
    )
