"""Indicators against TA-Lib called directly, and against definitions written out by hand."""

from __future__ import annotations

import numpy as np
import pytest
import talib

from polyfolio.errors import ConfigError
from polyfolio.features import library
from polyfolio.features.averages import Bbands, Ema, Sma
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue, feature_of
from polyfolio.features.degenerate import degenerate
from polyfolio.features.oscillators import Macd, Rsi
from polyfolio.features.statistics import Atr, Correl
from tests.features.tapes import random_tape
from tests.features.tools import TALIB

TAPE = random_tape(3, rows=300, slots=3, missing=0.03)
WHOLE = random_tape(4, rows=300, slots=2)

# Bars before the first value, by hand from each definition.
FIRST = [
    ({"sma": {}}, 19),
    ({"ema": {}}, 19),
    ({"wma": {}}, 19),
    ({"dema": {}}, 38),
    ({"tema": {}}, 57),
    ({"trima": {}}, 19),
    ({"kama": {}}, 30),
    ({"t3": {}}, 24),
    ({"bbands": {}}, 19),
    ({"sar": {}}, 1),
    ({"midpoint": {}}, 13),
    ({"rsi": {}}, 14),
    ({"cmo": {}}, 14),
    ({"macd": {}}, 33),
    ({"stoch": {}}, 17),
    ({"stochf": {}}, 15),
    ({"stochrsi": {}}, 20),
    ({"atr": {}}, 14),
    ({"natr": {}}, 14),
    ({"trange": {}}, 1),
    ({"dx": {}}, 14),
    ({"plus_di": {}}, 14),
    ({"plus_dm": {}}, 13),
    ({"adx": {}}, 27),
    ({"adxr": {}}, 40),
    ({"aroon": {}}, 14),
    ({"cci": {}}, 19),
    ({"mfi": {}}, 14),
    ({"obv": {}}, 0),
    ({"ad": {}}, 0),
    ({"adosc": {}}, 9),
    ({"willr": {}}, 13),
    ({"ultosc": {}}, 28),
    ({"roc": {}}, 10),
    ({"mom": {}}, 10),
    ({"trix": {}}, 88),
    ({"ppo": {}}, 25),
    ({"apo": {}}, 25),
    ({"bop": {}}, 0),
    ({"linearreg": {}}, 13),
    ({"tsf": {}}, 13),
    ({"stddev": {}}, 19),
    ({"var": {}}, 19),
    ({"beta": {}}, 5),
    ({"correl": {}}, 29),
    ({"ht_dcperiod": {}}, 32),
    ({"ht_trendline": {}}, 63),
    ({"ht_sine": {}}, 63),
    ({"mama": {}}, 32),
]


def direct(feature: Feature, slot: int, tape=TAPE) -> list[np.ndarray]:
    """TA-Lib on one slot's own bars, NaN before the warm-up."""
    own = tape.tradable[:, slot] != 0
    inputs = [np.ascontiguousarray(getattr(tape, name)[own, slot]) for name in feature.inputs]
    found = getattr(talib, feature.function)(*inputs, *feature.options)
    columns = [np.array(column, dtype=np.float64) for column in (found if isinstance(found, tuple) else (found,))]
    for column in columns:
        column[: feature.warmup] = np.nan
    return columns


def test_there_are_more_than_sixty() -> None:
    assert len(TALIB) >= 60
    assert all(catalogue()[name].meaning.endswith(".") for name in TALIB)


@pytest.mark.parametrize("name", TALIB)
def test_an_indicator_has_the_bits_of_talib_on_every_slot(name: str) -> None:
    feature = catalogue()[name]()
    values = feature.compute(TAPE)
    for slot in range(TAPE.slots):
        own = TAPE.tradable[:, slot] != 0
        for column, expected in zip(values, direct(feature, slot), strict=True):
            assert np.array_equal(column[own, slot], expected, equal_nan=True)
            assert np.isnan(column[~own, slot]).all()


@pytest.mark.parametrize("name", TALIB)
def test_without_the_address_of_the_c_function_the_numbers_are_the_same(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature = catalogue()[name]()
    native = feature.compute(TAPE)
    monkeypatch.setattr(library, "address", lambda function: 0)
    assert np.array_equal(feature.compute(TAPE), native, equal_nan=True)


@pytest.mark.parametrize("name", TALIB)
def test_the_addresses_are_found_on_this_platform(name: str) -> None:
    assert library.address(catalogue()[name].function) > 0


@pytest.mark.parametrize(("written", "first"), FIRST, ids=[next(iter(written)) for written, _ in FIRST])
def test_the_first_value_stands_where_the_definition_says(written: dict, first: int) -> None:
    feature = feature_of(written)
    values = feature.compute(WHOLE)[0][:, 0]
    assert feature.warmup == first
    assert int(np.argmax(np.isfinite(values))) == first


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("ht_dcphase", "HT_DCPHASE"),
        ("ht_sine", "HT_SINE"),
        ("ht_trendline", "HT_TRENDLINE"),
        ("ht_trendmode", "HT_TRENDMODE"),
    ],
)
def test_cycles_computed_here_equal_talib(name: str, function: str) -> None:
    tape = random_tape(6, rows=2000, slots=3)
    values = catalogue()[name]().compute(tape)
    for slot in range(tape.slots):
        found = getattr(talib, function)(np.ascontiguousarray(tape.close[:, slot]))
        columns = [np.asarray(one, np.float64) for one in (found if isinstance(found, tuple) else (found,))]
        for column, expected in zip(values, columns, strict=True):
            error = np.abs(column[63:, slot] - expected[63:])
            # Phases and sines pass through 0, so the error is measured against their size: 360 degrees and 1.
            assert error.max() <= 1e-12 * max(1.0, np.abs(expected[63:]).max())
            assert np.isnan(column[:63, slot]).all()


def test_ema_starts_with_the_mean_of_its_first_values() -> None:
    closes = WHOLE.close[:, 0].tolist()
    value = sum(closes[:10]) / 10
    expected = [value]
    for close in closes[10:]:
        value += 2.0 / 11.0 * (close - value)
        expected.append(value)
    np.testing.assert_allclose(Ema(period=10).compute(WHOLE)[0, 9:, 0], expected, rtol=1e-12)


def test_rsi_is_wilders() -> None:
    changes = np.diff(WHOLE.close[:, 0])
    rise, fall = np.maximum(changes, 0.0), np.maximum(-changes, 0.0)
    up, down = rise[:14].mean(), fall[:14].mean()
    expected = [100.0 * up / (up + down)]
    for a, b in zip(rise[14:], fall[14:], strict=True):
        up, down = (13.0 * up + a) / 14.0, (13.0 * down + b) / 14.0
        expected.append(100.0 * up / (up + down))
    np.testing.assert_allclose(Rsi().compute(WHOLE)[0, 14:, 0], expected, rtol=1e-12)


def test_atr_is_wilders() -> None:
    high, low, close = (getattr(WHOLE, name)[:, 0] for name in ("high", "low", "close"))
    true = np.maximum(high[1:], close[:-1]) - np.minimum(low[1:], close[:-1])
    value = true[:14].mean()
    expected = [value]
    for one in true[14:]:
        value = (13.0 * value + one) / 14.0
        expected.append(value)
    np.testing.assert_allclose(Atr().compute(WHOLE)[0, 14:, 0], expected, rtol=1e-12)


def test_bands_use_the_deviation_with_divisor_n() -> None:
    closes = WHOLE.close[:, 0]
    windows = np.lib.stride_tricks.sliding_window_view(closes, 20)
    upper, middle, lower = Bbands(up=2.5, down=1.0).compute(WHOLE)[:, 19:, 0]
    np.testing.assert_allclose(middle, windows.mean(axis=1), rtol=1e-11)
    np.testing.assert_allclose(upper, windows.mean(axis=1) + 2.5 * windows.std(axis=1), rtol=1e-11)
    np.testing.assert_allclose(lower, windows.mean(axis=1) - windows.std(axis=1), rtol=1e-11)


def test_macd_starts_both_averages_at_the_same_bar() -> None:
    closes = WHOLE.close[:, 0]

    def ema(values: np.ndarray, period: int, first: int) -> dict[int, float]:
        value = values[first - period + 1 : first + 1].mean()
        found = {first: value}
        for row in range(first + 1, values.size):
            value += 2.0 / (period + 1.0) * (values[row] - value)
            found[row] = value
        return found

    fast, slow = ema(closes, 12, 25), ema(closes, 26, 25)
    lines = np.array([fast[row] - slow[row] for row in range(25, closes.size)])
    signal = ema(lines, 9, 8)
    line, average, histogram = Macd().compute(WHOLE)[:, 33:, 0]
    np.testing.assert_allclose(line, lines[8:], rtol=1e-10)
    np.testing.assert_allclose(average, list(signal.values()), rtol=1e-10)
    np.testing.assert_allclose(histogram, lines[8:] - list(signal.values()), rtol=1e-8, atol=1e-12)


def test_a_field_can_be_chosen() -> None:
    of_volume = Sma(period=5, of="volume")
    assert of_volume.inputs == ("volume",)
    assert of_volume.columns() == ("sma_5_volume",)
    np.testing.assert_allclose(of_volume.compute(WHOLE)[0, 4, 0], WHOLE.volume[:5, 0].mean(), rtol=1e-12)
    pair = Correl(period=10, of="high", against="low")
    assert pair.inputs == ("high", "low")
    expected = np.corrcoef(WHOLE.high[:10, 1], WHOLE.low[:10, 1])[0, 1]
    np.testing.assert_allclose(pair.compute(WHOLE)[0, 9, 1], expected, rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"perod": 3}, "Did you mean `period`"),
        ({"period": 1}, "whole number >= 2"),
        ({"period": 2.5}, "whole number"),
        ({"period": True}, "whole number"),
        ({"of": "price"}, "one of open, high"),
    ],
)
def test_a_wrong_argument_is_refused_by_name(arguments: dict, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        Rsi(**arguments)


def test_arguments_beyond_talibs_range_are_refused() -> None:
    with pytest.raises(ConfigError, match="rsi arguments"):
        Rsi(period=1_000_000).compute(WHOLE)


def test_settings_that_change_talibs_numbers_are_refused() -> None:
    talib.set_unstable_period("RSI", 5)
    try:
        with pytest.raises(ConfigError, match="unstable period of RSI"):
            Rsi().compute(WHOLE)
    finally:
        talib.set_unstable_period("RSI", 0)


def test_a_standing_price_is_flagged_and_keeps_talibs_number() -> None:
    closes = np.concatenate([WHOLE.close[:100], np.repeat(WHOLE.close[99:100], 200, axis=0)])
    still = type(WHOLE)(
        **{
            **{name: getattr(WHOLE, name) for name in ("times", "volume", "tradable", "calendar", "universe")},
            **dict.fromkeys(("open", "high", "low", "close"), closes),
            "instruments": WHOLE.instruments,
        }
    )
    for name in ("cci", "willr", "stochf", "mfi"):
        feature = catalogue()[name]()
        flags = degenerate(feature, still)
        first = 99 + feature.warmup
        assert flags[:first].max() == 0
        assert flags[first:].min() == 1
        assert (np.abs(feature.compute(still)[0, first:]) == 0.0).all(), name
    # One of two fields that stands still is enough, and no bar before the warm-up is flagged.
    assert degenerate(Correl(period=10), still)[110:].min() == 1
    assert degenerate(catalogue()["rvol"](), still).max() == 0
