"""Bars themselves, and parts of one symbol joined."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars, chained


def bars(first: int, count: int, symbol: str = "AAA", level: float = 1.0, **more: object) -> Bars:
    values = level + np.arange(count)
    return Bars(symbol, np.arange(first, first + count), *[values] * 5, **{"interval": "1h", "source": "test", **more})


def test_fields_become_float64_and_times_int64() -> None:
    made = Bars("A", [1, 2], [1, 2], [1, 2], [1, 2], [1, 2], [3, 4], interval="1h", source="x")
    assert made.times.dtype == np.int64
    assert {array.dtype for array in made.columns().values()} == {np.dtype(np.float64)}
    assert list(made.columns()) == ["open", "high", "low", "close", "volume"]


def test_a_field_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match=r"bid\[AAA\]: got \(2,\), must be one per time, 3"):
        bars(0, 3, bid=np.zeros(2))


def test_parts_are_joined_and_the_later_part_counts_where_both_have_a_time() -> None:
    joined = chained([bars(0, 3, findings=("a",)), bars(2, 3, level=9.0, dividends=np.ones(3), findings=("a", "b"))])
    assert joined.times.tolist() == [0, 1, 2, 3, 4]
    assert joined.close.tolist() == [1.0, 2.0, 9.0, 10.0, 11.0]
    assert joined.dividends is not None
    assert joined.dividends.tolist() == [0.0, 0.0, 1.0, 1.0, 1.0]
    assert joined.bid is None
    assert joined.findings == ("a", "b")


def test_parts_of_different_symbols_or_intervals_are_refused() -> None:
    with pytest.raises(DataError, match="symbol of a part: got 'BBB'"):
        chained([bars(0, 2), bars(2, 2, "BBB")])
    with pytest.raises(DataError, match="interval of a part: got '5min'"):
        chained([bars(0, 2), bars(2, 2, interval="5min")])


def test_empty_parts_join_to_what_the_others_have() -> None:
    assert chained([bars(0, 0), bars(4, 2), bars(9, 0)]).times.tolist() == [4, 5]
    assert chained([bars(0, 0)]).size == 0
