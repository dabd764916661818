"""Chains: what the first source cannot give, the next is asked for, symbol by symbol, and the bars say so."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.bars import Bars
from polyfolio.market.chain import Chain
from tests.market.network.tools import HOUR, MONDAY, hours


class Held:
    """A source of what it holds; it fails with the error it is given."""

    streams = True

    def __init__(self, name: str, *symbols: str, error: Exception | None = None, count: int = 3) -> None:
        self.name, self.symbols, self.error, self.count = name, symbols, error, count
        self.asked: list[str] = []

    def fetch(self, symbols, start, end, interval):
        self.asked += symbols
        if self.error is not None:
            raise self.error
        for symbol in symbols:
            if symbol not in self.symbols:
                raise DataError("symbol", symbol, f"one that {self.name} knows", "Correct it.")
        times = hours(MONDAY, self.count)
        return {
            symbol: Bars(symbol, times, *[np.ones(self.count)] * 5, interval=interval, source=self.name)
            for symbol in symbols
        }

    def stream(self, symbols, interval):
        yield from self.fetch(symbols, MONDAY, MONDAY + HOUR, interval).values()


SPAN = (MONDAY, MONDAY + 3 * HOUR, "1h")
DOWN = RetryError("first", "status 503", "an answer", "Ask again later.")


def test_each_symbol_comes_from_the_first_source_that_has_it() -> None:
    first, second = Held("first", "AAA"), Held("second", "AAA", "BBB")
    found = Chain(first, second).fetch(["BBB", "AAA"], *SPAN)
    assert list(found) == ["BBB", "AAA"]
    assert (found["AAA"].source, found["AAA"].findings) == ("first", ())
    assert found["BBB"].source == "second"
    assert len(found["BBB"].findings) == 1
    assert found["BBB"].findings[0].startswith("first failed: symbol: got 'BBB'")
    assert second.asked == ["BBB"]


@pytest.mark.parametrize("error", [DOWN, ConfigError("auth", "status 401", "accepted", "Check it.")])
def test_a_source_that_is_down_or_refuses_is_passed_over_and_told(error: Exception) -> None:
    found = Chain(Held("first", error=error), Held("second", "AAA")).fetch(["AAA"], *SPAN)["AAA"]
    assert found.source == "second"
    assert found.findings == (f"first failed: {error}",)


def test_a_source_without_bars_is_passed_over() -> None:
    found = Chain(Held("first", "AAA", count=0), Held("second", "AAA")).fetch(["AAA"], *SPAN)["AAA"]
    assert found.findings == ("first had no bar of it",)
    empty = Chain(Held("first", "AAA", count=0), Held("second", error=DOWN)).fetch(["AAA"], *SPAN)["AAA"]
    assert empty.size == 0
    assert empty.findings == ("first had no bar of it", f"second failed: {DOWN}")


def test_where_no_source_has_it_the_error_says_whether_to_ask_again() -> None:
    with pytest.raises(RetryError, match=r"first failed.*status 503.*second failed.*'CCC'"):
        Chain(Held("first", error=DOWN), Held("second", "AAA")).fetch(["CCC"], *SPAN)
    with pytest.raises(DataError, match="given by one of first, second"):
        Chain(Held("first", "AAA"), Held("second", "BBB")).fetch(["CCC"], *SPAN)


def test_errors_that_are_no_failure_of_a_source_go_through() -> None:
    with pytest.raises(ZeroDivisionError):
        Chain(Held("first", error=ZeroDivisionError()), Held("second", "AAA")).fetch(["AAA"], *SPAN)


def test_a_chain_streams_from_its_first_source_and_needs_one() -> None:
    chain = Chain(Held("first", "AAA"), Held("second", "AAA"))
    assert chain.streams
    assert next(chain.stream(["AAA"], "1h")).source == "first"
    with pytest.raises(ConfigError, match="at least one"):
        Chain()
