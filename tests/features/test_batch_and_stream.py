"""One tape, three ways: at once, on a prefix, row by row. The bits are the same, and no row knows a later one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.tape import Tape, Universe
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.features.slotwise import Windowed
from polyfolio.features.stream import Streams, bar_of
from tests.features.tapes import cut, random_tape
from tests.features.tools import NAMES, example

PLAIN = random_tape(1, rows=200, spread=True, per_day=4)
HOLES = random_tape(2, rows=200, missing=0.1, late=True, unknown_volume=0.05, spread=True, per_day=4)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    """Whether two arrays hold the same bits; any NaN is like any other."""
    return np.array_equal(one, other, equal_nan=True)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("tape", [PLAIN, HOLES], ids=["plain", "holes"])
@pytest.mark.pitfall("LAH-02", "VER-02")
def test_a_prefix_and_a_stream_give_the_bits_of_the_whole(name: str, tape: Tape) -> None:
    feature = example(name)
    whole = feature.compute(tape)
    assert whole.shape == (len(feature.outputs), tape.rows, tape.slots)
    for rows in (2, 31, 120):
        begun = cut(tape, rows)
        assert same(feature.compute(begun), whole[:, :rows])
        stream = feature.start(begun)
        for row in range(rows, tape.rows if rows > 2 else 150):
            assert same(stream.update(bar_of(tape, row, feature.inputs)), whole[:, row]), f"row {row}"


@given(
    seed=st.integers(0, 10_000),
    missing=st.sampled_from([0.0, 0.02, 0.3, 0.9]),
    late=st.booleans(),
    unknown=st.sampled_from([0.0, 0.2]),
    slots=st.integers(1, 5),
    rows=st.integers(4, 90),
    data=st.data(),
)
def test_any_feature_on_any_tape_is_the_same_in_batch_and_stream(
    seed: int, missing: float, late: bool, unknown: float, slots: int, rows: int, data: st.DataObject
) -> None:
    feature = example(data.draw(st.sampled_from(NAMES)))
    tape = random_tape(seed, rows, slots, missing=missing, late=late, unknown_volume=unknown, spread=True, per_day=3)
    whole = feature.compute(tape)
    start = data.draw(st.integers(2, rows - 1))
    stream = feature.start(cut(tape, start))
    for row in range(start, rows):
        assert same(stream.update(bar_of(tape, row, feature.inputs)), whole[:, row])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.pitfall("DAT-07")
def test_a_row_without_a_bar_holds_nan_and_is_no_bar_of_the_indicator(name: str) -> None:
    feature = example(name)
    values = feature.compute(HOLES)
    assert np.isnan(values[:, HOLES.tradable == 0]).all()
    if feature.across or name in ("timeframe", "session"):
        return  # these look at rows, not at a slot's own bars
    slot = 0
    own = HOLES.tradable[:, slot] != 0
    if "volume" in feature.inputs:
        own &= np.isfinite(HOLES.volume[:, slot])
    rows = np.flatnonzero(own)
    packed = replace(
        cut(HOLES, rows.size),
        **{
            field: np.tile(getattr(HOLES, field)[rows, slot][:, None], HOLES.slots)
            for field in ("open", "high", "low", "close", "volume", "tradable", "spread")
        },
        times=HOLES.times[rows],
        calendar=replace(HOLES.calendar, day=HOLES.calendar.day[rows]),
    )
    assert same(feature.compute(packed)[:, :, 0], values[:, rows, slot])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.pitfall("LAH-01")
def test_the_order_of_slots_changes_no_bit(name: str) -> None:
    feature = example(name)
    order = [2, 0, 3, 1]
    turned = replace(
        HOLES,
        universe=Universe(tuple(HOLES.symbols[slot] for slot in order)),
        **{
            field: np.ascontiguousarray(getattr(HOLES, field)[:, order])
            for field in ("open", "high", "low", "close", "volume", "tradable", "spread")
        },
    )
    assert same(feature.compute(turned), feature.compute(HOLES)[:, :, order])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.pitfall("LAH-08")
def test_the_first_value_stands_where_the_warm_up_says_and_only_some_features_remember_more(name: str) -> None:
    feature = example(name)
    tape = random_tape(5, rows=400, spread=True, per_day=4)
    whole = feature.compute(tape)
    there = np.isfinite(whole).all(axis=0).any(axis=1)
    assert int(np.argmax(there)) == feature.warmup
    assert there.any()
    late = 77 - 77 % 4  # a whole number of sessions
    part = feature.compute(cut(tape, 400, late))[:, feature.warmup :]
    earlier = whole[:, late + feature.warmup :]
    # Running sums leave rounding of earlier rows behind: TA-Lib's averages agree to 1e-9 of the values' size.
    scale = np.nanmax(np.abs(earlier), axis=(1, 2), keepdims=True)
    close = np.nanmax(np.abs(part - earlier) / scale) < 1e-9 and same(np.isnan(part), np.isnan(earlier))
    if not feature.remembers:
        assert close
    elif name not in ("rank", "session", "timeframe", "supertrend", "ht_trendmode"):
        # What remembers differs visibly, or the flag says too much. The named ones give few distinct values, or
        # forget what was before because the cut is at the border of a session.
        assert not same(part, earlier)


class Late(Windowed):
    """The close, from the sixth bar on: a warm-up longer than what the value needs."""

    name = "late"
    meaning = "The close."
    inputs = ("close",)
    warmup = 5

    def values(self, bars: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["close"],)


def test_a_stream_waits_for_the_warm_up_even_where_a_value_could_be_said() -> None:
    tape = random_tape(7, rows=40, missing=0.5)
    stream = Late().start(cut(tape, 2))
    for row in range(2, 40):
        assert same(stream.update(bar_of(tape, row, ("close",))), Late().compute(tape)[:, row])


def test_streams_carry_several_features_on_together() -> None:
    features = [example(name) for name in ("rsi", "bbands", "close_volatility", "rank")]
    streams = Streams(features, cut(PLAIN, 150))
    assert streams.columns == (
        "rsi_14",
        "bbands_20_upper",
        "bbands_20_middle",
        "bbands_20_lower",
        "close_volatility_20",
        "rank_rsi_5",
    )
    found = streams.update(bar_of(PLAIN, 150, streams.inputs))
    assert same(found, np.concatenate([feature.compute(PLAIN)[:, 150] for feature in features]))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"high": None}, r"bar\['high'\]: got None"), ({"close": np.ones(2)}, r"bar\['close'\]: got \(2,\).* 4 symbols")],
)
def test_a_bar_that_lacks_a_field_or_a_symbol_is_refused_by_name(change: dict, words: str) -> None:
    streams = Streams([example("atr"), example("session")], cut(PLAIN, 150))
    bar = {**bar_of(PLAIN, 150, streams.inputs), **change}
    with pytest.raises(DataError, match=words):
        streams.update({name: values for name, values in bar.items() if values is not None})
