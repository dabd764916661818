"""Panels of real daily bars."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.tape import Tape, Universe, instrument_table
from polyfolio.features.panel import build_panel
from polyfolio.market.files import read_parquet
from polyfolio.testing.futures import fields_of
from tests.features.panel.tools import section

pytestmark = pytest.mark.shared
SYMBOLS = ("AAPL", "JPM", "XOM", "WMT", "PFE", "CAT", "NVDA", "KO", "BA", "DIS")


@pytest.fixture(scope="module")
def ten(shared_data: Path) -> Tape:
    daily = read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", splits=False)
    slots = [daily.universe.slot(symbol) for symbol in SYMBOLS]
    kept = {name: array[:, slots] for name, array in fields_of(daily).items()}
    return replace(daily, **kept, universe=Universe(SYMBOLS), instruments=instrument_table(10))


@pytest.mark.parametrize("method", ["standard", "robust", "rolling", "rank"])
def test_ten_years_of_ten_shares(method: str, ten: Tape) -> None:
    observed = section(method, regime={"name": "volatility"}, normalise={"method": method, "window": 252}, clip=10.0)
    found = build_panel(observed, ten, train=slice(0, int(0.6 * ten.rows)))
    shown = found.values[found.first :]
    assert (found.part("market")[found.first :, :, -1] == 0.0).all()
    # Scales that fit: the test years too are near 0 and hardly cut.
    later = found.part("technical")[int(0.8 * ten.rows) :]
    assert abs(float(later.mean())) < 0.5
    assert 0.3 < float(later.std()) < 2.0
    assert float((np.abs(shown) == 10.0).mean()) < 0.001
    assert found.values.shape == (2425, 6 + 3 + 10 * (6 + 8))
