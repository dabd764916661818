"""Returns by the state of the market: the state is that of the decision, told from the rows up to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.features.regimes import Trend, Volatility
from polyfolio.market.window import window
from tests.backtests.benches import judged, market

TREND = {"name": "trend", "params": {"fast": 5, "slow": 20}}


@pytest.mark.pitfall("LAH-04")
def test_each_return_counts_for_the_state_that_was_known_when_it_was_decided_on() -> None:
    made = judged(regimes=[TREND])
    tape, regime = market(), Trend(fast=5, slow=20)
    rows = np.concatenate([one.round.fold.test for one in made.rounds.ran])
    # asked row by row, of a tape that ends there
    told = np.array([regime.labels(window(tape, 0, int(row) + 1))[-1] for row in rows])
    found = made.record["by_regime"][0]
    year = made.record["period"]["periods_per_year"]
    assert found["regime"] == "trend"
    assert set(found["states"]) == {"bear", "bull"}
    for code, state in enumerate(("bear", "bull")):
        mine = made.returns["held"][told == code]
        shown = found["states"][state]
        assert (shown["bars"], shown["share"]) == (mine.size, pytest.approx(mine.size / rows.size))
        lane = shown["lanes"]["held"]
        assert lane["sharpe"] == pytest.approx(mine.mean() / mine.std(ddof=1) * math.sqrt(year), rel=1e-9)
        assert lane["volatility"] == pytest.approx(mine.std(ddof=1) * math.sqrt(year), rel=1e-9)
        assert lane["annual_return"] == pytest.approx(np.prod(1.0 + mine) ** (year / mine.size) - 1.0, rel=1e-9)


def test_a_regime_that_learns_does_so_on_the_rows_to_learn_from() -> None:
    made = judged(regimes=[{"name": "volatility", "params": {"window": 10}}])
    tape, told = market(), []
    for one in made.rounds.ran:
        fold = one.round.fold
        regime = Volatility(window=10).fit(window(tape, 0, int(fold.train[-1]) + 1))
        told.append(regime.labels(window(tape, 0, one.round.end))[fold.test])
    labels = np.concatenate(told)
    shown = made.record["by_regime"][0]["states"]
    assert [shown[state]["bars"] for state in ("calm", "normal", "turbulent")] == np.bincount(labels).tolist()


def test_rows_before_the_state_is_known_have_a_name_of_their_own() -> None:
    made = judged(regimes=[TREND], split={"kind": "purged", "folds": 3})
    assert made.record["by_regime"][0]["states"]["unknown"]["bars"] == 19


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.regimes\[0\]\.name: got 'trnd'.*Did you mean `trend`"):
        judged(regimes=[{"name": "trnd"}])
    with pytest.raises(ConfigError, match=r"benchmark\.regimes\[0\]\.params\.quick"):
        judged(regimes=[{"name": "trend", "params": {"quick": 1}}])
    with pytest.raises(DataError, match="rows to learn from"):
        judged(regimes=[{"name": "volatility"}], split={"folds": 1, "test": 238})
