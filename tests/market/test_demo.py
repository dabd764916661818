"""The bundled bars are what their provenance says."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.demo import demo_tape

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "src" / "polyfolio" / "data" / "demo"
HOUR = 3_600_000_000_000


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_demo_data", ROOT / "scripts" / "make_demo_data.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.pitfall("DAT-07")
def test_the_bundled_tape_is_hourly_and_one_coin_is_listed_later() -> None:
    tape = demo_tape()
    assert tape.symbols == ("BTC/USDT", "DOGE/USDT", "ENA/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
    assert set(np.diff(tape.times)) == {HOUR}
    assert tape.calendar.bars_per_year == 8766.0
    listed = tape.tradable[:, tape.symbols.index("ENA/USDT")]
    first = int(np.argmax(listed))
    assert str(tape.times.astype("datetime64[ns]")[first])[:16] == "2024-04-02T09:00"
    assert not listed[:first].any()
    assert listed[first:].all()
    assert (tape.tradable.sum(axis=1) >= 5).all()


def test_prices_are_multiples_of_their_tick_and_lots_are_steps() -> None:
    tape = demo_tape()
    for slot in range(tape.slots):
        tick = float(tape.instruments["tick"][slot])
        for name in ("open", "high", "low", "close"):
            steps = getattr(tape, name)[:, slot] / tick
            steps = steps[~np.isnan(steps)]
            np.testing.assert_allclose(steps, np.round(steps), atol=1e-6, rtol=0.0)
    assert (tape.instruments["lot"] > 0.0).all()
    assert (tape.instruments["min_notional"] == 5.0).all()
    assert set(tape.universe.labels) == {"asset", "sector", "stage"}
    assert tape.universe.labels["sector"].count("layer1") == 3


def test_options_select_from_it() -> None:
    tape = demo_tape(symbols=["ETH/USDT", "BTC/USDT"], start="2024-02-01", end="2024-02-29")
    assert tape.symbols == ("ETH/USDT", "BTC/USDT")
    assert tape.rows == 29 * 24
    assert tape.instruments["lot"].tolist() == [0.0001, 0.00001]


def test_the_files_are_small_and_carry_the_digest_that_is_written_down() -> None:
    text = (FOLDER / "PROVENANCE.md").read_text(encoding="utf-8")
    digest = hashlib.sha256((FOLDER / "bars.parquet").read_bytes()).hexdigest()
    assert re.search(rf"\| bars.parquet \| 33664 \| {digest} \|", text)
    assert "MIT" in text
    assert "2b5dfc6e" in text
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) < 2_000_000


def test_an_hour_is_its_twelve_bars_and_an_incomplete_hour_is_left_out(script: ModuleType) -> None:
    stamps = pd.date_range("2024-01-01", periods=26, freq="5min", tz="UTC")
    close = np.arange(1.0, 27.0)
    bars = pd.DataFrame(
        {
            "timestamp": stamps,
            "symbol": "AAA",
            "open": close - 0.5,
            "high": close + 1.0,
            "low": close - 1.0,
            "close": close,
            "volume": 2.0,
        }
    )
    hours, dropped = script.hourly(bars)
    assert dropped == 2
    assert hours["timestamp"].astype(str).tolist() == ["2024-01-01 01:00:00+00:00", "2024-01-01 02:00:00+00:00"]
    assert hours[["open", "high", "low", "close", "volume"]].to_numpy().tolist() == [
        [0.5, 13.0, 0.0, 12.0, 24.0],
        [12.5, 25.0, 12.0, 24.0, 24.0],
    ]


@pytest.mark.shared
def test_making_the_bars_again_gives_the_bundled_ones(script: ModuleType, shared_data: Path, tmp_path: Path) -> None:
    script.make(shared_data / "crypto_5m_binance_2024.parquet", tmp_path)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "bars.parquet"), pd.read_parquet(FOLDER / "bars.parquet"))
