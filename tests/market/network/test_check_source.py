"""check_source passes sources that keep the contract, the skeleton among them, and names each broken promise."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.market.bars import Bars
from polyfolio.testing.sources import check_source
from tests.house.sources import ROOT
from tests.market.network.server import serving
from tests.market.network.test_crypto import Binance
from tests.market.network.test_crypto import source as crypto
from tests.market.network.tools import HOUR, MONDAY, Market, hours, rows, vendor

SPAN = ("2024-01-01", "2024-01-02")


class Good:
    """48 hourly bars of one symbol, kept as the contract says."""

    name = "good"
    streams = False

    def fetch(self, symbols: list[str], start: int, end: int, interval: str) -> dict[str, Bars]:
        found = {}
        for symbol in symbols:
            if symbol != "AAA":
                raise DataError("symbol", symbol, "AAA", "Correct it.")
            times, level = hours(MONDAY, 48), 100.0 + np.arange(48)
            bars = Bars(symbol, times, level, level + 2, level - 2, level, level, interval=interval, source=self.name)
            found[symbol] = bars.take((times >= start) & (times <= end))
        return found

    def stream(self, symbols: list[str], interval: str) -> Any:
        raise DataError("stream", self.name, "another", "Ask another.")


def broken(change: Any) -> Good:
    """A source whose bars are changed by a function."""

    class Broken(Good):
        def fetch(self, symbols: list[str], start: int, end: int, interval: str) -> dict[str, Bars]:
            found = super().fetch(symbols, start, end, interval)
            return {symbol: change(bars) for symbol, bars in found.items()}

    return Broken()


def test_a_source_that_keeps_the_contract_passes() -> None:
    check_source(Good(), ["AAA"], SPAN, "1h")


def test_the_vendor_and_the_exchange_pass() -> None:
    with serving(Market()) as server:
        check_source(vendor(server), ["AAA"], SPAN, "1h")
    with serving(Binance()) as server:
        check_source(crypto(server), ["BTC/USDT", "ETH/USDT"], ("2024-01-01", "2024-01-04"), "1h")


def test_the_skeleton_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "skeletons"))
    monkeypatch.delitem(sys.modules, "source", raising=False)
    import source  # type: ignore[import-not-found]

    lines = [",".join(("timestamp", "open", "high", "low", "close", "volume"))]
    lines += [",".join(str(value) for value in row.values()) for row in rows(MONDAY, 48) if row["t"] % 7]
    (tmp_path / "AAA.csv").write_text("\n".join(lines) + "\n")
    check_source(source.Folder(str(tmp_path)), ["AAA"], SPAN, "1h")
    with pytest.raises(DataError, match="a source that streams"):
        source.Folder(str(tmp_path)).stream(["AAA"], "1h")


def shifted(bars: Bars) -> Bars:
    return replace(bars, times=bars.times - HOUR)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda bars: replace(bars, symbol="AAAUSDT"), "symbol, interval"),
        (lambda bars: replace(bars, interval="60m"), "symbol, interval"),
        (lambda bars: bars.take(slice(0, 0)), "bars of AAA: got 0"),
        (lambda bars: bars.take(slice(None, None, -1)), "time 1 of AAA.*after the one before it"),
        (shifted, "time 0 of AAA.*Stamp bars with their close"),
        (lambda bars: replace(bars, times=bars.times + 47 * HOUR), "cut to the span"),
        (lambda bars: replace(bars, high=bars.low), "high 0 of AAA|open 0 of AAA"),
        (lambda bars: replace(bars, close=np.where(bars.times % (5 * HOUR) == 0, np.nan, bars.close)), "close"),
        (lambda bars: replace(bars, volume=-bars.volume), "volume 0 of AAA"),
        (lambda bars: bars.take(bars.times % (24 * HOUR) != 0), "findings of AAA.*with 'gap: 1 bars"),
        (lambda bars: replace(bars, findings=(1,)), "findings of AAA"),
    ],
)
def test_each_broken_promise_is_named(change: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^Broken: .*({said})"):
        check_source(broken(change), ["AAA"], SPAN, "1h")


def test_an_answer_that_changes_or_depends_on_the_span_is_found() -> None:
    calls = iter(range(100))
    with pytest.raises(ConfigError, match=r"close 0 of AAA, asked again: got \d+\.\d+, must be \d+\.\d+, as before"):
        check_source(broken(lambda bars: replace(bars, close=bars.close + next(calls) / 1e6)), ["AAA"], SPAN, "1h")
    whole = broken(lambda bars: replace(bars, close=bars.close - bars.close.mean() / 1e3))
    with pytest.raises(ConfigError, match="close 0 of AAA, 2024-01-01T13:00:00Z to 2024-01-02T09:00:00Z"):
        check_source(whole, ["AAA"], SPAN, "1h")


def test_an_answer_that_is_no_bars_is_found() -> None:
    with pytest.raises(ConfigError, match="entry of AAA: got 'dict', must be Bars"):
        check_source(broken(lambda bars: bars.columns()), ["AAA"], SPAN, "1h")


def test_symbols_left_out_or_made_up_are_found() -> None:
    class Lazy(Good):
        def fetch(self, symbols: list[str], start: int, end: int, interval: str) -> dict[str, Bars]:
            return super().fetch(["AAA"], start, end, interval)

    with pytest.raises(ConfigError, match="symbols: got"):
        check_source(Lazy(), ["AAA", "BBB"], SPAN, "1h")
    with pytest.raises(ConfigError, match="an unknown symbol"):
        check_source(Lazy(), ["AAA"], SPAN, "1h")

    class Silent(Good):
        def fetch(self, symbols: list[str], start: int, end: int, interval: str) -> dict[str, Bars]:
            if symbols != ["AAA"]:
                raise DataError("symbol", "?", "AAA", "Correct it.")
            return super().fetch(symbols, start, end, interval)

    with pytest.raises(ConfigError, match="an error that names"):
        check_source(Silent(), ["AAA"], SPAN, "1h")


def test_a_source_without_a_name_is_found() -> None:
    nameless = Good()
    nameless.name = ""
    with pytest.raises(ConfigError, match="name, streams"):
        check_source(nameless, ["AAA"], SPAN, "1h")
