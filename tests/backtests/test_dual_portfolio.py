"""The several-portfolios document, run as it stands on a file of its own: every fill by hand."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest

DOCUMENT = Path(__file__).parents[1] / "rules" / "data" / "trading_systems.yaml"
ROWS, RISE, FALL = 120, 30, 81


@pytest.fixture
def result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Result:
    """Minutes at 100, at 101 from row 30, at 100 again from row 81."""
    close = np.full(ROWS, 100.0)
    close[RISE:FALL] = 101.0
    stamps = np.datetime64("2024-01-02T14:31") + np.arange(ROWS)
    lines = [f"{stamp}:00Z,{p},{p},{p},{p},1000000" for stamp, p in zip(stamps, close.tolist(), strict=True)]
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "SPY_1m.csv").write_text("\n".join(["timestamp,open,high,low,close,volume", *lines]) + "\n")
    file = shutil.copy(DOCUMENT, tmp_path / "dual.yaml")
    monkeypatch.chdir(tmp_path)
    return backtest(file)


def test_momentum_buys_for_a_thousand_and_sells_when_its_return_turns(result: Result) -> None:
    """Row 30: +1 % over 20 bars is above 0.0002, so 1000 are bought at row 31; between them it holds; row 81: -1.

    Money is held as it is asked for: the costs of a unit, 101 x 0.0005 + 0.005, come out of the cash beside it.
    """
    fills = result.journal.lane("momentum").fills
    assert fills["row"].tolist() == [RISE + 1, FALL + 1]
    bought = 1000.0 / 101.0
    assert fills["quantity"] == pytest.approx([bought, -bought], rel=1e-9)
    assert fills["price"] == pytest.approx([101.0 * 1.0005, 100.0 * 0.9995], rel=1e-12)
    assert fills["commission"] == pytest.approx([bought * 0.005] * 2, rel=1e-9)
    earned = bought * (100.0 * 0.9995 - 101.0 * 1.0005 - 0.01)
    assert result.equity("momentum")[-1] == pytest.approx(50_000.0 + earned, rel=1e-12)


def test_mean_reversion_buys_two_hundredths_far_below_its_mean(result: Result) -> None:
    """Row 30 is 3.6 deviations above the mean of 15 closes: -1, flat without shorts. Row 81 is as far below: 1."""
    fills = result.journal.lane("mean_rev").fills
    assert fills["row"].tolist() == [FALL + 1]
    bought = 0.02 * 50_000.0 / (100.0 + 0.02 * (100.0 * 0.001 + 0.01))
    assert fills["quantity"] == pytest.approx([bought], rel=1e-9)
    assert fills["price"] == pytest.approx([100.0 * 1.001], rel=1e-12)
    assert result.equity("mean_rev")[-1] == pytest.approx(50_000.0 - bought * 0.11, rel=1e-12)


def test_the_lanes_are_the_namespaces_and_nothing_failed(result: Result) -> None:
    assert result.lanes == ("momentum", "mean_rev")
    assert dict(result.failed) == {}
    assert result.spec.name == "Dual Portfolio Test"
