"""Real tapes: markets fitted to them are near the originals in what each model promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.files import read_parquet
from polyfolio.market.synthetic.compare import Comparison, compare
from polyfolio.market.synthetic.models import market_of
from tests.market.synthetic.tools import MODELS

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def daily(shared_data: Path) -> Tape:
    return read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", splits=False)


def compared(name: str, tape: Tape, paths: int) -> Comparison:
    market = market_of(name).fit(tape)
    return compare(tape, [market.sample(seed=1, path=path) for path in range(paths)])


@pytest.mark.parametrize("name", MODELS)
def test_ten_years_of_thirteen_shares(name: str, shared_data: Path, daily: Tape) -> None:
    symbols = daily.symbols[::12]
    tape = read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", splits=False, symbols=symbols)
    near(name, compared(name, tape, 4))


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_ten_years_of_150_shares(name: str, daily: Tape) -> None:
    near(name, compared(name, daily, 3))


def near(name: str, found: Comparison) -> None:
    """What every model keeps, and what those with memory keep besides."""
    for number in ("deviation", "range", "quantile_1", "quantile_99", "left_tail", "right_tail"):
        assert found[number].synthetic == pytest.approx(found[number].original, rel=0.25), number
    assert found["correlation"].synthetic == pytest.approx(found["correlation"].original, abs=0.08)
    assert found["correlation_distance"].synthetic < 0.13
    if name in ("bootstrap", "garch", "factors"):
        assert found["squares_1"].synthetic > 0.05
        assert found["squares_20"].synthetic > 0.01
    assert found["kurtosis"].synthetic > 3.0


def test_listings_over_twenty_years_are_filled(shared_data: Path) -> None:
    symbols = ["AAPL", "XOM", "JPM", "META", "V"]
    tape = read_parquet(shared_data / "us_daily_2003_2023.parquet", calendar="XNYS", symbols=symbols)
    assert not tape.tradable[0, 3:].any()
    market = market_of("bootstrap").fit(tape)
    made = [market.sample(seed=1, path=path) for path in range(4)]
    assert all(path.tradable.all() for path in made)
    found = compare(tape, made)
    slots = found.slots("deviation")
    np.testing.assert_allclose(slots["synthetic"], slots["original"], rtol=0.15)
    assert found["correlation"].synthetic == pytest.approx(found["correlation"].original, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("name", MODELS)
def test_half_a_million_five_minute_bars_keep_their_day(name: str, shared_data: Path) -> None:
    """The first bar of a session holds the night; its moves are more than five times those of the others."""
    tape = read_parquet(shared_data / "us_5min_2025.parquet", calendar="XNYS", stamps="open")
    market = market_of(name).fit(tape)
    made = market.sample(seed=1)
    first = np.flatnonzero(np.diff(tape.calendar.day)) + 1
    night, day = [], []
    for one in (tape, made):
        moves = np.abs(np.diff(np.log(one.close), axis=0))
        night.append(moves[first - 1].mean())
        day.append(np.delete(moves, first - 1, axis=0).mean())
    assert night[0] > 5.0 * day[0]
    np.testing.assert_allclose([night[1], day[1]], [night[0], day[0]], rtol=0.35)
    opening = [np.nanmean(one.volume[first] / np.nanmedian(one.volume, axis=0)) for one in (tape, made)]
    assert opening[1] == pytest.approx(opening[0], rel=0.35)


def test_six_coins_at_five_minutes(shared_data: Path) -> None:
    tape = read_parquet(shared_data / "crypto_5m_binance_2024.parquet", stamps="open", end="2024-02-15")
    found = compared("garch", tape, 2)
    assert found["deviation"].synthetic == pytest.approx(found["deviation"].original, rel=0.35)
    assert found["correlation"].synthetic == pytest.approx(found["correlation"].original, abs=0.15)


def test_a_spin_off_booked_as_dividend_and_split_cannot_hide(shared_data: Path) -> None:
    """Where the two together take all of the close before, the fit says so; elsewhere the move shows in the report."""
    tape = read_parquet(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", splits=False, symbols=["DHR"])
    found = compare(tape, market_of("bootstrap").fit(tape).sample(seed=1))
    day = np.flatnonzero(tape.calendar.day.astype("datetime64[D]") == np.datetime64("2016-07-05"))[0]
    assert tape.dividends is not None
    move = np.log(tape.close[day, 0] / (tape.close[day - 1, 0] - tape.dividends[day, 0]))
    assert move > 0.4
    assert found.slots("kurtosis").loc["DHR", "original"] > 100.0
    with pytest.raises(DataError, match="at least 30"):
        market_of("bootstrap").fit(
            read_parquet(
                shared_data / "us_daily_2016_2025.parquet",
                calendar="XNYS",
                splits=False,
                symbols=["DHR"],
                end="2016-04-01",
            )
        )
