"""Bars written as bytes come back bit by bit, or not at all."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError
from polyfolio.market.bars import EXTRAS, Bars
from polyfolio.market.encode import decoded, digest_of, encoded
from tests.market.store.tools import bars, same_bars

FLOATS = st.floats(width=64, allow_nan=True, allow_infinity=True)


@st.composite
def any_bars(draw: st.DrawFn) -> Bars:
    count = draw(st.integers(0, 8))
    names = draw(st.sets(st.sampled_from(EXTRAS)))
    columns = {
        name: np.array(draw(st.lists(FLOATS, min_size=count, max_size=count)), dtype=np.float64)
        for name in ("open", "high", "low", "close", "volume", *names)
    }
    times = np.array(draw(st.lists(st.integers(0, 2**62), min_size=count, max_size=count)), dtype=np.int64)
    words = st.text(max_size=12)
    findings = tuple(draw(st.lists(words, max_size=3)))
    return Bars(draw(words), times, **columns, interval=draw(words), source=draw(words), findings=findings)


@given(any_bars())
def test_any_bars_come_back_bit_by_bit(made: Bars) -> None:
    again = decoded(encoded(made), "here")
    assert same_bars(made, again)
    assert (again.source, again.findings) == (made.source, made.findings)
    assert digest_of(again) == digest_of(made)


def test_the_digest_is_of_the_bars_not_of_where_they_came_from() -> None:
    one = bars("AAA")
    assert digest_of(bars("AAA", source="elsewhere", findings=("x",))) == digest_of(one)
    others = [
        bars("AAB"),
        bars("AAA", count=21),
        bars("AAA", close=11.0),
        bars("AAA", interval="1h"),
        bars("AAA", first=0),
        bars("AAA", splits=np.ones(20)),
        bars("AAA", dividends=np.ones(20)),
    ]
    assert len({digest_of(other) for other in (one, *others)}) == 8


@pytest.mark.parametrize("cut", [0, 4, 100, -1])
def test_bytes_that_were_cut_off_are_refused_with_their_place(cut: int) -> None:
    with pytest.raises(DataError, match=r"the file x.*Delete it and fetch"):
        decoded(encoded(bars("AAA"))[:cut], "the file x")


def test_values_that_are_not_those_of_the_digest_are_refused() -> None:
    """A Parquet file that reads well and whose values are others, as after damage its own checks do not see."""
    import io

    import pyarrow.parquet as pq

    one, other = (pq.read_table(io.BytesIO(encoded(bars("AAA", close=close)))) for close in (10.0, 11.0))
    sink = io.BytesIO()
    pq.write_table(one.replace_schema_metadata(other.schema.metadata), sink)
    with pytest.raises(DataError, match="its digest is another one"):
        decoded(sink.getvalue(), "x")


def test_another_parquet_file_is_refused(tmp_path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1]}).to_parquet(tmp_path / "x.parquet")
    with pytest.raises(DataError, match="what was written there"):
        decoded((tmp_path / "x.parquet").read_bytes(), "x")


def test_a_newer_form_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyfolio.market.encode.VERSION", 2)
    content = encoded(bars("AAA"))
    monkeypatch.setattr("polyfolio.market.encode.VERSION", 1)
    with pytest.raises(DataError, match="newer polyfolio"):
        decoded(content, "x")
