"""The examples of portfolio strategies run, and earn what they earned when they were read."""

from __future__ import annotations

from functools import cache

import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.report.by_strategy import by_strategy
from tests.house.sources import ROOT

EXAMPLES = ROOT / "examples"
# File, lane, equity at the end, strategies.
EXPECTED = [
    ("portfolio_strategies.yaml", "ma_portfolio", 1505092.5645009088, ("ma_crossover",)),
    ("portfolio_strategies.yaml", "hybrid_portfolio", 1175821.8017918628, ("random_forest", "ma_crossover")),
    ("portfolio_strategies/ma_crossover.yaml", "ma_crossover", 1523703.831982964, ("ma_crossover",)),
    (
        "portfolio_strategies/hybrid.yaml",
        "hybrid",
        837696.8484895907,
        ("random_forest", "ma_crossover", "momentum"),
    ),
    (
        "portfolio_strategies/multi_strategy.yaml",
        "multi_strategy",
        1344647.0911534391,
        ("trend", "momentum", "reversion", "strongest"),
    ),
]


@cache
def run(name: str) -> Result:
    return backtest(EXAMPLES / name)


@pytest.mark.parametrize(("name", "lane", "worth", "strategies"), EXPECTED)
def test_an_example_earns_what_it_earned(name: str, lane: str, worth: float, strategies: tuple[str, ...]) -> None:
    result = run(name)
    # Trees decide by thresholds: another version of scikit-learn may draw others.
    slack = 0.05 if "random_forest" in strategies else 1e-9
    assert result.equity(lane)[-1] == pytest.approx(worth, rel=slack)
    found = by_strategy(result, lane, signals=result.engine.signals)
    assert found.names == strategies
    whole = result.attribution(lane)
    change = found.profit.sum() + found.rest.sum() + whole.rest
    assert change == pytest.approx(whole.change, abs=1e-9 * worth)
    assert all(abs(found.total(strategy)) > 1_000.0 for strategy in strategies)


def test_every_example_of_portfolio_strategies_is_run() -> None:
    files = [EXAMPLES / "portfolio_strategies.yaml", *(EXAMPLES / "portfolio_strategies").glob("*.yaml")]
    assert {path.relative_to(EXAMPLES).as_posix() for path in files} == {case[0] for case in EXPECTED}
