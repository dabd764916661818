"""Every known trap of the shared files is caught, with the numbers that their description gives."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.quality import Report, check
from tests.market.quality.tools import found

pytestmark = pytest.mark.shared


def counts(report: Report, kind: str) -> dict[str, int]:
    return {finding.symbol: finding.count for finding in report.of(kind)}


@pytest.fixture(scope="module")
def daily(shared_data: Path) -> Report:
    return check(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS")


def test_splits_that_are_in_the_prices_already(daily: Report) -> None:
    splits = counts(daily, "splits_in_prices")
    assert splits["NVDA"] == 2  # 4:1 in 2021, 10:1 in 2024
    assert splits["TSLA"] == 2
    assert splits["GE"] == 1  # 1:8
    assert sum(splits.values()) == 27
    # The adjusted closes hold to the last digits for all dividends but those of two events.
    assert not daily.of("adjustment")
    assert daily.of("adjusted_prices")


@pytest.mark.pitfall("DAT-02")
def test_spinoffs_booked_twice_are_those_of_the_list(daily: Report, shared_data: Path) -> None:
    listed = pd.read_csv(shared_data / "us_daily_2016_2025_anomalies.csv")
    found_here = [*daily.of("spinoff"), *daily.of("large_dividend")]
    assert {finding.symbol for finding in found_here} == set(listed["symbol"])
    assert sum(finding.count for finding in found_here) == len(listed)
    assert found(daily, "spinoff")[2][0] == (
        "[DHR] at 2016-07-05 (us_daily_2016_2025.parquet, row 118903): dividend 24.56 and split 1.319; "
        "the close moved +3.6%, the adjusted close +61.2%"
    )
    cleaned, log = daily.fixed()
    rows = cleaned[cleaned["symbol"] == "DHR"].set_index("timestamp")
    day = pd.Timestamp("2016-07-05", tz="UTC")
    assert rows["adj_close"].pct_change()[day] == pytest.approx(0.0364308592, abs=1e-9)
    assert rows["adj_close"].pct_change().abs().max() < 0.15
    assert rows["dividend"][day] == 0.0
    assert {change.kind for change in log} == {"splits_in_prices", "spinoff"}
    assert tape_from_frame(cleaned, calendar="XNYS").slots == 150


def test_each_split_of_an_odd_ratio_is_a_spinoff(daily: Report) -> None:
    odd = counts(daily, "odd_split")
    assert odd["GE"] == 3
    assert odd["HON"] == 4
    assert {"DHR", "MMM", "MRK", "PFE", "T", "WDC"} <= set(odd)


@pytest.mark.pitfall("LAH-09")
def test_members_of_today_are_survivors(daily: Report, shared_data: Path) -> None:
    assert found(daily, "survivorship")[1] == 150
    members = shared_data / "sp500_membership_2015_2025.parquet"
    report = check(shared_data / "us_daily_2016_2025.parquet", calendar="XNYS", membership=members)
    assert not report.of("survivorship")
    spells = pd.read_parquet(members)
    month = pd.Timestamp("2016-03-01")
    inside = spells[(spells["first_month"] <= month) & (spells["last_month"] >= month)]["symbol"].unique()
    held = set(pd.read_parquet(shared_data / "us_daily_2016_2025.parquet", columns=["symbol"])["symbol"])
    told = [example for finding in report.of("members_without_rows") for example in finding.examples]
    assert any(text.startswith(f"2016-03-14: {len(set(inside) - held)} of {len(inside)} members") for text in told)
    assert counts(report, "rows_outside_membership")["SPY"] == 2425


def test_late_listings_of_the_longer_file(shared_data: Path) -> None:
    report = check(shared_data / "us_daily_2003_2023.parquet", calendar="XNYS")
    starts = {finding.symbol: finding.examples[0].split(" at ")[1][:10] for finding in report.of("late_start")}
    assert set(starts) == {"META", "V", "MA", "GOOGL", "TSLA", "AVGO", "PM", "CRM"}
    assert starts["META"] == "2012-05-18"
    assert {name: day[:4] for name, day in starts.items()} == {
        "META": "2012",
        "V": "2008",
        "MA": "2006",
        "GOOGL": "2004",
        "TSLA": "2010",
        "AVGO": "2009",
        "PM": "2008",
        "CRM": "2004",
    }
    assert "missing_sessions" not in report.kinds()
    assert found_in(report, "survivorship") == 94
    assert sum(counts(report, "filled_bars").values()) == 2
    assert "MDLZ" in counts(report, "unrecorded_split")  # a spin-off without a record: Kraft, 2012


def found_in(report: Report, kind: str) -> int:
    return sum(finding.count for finding in report.of(kind))


@pytest.fixture(scope="module")
def five(shared_data: Path) -> Report:
    path, reference = shared_data / "us_5min_2025.parquet", shared_data / "us_daily_2016_2025.parquet"
    return check(path, calendar="XNYS", reference=reference)


def test_five_minute_rows_are_complete_and_lack_the_auctions(five: Report, shared_data: Path) -> None:
    kinds = set(five.kinds())
    assert not kinds & {"missing_bars", "missing_sessions", "partial_days", "partial_feed", "off_session", "off_grid"}
    assert not kinds & {"different_closes", "one_venue"}
    rows = pd.read_parquet(shared_data / "us_5min_2025.parquet", columns=["timestamp", "symbol", "volume"])
    whole = pd.read_parquet(shared_data / "us_daily_2016_2025.parquet").set_index(["symbol", "timestamp"])["volume"]
    sums = rows.groupby(["symbol", rows["timestamp"].dt.floor("D")])["volume"].sum()
    parts = (sums / whole).dropna().groupby("symbol").median()
    told = {finding.symbol: finding.examples[0].split("] ")[1].split("%")[0] for finding in five.of("partial_volume")}
    assert told == {symbol: f"{100.0 * part:.1f}" for symbol, part in parts.items()}
    assert 0.25 < parts.min() < parts.max() < 0.8
    assert found_in(five, "filled_bars") + found_in(five, "zero_volume") == 3


@pytest.mark.pitfall("LAH-10")
def test_intraday_rows_are_stamped_with_their_opening(five: Report) -> None:
    assert found(five, "opening_stamps")[1] == 564_120


def test_a_split_after_the_last_row_is_seen_in_the_volumes(five: Report) -> None:
    later = {finding.symbol: finding.examples[0] for finding in five.of("later_split")}
    assert later["NFLX"] == "NFLX: every volume is a multiple of 10"


@pytest.mark.pitfall("DAT-03")
def test_one_minute_rows_of_one_venue(shared_data: Path) -> None:
    path = shared_data / "us_1min_2025.parquet"
    report = check(path, calendar="XNYS", reference=shared_data / "us_5min_2025.parquet")
    shares = {
        finding.symbol: float(finding.examples[0].split("] ")[1].split("%")[0]) for finding in report.of("one_venue")
    }
    assert len(shares) == 10
    assert max(shares.values()) < 10.0
    missing = {finding.symbol: finding.examples[0] for finding in report.of("partial_feed")}
    assert missing["NFLX"] == "[NFLX] 55% of the bars are missing"
    assert missing["RTX"] == "[RTX] 32% of the bars are missing"
    assert missing["COIN"] == "[COIN] 29% of the bars are missing"
    assert found_in(report, "missing_bars") + found_in(report, "partial_feed") == 10 * 35 * 390 - 116_593
    assert counts(report, "missing_bars")["SPY"] == 35 * 390 - 13_618
    assert np.isnan(report.fixed()[0]["volume"]).all()


@pytest.mark.pitfall("TIM-07", "CAL-03")
def test_a_last_day_cut_in_the_afternoon_and_half_days_that_are_whole(shared_data: Path) -> None:
    path = shared_data / "spy_1min_2024_2025.parquet"
    report = check(path, calendar="XNYS", reference=shared_data / "us_daily_2016_2025.parquet")
    assert found(report, "partial_days") == (
        "SPY",
        1,
        ("[SPY] 2025-04-02: rows from 2025-04-02T13:30:00Z to 2025-04-02T19:23:00Z, 36 of 390 bars missing",),
    )
    assert not {"off_session", "missing_bars", "missing_sessions"} & set(report.kinds())
    share = float(found(report, "partial_volume")[2][0].split("] ")[1].split("%")[0])
    assert 80.0 < share < 88.0


@pytest.mark.pitfall("DAT-04")
def test_currencies_with_crossed_quotes_weekends_and_no_volume(shared_data: Path) -> None:
    report = check(shared_data / "fx_1m_bidask.parquet")
    assert report.calendar == "24/5"
    assert found_in(report, "crossed_quotes") == 1030
    assert found_in(report, "unknown_volume") == 58_878
    assert "missing_sessions" not in report.kinds()
    round_the_clock = check(shared_data / "fx_1m_bidask.parquet", calendar="24/7")
    assert found_in(round_the_clock, "missing_sessions") >= 8  # the Saturdays
    cleaned, _ = report.fixed()
    assert int(cleaned["close"].isna().sum()) == 1030


def test_a_coin_listed_late_is_no_gap(shared_data: Path) -> None:
    report = check(shared_data / "crypto_5m_binance_2024.parquet")
    assert report.calendar == "24/7"
    assert found(report, "late_start")[0] == "ENA/USDT"
    assert "2024-04-02" in found(report, "late_start")[2][0]
    assert found_in(report, "filled_bars") + found_in(report, "zero_volume") == 1


@pytest.mark.parametrize(
    "name",
    ["crypto_5m_binance_2024", "crypto_5m_binance_2025", "crypto_1h_binance_2024_2025", "crypto_1m_btcperp_2022-01"],
)
def test_no_coin_has_a_gap(shared_data: Path, name: str) -> None:
    report = check(shared_data / f"{name}.parquet")
    assert report.calendar == "24/7"
    assert report.ok
    assert not {"missing_bars", "missing_sessions", "off_grid"} & set(report.kinds())


@pytest.mark.pitfall("DAT-05")
def test_funding_is_paid_in_every_eighth_hour(shared_data: Path) -> None:
    report = check(shared_data / "crypto_perp_1h_binance_2025.parquet")
    assert report.ok
    assert found_in(report, "sparse_funding") == 40_992 - 35_868
    assert found_in(report, "sparse_funding") * 8 == 40_992


@pytest.mark.pitfall("CAL-01", "CAL-04")
def test_trades_without_a_zone_many_at_one_time(shared_data: Path) -> None:
    path = shared_data / "es_trades_2013-09.parquet"
    report = check(path)
    assert not report.ok
    assert found(report, "no_time_zone")[1] == 500_000
    assert found(report, "same_time")[1] == 415_432
    zoned = check(path, timezone="America/Chicago")
    assert zoned.ok
    cleaned, _ = zoned.fixed()
    trades = pd.read_parquet(path)
    np.testing.assert_array_equal(cleaned["price"], trades["price"])
    assert str(cleaned["timestamp"][0])[:19] == "2013-09-01 22:00:00"


def test_a_clean_file_has_nothing_to_tell(shared_data: Path) -> None:
    report = check(shared_data / "goog_daily_2004_2013.parquet", calendar="XNYS")
    assert set(report.kinds()) == {"daily_labels"}


def test_a_file_that_holds_no_bars_says_what_is_missing(shared_data: Path) -> None:
    report = check(shared_data / "sp500_membership_2015_2025.parquet")
    assert report.kinds() == ("missing_columns",)
    with pytest.raises(DataError, match="format to csv or parquet"):
        check(shared_data / "README.md")
