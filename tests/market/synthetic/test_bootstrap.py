"""The block bootstrap takes whole rows in blocks; stamps go on by whole weeks."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import PRICES
from polyfolio.market.frame import tape_from_arrays
from polyfolio.market.synthetic.bootstrap import BlockBootstrap
from polyfolio.market.synthetic.clock import phases
from tests.market.synthetic.tools import DAY, HOUR, fields_of, moves_of, plain, tape_of


def rows_taken(made, original) -> np.ndarray:
    """The original's row behind each synthetic one, told by the returns of the first slot."""
    known = moves_of(original)[:, 0]
    return np.argmin(np.abs(moves_of(made)[:, :1] - known[None, :]), axis=1) + 1


def test_every_bar_is_a_bar_of_the_original_in_all_slots():
    original = plain()
    made = BlockBootstrap(block=5).fit(original).sample(seed=1)
    taken = rows_taken(made, original)
    np.testing.assert_allclose(moves_of(made), moves_of(original)[taken - 1], atol=1e-10)
    for name in PRICES:
        ours = np.log(getattr(made, name)[1:] / made.close[:-1])
        theirs = np.log(getattr(original, name)[taken] / original.close[taken - 1])
        np.testing.assert_allclose(ours, theirs, atol=1e-10)


@pytest.mark.parametrize("block", [1.0, 4.0, 25.0])
def test_blocks_have_the_mean_length_asked_for(block):
    original = plain(300)
    made = BlockBootstrap(block=block).fit(original).sample(12_000, seed=2)
    taken = rows_taken(made, original)
    # A block ends where the next row is not the next one; row 299 is followed by row 1.
    broken = (taken[1:] != taken[:-1] % 299 + 1).mean()
    expected = (1.0 / block) * (1.0 - 1.0 / 299.0)
    assert broken == pytest.approx(expected, abs=4.0 * np.sqrt(expected * (1.0 - expected) / 12_000) + 1e-3)


def test_every_row_is_as_likely_as_any_other():
    original = plain(120)
    taken = rows_taken(BlockBootstrap(block=3).fit(original).sample(60_000, seed=3), original)
    counts = np.bincount(taken, minlength=120)[1:]
    assert counts.min() > 0.75 * counts.mean()
    assert counts.max() < 1.25 * counts.mean()


def test_the_block_length_is_longer_where_volatility_lasts():
    rough = fields_of(600, 2)
    random = np.random.default_rng(4)
    steps = 0.01 * random.standard_normal((600, 2))
    noise = 50.0 * np.exp(np.cumsum(steps, axis=0))
    flat = {**dict.fromkeys(PRICES, noise), "volume": rough["volume"]}
    assert BlockBootstrap().fit(tape_of(rough)).block_ > 2.0 * BlockBootstrap().fit(tape_of(flat)).block_


def test_a_row_keeps_its_time_of_day():
    """Volume tells the hour of the row behind it."""
    fields = fields_of(24 * 40, 2)
    fields["volume"] = 1000.0 + np.repeat((np.arange(24 * 40) % 24)[:, None], 2, axis=1)
    made = BlockBootstrap(block=7).fit(tape_of(fields, HOUR)).sample(seed=1)
    ratio = made.volume / np.median(fields["volume"])
    expected = (1000.0 + np.arange(24 * 40) % 24) / 1011.5
    np.testing.assert_allclose(ratio[1:], np.repeat(expected[1:, None], 2, axis=1), rtol=1e-3)


def test_times_of_day_with_few_rows_count_as_the_nearest():
    tape = tape_of(fields_of(24 * 30, 1), HOUR)
    assert phases(tape).tolist() == [row % 24 for row in range(24 * 30)]
    times = tape.times.copy()
    times[-1] += HOUR // 3  # 23:20 once: nearer to 23:00 than to midnight
    assert phases(replace(tape, times=times))[-1] == 23
    times[-1] += HOUR // 3  # 23:40 once: nearer to midnight
    assert phases(replace(tape, times=times))[-1] == 0


def test_a_day_of_one_bar_has_one_time():
    assert set(phases(plain()).tolist()) == {0}


def test_stamps_go_on_by_whole_weeks_at_the_same_wall_clock():
    days = pd.bdate_range("2024-02-01", periods=60, tz="UTC")
    fields = fields_of(60, 1)
    original = tape_from_arrays(days, ["S0"], fields, calendar="XNYS", interval="1d")
    made = BlockBootstrap().fit(original).sample(200, seed=1)
    local = pd.DatetimeIndex(made.times.astype("datetime64[ns]"), tz="UTC").tz_convert("America/New_York")
    assert set(local.hour) == {16}
    assert set(local.day_of_week) == {0, 1, 2, 3, 4}
    assert len({stamp.utcoffset() for stamp in local}) == 2  # summer and winter
    assert (np.diff(made.times) > 0).all()
    np.testing.assert_array_equal(made.calendar.day, (local.tz_localize(None).normalize().as_unit("ns").asi8 // DAY))
    np.testing.assert_array_equal(made.times[:60], original.times)
