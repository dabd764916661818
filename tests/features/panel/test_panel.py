"""What a panel holds: names, places and values, by hand and by the features it is made of."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table
from polyfolio.errors import ConfigError
from polyfolio.features.compute import compute
from polyfolio.features.panel import build_panel
from polyfolio.features.panel_recipe import SETS
from polyfolio.features.regimes import Trend
from tests.features.learned.markets import tape_of
from tests.features.panel.tools import METHODS, panel, section, tape_with_holes, walk
from tests.features.tapes import random_tape

ONLY = {"time": False, "market": False, "regime": None, "technical": None}


def stamps_tape(*when: str) -> Tape:
    """One slot at these times, UTC."""
    times = np.array(when, "datetime64[ns]").astype(np.int64)
    ones = np.ones((len(when), 1))
    calendar = Calendar("24/7", 365.0, 365.0, "given", times // 86_400_000_000_000)
    on = np.ones(ones.shape, np.uint8)
    return Tape(times, ones, ones, ones, ones, ones, on, calendar, Universe(("A",)), instrument_table(1))


def test_names_and_blocks_stand_in_their_order() -> None:
    technical = ["rsi", {"name": "sma", "period": 5}]
    found = panel(random_tape(spread=True, slots=2), technical=technical)
    time = ["hour_sin", "hour_cos", "weekday_sin", "weekday_cos", "month_sin", "month_cos"]
    market = ["open", "high", "low", "close", "volume", "spread", "undefined"]
    assert list(found.names) == [
        *(f"time.{name}" for name in time),
        *(f"regime.{name}" for name in ("calm", "normal", "turbulent")),
        *(f"{symbol}.{name}" for symbol in ("S0", "S1") for name in market),
        *(f"{symbol}.{name}" for symbol in ("S0", "S1") for name in ("rsi_14", "sma_5")),
    ]
    assert [(block.name, block.per_slot, block.start) for block in found.blocks] == [
        ("time", False, 0),
        ("regime", False, 6),
        ("market", True, 9),
        ("technical", True, 23),
    ]
    assert found.part("technical").shape == (160, 2, 2)
    place = found.names.index("S1.spread")
    assert found.part("market")[:, 1, 5].tobytes() == found.values[:, place].tobytes()
    with pytest.raises(ConfigError, match="one of time, regime, market, technical"):
        found.part("portfolio")


@pytest.mark.pitfall("DAT-08")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("clip", [0.1, 3.0])
def test_values_are_finite_within_the_clip_and_cannot_be_written(method: str, clip: float) -> None:
    found = panel(
        tape_with_holes(), method, technical="sixty", regime={"name": "drawdown", "params": {"window": 20}}, clip=clip
    )
    values = found.values
    assert values.dtype == np.float32
    assert values.flags.c_contiguous
    assert not values.flags.writeable
    assert np.isfinite(values).all()
    # Compared as float64: the float32 nearest to 0.1 is larger than 0.1.
    assert 0.99 * min(clip, 1.0) < np.abs(values.astype(np.float64)).max() <= clip
    assert values.shape == (160, len(found.names))


def test_market_by_hand() -> None:
    # Twenty bars that stand still at 100 with volume 10, so that the mean volume is known; then two that move.
    still = np.full((20, 1), 100.0)
    bars = {
        "open": np.vstack([still, [[104.0], [110.0]]]),
        "high": np.vstack([still, [[112.0], [111.0]]]),
        "low": np.vstack([still, [[103.0], [98.0]]]),
        "close": np.vstack([still, [[110.0], [99.0]]]),
        "volume": np.vstack([0.1 * still, [[20.0], [0.0]]]),
        "spread": np.full((22, 1), 0.22),
    }
    found = panel(replace(tape_of(bars["close"]), **bars), **ONLY | {"market": True}).part("market")[19:, 0]
    log = math.log
    wanted = [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0022, 0.0],
        [log(1.04), log(1.12), log(1.03), log(1.1), log(20.0 / 10.5), 0.002, 0.0],
        [0.0, log(111 / 110), log(98 / 110), log(0.9), log(0.001), 0.22 / 99.0, 0.0],
    ]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-8)


def test_time_by_hand() -> None:
    # A Monday in January at 06:00, a Wednesday in April at 18:00, a Sunday in December at midnight.
    tape = stamps_tape("2024-01-01T06", "2024-04-03T18", "2024-12-01T00", "2024-12-02T00")
    third = 2.0 * math.pi * 2 / 7
    wanted = [
        [1.0, 0.0, 0.0, 1.0, 0.0, 1.0],
        [-1.0, 0.0, math.sin(third), math.cos(third), 1.0, 0.0],
        [0.0, 1.0, math.sin(3.0 * third), math.cos(3.0 * third), math.sin(-math.pi / 6), math.cos(math.pi / 6)],
    ]
    found = panel(tape, **ONLY | {"time": True})
    np.testing.assert_allclose(found.part("time")[:3], wanted, atol=1e-7)
    assert found.first == 0


def test_the_regime_is_its_probabilities() -> None:
    tape = walk(80)
    found = panel(tape, **ONLY | {"regime": {"name": "trend", "params": {"fast": 5, "slow": 20}}})
    wanted = Trend(fast=5, slow=20).probabilities(tape)
    np.testing.assert_array_equal(found.part("regime"), np.nan_to_num(wanted))
    assert found.names == ("regime.bear", "regime.bull")
    assert found.first == 19


@pytest.mark.parametrize("name", ["basic", "sixty", "own"])
def test_a_set_is_its_features(name: str) -> None:
    tape = random_tape(rows=280, spread=True)
    found = panel(tape, **ONLY | {"technical": name, "clip": 1e6})
    columns = compute(SETS[name](), tape)
    wanted = np.clip(np.nan_to_num(columns.values, posinf=0.0, neginf=0.0), -1e6, 1e6).transpose(1, 2, 0)
    np.testing.assert_allclose(found.part("technical")[..., :-1], wanted, rtol=1e-6)
    assert found.blocks[0].columns == (*columns.names, "undefined")


def test_a_list_may_put_a_feature_in_a_feature() -> None:
    written = [{"name": "rank", "of": {"name": "returns", "period": 3}}, {"name": "timeframe", "of": "rsi", "every": 4}]
    found = panel(random_tape(), **ONLY | {"technical": written})
    assert found.blocks[0].columns == ("rank_returns_3", "rsi_14_every_4", "undefined")
    assert set(np.unique(found.part("technical")[found.first :, :, 0])) == {
        0.0,
        np.float32(1 / 3),
        np.float32(2 / 3),
        1.0,
    }


def test_the_richest_set_has_more_than_200_columns() -> None:
    found = panel(random_tape(rows=300), **ONLY | {"technical": "wealth200"})
    assert len(found.blocks[0].columns) > 200
    assert found.first == 252  # the momentum of a year


def test_the_basic_set_does_not_know_the_price_level() -> None:
    tape = random_tape(spread=True)
    names = ("open", "high", "low", "close", "spread")
    dear = replace(tape, **{name: 64.0 * getattr(tape, name) for name in names}, volume=tape.volume / 8.0)
    keys = {"time": False, "regime": None}
    assert panel(dear, **keys).values.tobytes() == panel(tape, **keys).values.tobytes()
    levels = {"technical": ["sma"], "clip": 1e6, **keys}
    assert panel(dear, **levels).values.tobytes() != panel(tape, **levels).values.tobytes()


@pytest.mark.parametrize("method", METHODS)
def test_what_is_undefined_is_zero_and_raises_the_flag(method: str) -> None:
    tape = tape_with_holes()
    found = panel(tape, method)
    missing = tape.tradable == 0
    market, technical = found.part("market"), found.part("technical")
    assert missing[found.first :].any()
    assert (market[missing][:, :-1] == 0.0).all()
    assert (technical[missing] == 0.0).all()
    assert (market[missing][:, -1] == 1.0).all()
    assert (market[: found.first, :, -1].min(axis=0) == 1.0).any()
    # An unknown volume alone raises it too, and is the reason where the bar is there.
    unknown = np.isnan(tape.volume) & ~missing
    assert unknown.any()
    assert (market[unknown][:, [4, -1]] == [0.0, 1.0]).all()


def test_without_holes_nothing_is_undefined_from_the_first_row_on() -> None:
    for method in METHODS:
        found = panel(random_tape(spread=True), method)
        flags = found.part("market")[..., -1]
        assert (flags[found.first :] == 0.0).all()
        assert found.first == 20 + (14 if method in ("rolling", "rank") else 0)
        assert (flags[19] == 1.0).all()


def test_the_flag_is_the_last_technical_column_where_the_market_is_off() -> None:
    both = panel(tape_with_holes(), regime=None, time=False)
    alone = panel(tape_with_holes(), regime=None, time=False, market=False)
    assert alone.blocks[0].columns == (*both.blocks[1].columns, "undefined")
    assert (alone.part("technical")[..., -1] <= both.part("market")[..., -1]).all()
    assert alone.part("technical")[..., -1].any()


def test_a_slot_with_gaps_or_a_late_listing_does_not_move_the_first_row() -> None:
    tape = random_tape(late=True)
    found = panel(tape, regime=None)
    assert found.first == 20
    late = tape.tradable[:, 1].argmax()
    flags = found.part("market")[:, 1, -1]
    assert flags[: late + 21].tolist() == [1.0] * (late + 20) + [0.0]


def test_a_split_is_no_loss() -> None:
    tape = walk(60)
    factor = np.ones((60, 2))
    factor[30:, 1] = 4.0
    splits = np.full((60, 2), np.nan)
    splits[30, 1] = 4.0
    bars = {name: getattr(tape, name) / factor for name in ("open", "high", "low", "close")}
    split = replace(tape, **bars, volume=tape.volume * factor, splits=splits)
    keys = {"regime": None, "technical": ["rsi", "returns"]}
    assert panel(split, **keys).values.tobytes() == panel(tape, **keys).values.tobytes()
    assert panel(replace(split, splits=None), **keys).values.tobytes() != panel(tape, **keys).values.tobytes()


def test_columns_of_what_the_training_rows_do_not_know_are_left_out() -> None:
    tape = random_tape()
    silent = replace(tape, volume=np.full(tape.volume.shape, np.nan))
    found = panel(silent, "standard")
    assert found.blocks[2].columns == ("open", "high", "low", "close", "undefined")
    assert "relative_volume_20" not in found.blocks[3].columns
    assert (found.part("market")[found.first :, :, -1] == 0.0).all()
    later = np.where(np.arange(160)[:, None] < 120, np.nan, tape.volume)
    assert panel(replace(tape, volume=later), "standard").names == found.names


def test_a_panel_may_be_empty() -> None:
    found = build_panel(section(**ONLY), walk(5))
    assert (found.values.shape, found.names, found.blocks, found.first) == ((5, 0), (), (), 0)
