"""Every kind of finding is made by rows that have it, and by no clean ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.bars import Bars
from polyfolio.market.quality import check
from polyfolio.market.quality.kinds import KINDS, SEVERITIES
from tests.market.quality.tools import coins, days, minutes, put, serious, several

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "how-to" / "check-data.md"


def told() -> Bars:
    values = np.full(3, 10.0)
    times = np.arange(3, dtype=np.int64) * 3_600_000_000_000
    return Bars("AAA", times, *[values] * 5, interval="1h", source="venue", findings=("a page was empty",))


def twice(**cells: float) -> pd.DataFrame:
    frame = coins()
    return pd.concat([frame, frame.iloc[[7]].assign(**cells)], ignore_index=True)


def halved(split: float, from_row: int = 200) -> pd.DataFrame:
    """Daily rows whose prices fall by the ratio of a split."""
    frame = days()
    frame.loc[from_row:, ["open", "high", "low", "close"]] /= split
    return frame


def recorded() -> pd.DataFrame:
    """Daily rows with two splits, both seen in the prices."""
    frame = halved(2.0)
    frame.loc[220:, ["open", "high", "low", "close"]] /= 3.0
    return put(put(frame, 200, split=2.0), 220, split=3.0)


def adjusted(factor: float, **cells: float) -> pd.DataFrame:
    """Daily rows whose adjusted closes are a factor lower before row 100, where cells say why."""
    frame = days()
    frame["adj_close"] = np.where(np.arange(len(frame)) < 100, frame["close"] * factor, frame["close"])
    return put(frame, 100, **{"dividend": 0.0, "split": 0.0, **cells})


def dividend_of(share: float) -> dict[str, float]:
    """The dividend that is a share of the close before row 100."""
    return {"dividend": share * float(days()["close"][99])}


def thinned() -> pd.DataFrame:
    frame = minutes("2024-05-06", "2024-05-17")
    return frame[np.random.default_rng(3).uniform(size=len(frame)) > 0.3]


def venue(share: float, ratio: float = 1.0) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Minutes of one symbol beside daily rows of which their volume is a share."""
    frame = minutes("2024-05-06", "2024-05-17")
    grouped = frame.groupby(frame["timestamp"].dt.floor("D"))
    daily = grouped.agg({"open": "first", "high": "max", "low": "min", "close": "last", "volume": "sum"}).reset_index()
    prices = ["open", "high", "low", "close"]
    daily[prices] *= ratio
    return frame, {"reference": daily.assign(volume=daily["volume"] / share, symbol="AAA")}


def member(symbol: str, start: str) -> dict[str, Any]:
    return {"membership": pd.DataFrame({"symbol": [symbol], "start": [start], "end": [""]})}


def naive(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(timestamp=frame["timestamp"].dt.tz_localize(None))


def written(frame: pd.DataFrame, row: int, text: str) -> pd.DataFrame:
    stamps = frame["timestamp"].dt.strftime("%Y-%m-%dT%H:%M:%SZ").astype(object)
    stamps[row] = text
    return frame.assign(timestamp=stamps)


def later(number: int) -> pd.DataFrame:
    frame = several(coins, 3)
    frame.loc[frame["symbol"] == "S1", "volume"] *= number
    return frame


def held_still(bars: int) -> pd.DataFrame:
    frame = coins()
    frame.loc[50 : 50 + bars - 1, ["open", "high", "low", "close"]] = 100.0
    return frame


def zero(flat: bool) -> pd.DataFrame:
    frame = coins()
    before = float(frame["close"][49])
    cells = dict.fromkeys(("open", "high", "low", "close"), before) if flat else {}
    return put(frame, 50, volume=0.0, **cells)


def moved(row: int, factor: float, until: int) -> pd.DataFrame:
    frame = coins()
    frame.loc[row : until - 1, ["open", "high", "low", "close"]] *= factor
    return frame


NOTHING: dict[str, Any] = {}
US = {"calendar": "XNYS"}


# kind -> rows that have it, the options of the check, the symbol and the count of its first finding
CASES: dict[str, Callable[[], tuple[Any, dict[str, Any], str, int]]] = {
    "no_rows": lambda: (coins().iloc[:0], NOTHING, "", 1),
    "missing_columns": lambda: (coins().drop(columns="volume"), NOTHING, "", 1),
    "text_numbers": lambda: (put(coins(), 3, close="1o.5"), NOTHING, "", 1),
    "no_time_zone": lambda: (naive(coins()), NOTHING, "", 400),
    "mixed_time_zones": lambda: (written(coins(), 3, "2024-01-01T03:00:00"), NOTHING, "", 1),
    "unreadable_times": lambda: (written(coins(), 3, "yesterday"), NOTHING, "", 1),
    "no_symbol": lambda: (put(coins(), 3, symbol=" "), NOTHING, "", 1),
    "symbol_spelling": lambda: (put(coins(), 3, symbol=" AAA"), NOTHING, "", 1),
    "source": lambda: (told(), NOTHING, "AAA", 1),
    "unsorted": lambda: (coins().iloc[[0, 2, 1, *range(3, 400)]], NOTHING, "AAA", 1),
    "duplicates": lambda: (twice(), NOTHING, "AAA", 1),
    "conflicting_rows": lambda: (twice(volume=5.0), NOTHING, "AAA", 1),
    "same_time": lambda: (
        pd.DataFrame({"timestamp": pd.Timestamp("2024-01-01", tz="UTC"), "symbol": "AAA", "price": [1.0, 2.0, 1.5]}),
        NOTHING,
        "AAA",
        2,
    ),
    "partial_bars": lambda: (put(coins(), 3, low=np.nan), NOTHING, "AAA", 1),
    "bad_values": lambda: (put(coins(), 3, low=-1.0), NOTHING, "AAA", 1),
    "bad_extremes": lambda: (put(coins(), 3, low=500.0), NOTHING, "AAA", 1),
    "bad_volume": lambda: (put(coins(), 3, volume=-5.0), NOTHING, "AAA", 1),
    "bad_events": lambda: (put(coins(), 3, dividend=-1.0), NOTHING, "AAA", 1),
    "empty_bars": lambda: (put(coins(), 3, open=np.nan, high=np.nan, low=np.nan, close=np.nan), NOTHING, "AAA", 1),
    "zero_volume": lambda: (zero(flat=False), NOTHING, "AAA", 1),
    "filled_bars": lambda: (zero(flat=True), NOTHING, "AAA", 1),
    "unknown_volume": lambda: (coins().assign(volume=np.nan), NOTHING, "AAA", 400),
    "spikes": lambda: (moved(50, 2.0, 51), NOTHING, "AAA", 1),
    "jumps": lambda: (moved(50, 1.7, 400), NOTHING, "AAA", 1),
    "wicks": lambda: (put(coins(), 50, high=300.0), NOTHING, "AAA", 1),
    "stale_runs": lambda: (held_still(6), NOTHING, "AAA", 1),
    "splits_in_prices": lambda: (put(days(), 100, split=4.0), US, "AAA", 1),
    "split_unseen": lambda: (put(recorded(), 50, split=3.0), US, "AAA", 1),
    "unrecorded_split": lambda: (halved(2.0), US, "AAA", 1),
    "later_split": lambda: (later(10), NOTHING, "S1", 1),
    "odd_split": lambda: (put(days(), 100, split=1.319), US, "AAA", 1),
    "spinoff": lambda: (adjusted(0.7, split=1.319, **dividend_of(0.3)), US, "AAA", 1),
    "large_dividend": lambda: (adjusted(0.9, **dividend_of(0.1)), US, "AAA", 1),
    "adjustment": lambda: (adjusted(0.98, **dividend_of(0.01)), US, "AAA", 1),
    "adjusted_prices": lambda: (adjusted(0.98, **dividend_of(0.02)), US, "", 100),
    "crossed_quotes": lambda: (coins().assign(bid_close=1.0, ask_close=[0.5] + [1.5] * 399), NOTHING, "AAA", 1),
    "sparse_funding": lambda: (coins().assign(funding_rate=[0.1] * 50 + [np.nan] * 350), NOTHING, "AAA", 50),
    "calendar": lambda: (days(), NOTHING, "", 1),
    "calendar_unknown": lambda: (days(last="2024-01-08"), NOTHING, "", 1),
    "interval": lambda: (coins(), {"interval": "5min"}, "", 1),
    "daily_labels": lambda: (days(), US, "", 252),
    "opening_stamps": lambda: (minutes("2024-05-06", "2024-05-17"), US, "", 780),
    "missing_sessions": lambda: (days().drop(index=[10, 11, 40]), US, "AAA", 3),
    "missing_bars": lambda: (minutes("2024-05-06", "2024-05-17").drop(index=[30, 31, 200]), US, "AAA", 3),
    "partial_days": lambda: (minutes("2024-05-06", "2024-05-17").iloc[:-20], US, "AAA", 1),
    "off_session": lambda: (days(), {"calendar": "XLON"}, "AAA", 4),
    "off_grid": lambda: (
        put(minutes("2024-05-06", "2024-05-17"), 40, timestamp=pd.Timestamp("2024-05-06 16:51", tz="UTC")),
        US,
        "AAA",
        1,
    ),
    "partial_feed": lambda: (thinned(), US, "AAA", 780 - len(thinned())),
    "late_start": lambda: (several(days, 2).drop(index=range(252, 300)), US, "S1", 1),
    "early_end": lambda: (several(days, 2).drop(index=range(400, 504)), US, "S1", 1),
    "survivorship": lambda: (several(days, 5), US, "", 5),
    "members_without_rows": lambda: (days(), US | member("BBB", "2020-01-01"), "", 1),
    "rows_outside_membership": lambda: (days(), US | member("AAA", "2024-01-31"), "AAA", 20),
    "one_venue": lambda: (*venue(0.1), "AAA", 10),
    "partial_volume": lambda: (*venue(0.5), "AAA", 10),
    "not_compared": lambda: (venue(1.0)[0], {"reference": days(last="2024-05-08")}, "AAA", 1),
    "different_closes": lambda: (*venue(1.0, ratio=10.0), "AAA", 10),
}


def test_each_kind_has_its_rows() -> None:
    assert set(CASES) == set(KINDS)


@pytest.mark.parametrize("kind", CASES)
def test_rows_that_have_it_are_told_of_it(kind: str) -> None:
    source, options, symbol, count = CASES[kind]()
    report = check(source, **options)
    assert report.of(kind), report.table()
    finding = report.of(kind)[0]
    assert (finding.symbol, finding.count) == (symbol, count)
    assert finding.severity == KINDS[kind].severity
    assert 1 <= len(finding.examples) <= 3
    assert finding.explanation
    assert finding.fix


@pytest.mark.parametrize(
    ("frame", "options", "notes"),
    [
        (coins(), {}, {"calendar"}),
        (coins(freq="5min"), {"calendar": "24/7"}, set()),
        (days(), {}, {"calendar", "daily_labels"}),
        (days(name="XLON"), {"calendar": "XLON"}, {"daily_labels"}),
        (minutes("2024-05-06", "2024-05-17", stamps="close"), US, set()),
        (minutes("2024-05-06", "2024-05-17", "1h", stamps="close"), US, set()),
        (minutes("2024-05-06", "2024-05-17", "1min", stamps="close"), US, set()),
        (several(days, 4), US, {"daily_labels"}),
    ],
    ids=lambda item: None,
)
def test_clean_rows_have_none(frame: pd.DataFrame, options: dict[str, Any], notes: set[str]) -> None:
    report = check(frame, **options)
    assert serious(report) == set(), report.table()
    assert set(report.kinds()) == notes
    assert report.ok
    cleaned, log = report.fixed()
    assert log == ()
    pd.testing.assert_frame_equal(cleaned, frame, check_dtype=False)


def test_a_severity_is_one_of_three_and_each_is_used() -> None:
    assert {kind.severity for kind in KINDS.values()} == set(SEVERITIES)


def test_what_the_copy_changes_is_said_in_the_fix() -> None:
    for name, kind in KINDS.items():
        assert ("The copy" in kind.fix or "the copy" in kind.fix) == (kind.repaired or name == "no_time_zone"), name


def test_the_document_lists_each_kind_in_its_words() -> None:
    text = DOCUMENT.read_text(encoding="utf-8").split("## The kinds")[1]
    lines = [line for line in text.splitlines() if line.startswith("| `")]
    wanted = [f"| `{name}` | {kind.severity} | {kind.meaning} | {kind.fix} |" for name, kind in KINDS.items()]
    assert lines == wanted
