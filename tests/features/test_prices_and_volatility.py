"""Returns, volatility and volume against pandas, SciPy and the printed formulas, on a tape without holes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.features import prices, volatility, volume
from polyfolio.features.base import Feature
from tests.features.tapes import random_tape

TAPE = random_tape(11, rows=120, slots=3, spread=True)
OPEN, HIGH, LOW, CLOSE, VOLUME = (
    pd.DataFrame(getattr(TAPE, name)) for name in ("open", "high", "low", "close", "volume")
)
RETURN = CLOSE.pct_change()
HL, CO = np.log(HIGH / LOW), np.log(CLOSE / OPEN)
GAP = np.log(OPEN / CLOSE.shift(1))
RS = np.log(HIGH / CLOSE) * np.log(HIGH / OPEN) + np.log(LOW / CLOSE) * np.log(LOW / OPEN)
TYPICAL = (HIGH + LOW + CLOSE) / 3.0
N = 15


def rolled(frame: pd.DataFrame, function: object, window: int = N) -> pd.DataFrame:
    return frame.rolling(window).apply(function, raw=True)


def corwin_schultz() -> pd.DataFrame:
    beta = HL**2 + HL.shift(1) ** 2
    gamma = np.log(np.maximum(HIGH, HIGH.shift(1)) / np.minimum(LOW, LOW.shift(1))) ** 2
    scale = 3.0 - 2.0 * math.sqrt(2.0)
    alpha = ((np.sqrt(2.0 * beta) - np.sqrt(beta)) / scale - np.sqrt(gamma / scale)).clip(lower=0.0)
    return 2.0 * (np.exp(alpha) - 1.0) / (1.0 + np.exp(alpha))


def roll_spread() -> pd.DataFrame:
    pairs = (RETURN * RETURN.shift(1)).rolling(N).mean()
    joint = pairs - RETURN.rolling(N).mean() * RETURN.shift(1).rolling(N).mean()
    return 2.0 * np.sqrt((-joint).clip(lower=0.0))


def yang_zhang() -> pd.DataFrame:
    k = 0.34 / (1.34 + (N + 1) / (N - 1))
    return np.sqrt(GAP.rolling(N).var() + k * CO.rolling(N).var() + (1.0 - k) * RS.rolling(N).mean())


def ewma(decay: float) -> pd.DataFrame:
    return np.sqrt((RETURN.iloc[1:] ** 2).ewm(alpha=1.0 - decay, adjust=False).mean().reindex(CLOSE.index))


CASES: list[tuple[Feature, list[pd.DataFrame]]] = [
    (prices.Returns(period=3), [CLOSE.pct_change(3)]),
    (prices.LogReturns(), [np.log(CLOSE / CLOSE.shift(1))]),
    (prices.SkipMomentum(period=20, skip=4), [CLOSE.shift(4) / CLOSE.shift(20) - 1.0]),
    (prices.Gap(), [OPEN / CLOSE.shift(1) - 1.0]),
    (
        prices.Candle(),
        [
            (CLOSE - OPEN) / CLOSE,
            (HIGH - LOW) / CLOSE,
            (HIGH - np.maximum(OPEN, CLOSE)) / CLOSE,
            (np.minimum(OPEN, CLOSE) - LOW) / CLOSE,
        ],
    ),
    (prices.CloseLocation(), [(2.0 * CLOSE - LOW - HIGH) / (HIGH - LOW)]),
    (prices.DistanceHigh(period=N), [CLOSE / HIGH.rolling(N).max() - 1.0]),
    (prices.DistanceLow(period=N), [CLOSE / LOW.rolling(N).min() - 1.0]),
    (
        prices.RangePosition(period=N),
        [(CLOSE - LOW.rolling(N).min()) / (HIGH.rolling(N).max() - LOW.rolling(N).min())],
    ),
    (prices.WindowDrawdown(period=N), [CLOSE / CLOSE.rolling(N).max() - 1.0]),
    (prices.DistanceAverage(period=N), [CLOSE / CLOSE.rolling(N).mean() - 1.0]),
    (prices.Zscore(period=N), [(CLOSE - CLOSE.rolling(N).mean()) / CLOSE.rolling(N).std()]),
    (
        prices.Trend(period=N),
        [
            rolled(np.log(CLOSE), lambda y: stats.linregress(np.arange(N), y).slope),
            rolled(np.log(CLOSE), lambda y: stats.linregress(np.arange(N), y).rvalue ** 2),
        ],
    ),
    (
        prices.Autocorrelation(period=N, lag=2),
        [pd.DataFrame({slot: RETURN[slot].rolling(N).corr(RETURN[slot].shift(2)) for slot in RETURN})],
    ),
    (prices.Skewness(period=N), [rolled(RETURN, stats.skew)]),
    (prices.Kurtosis(period=N), [rolled(RETURN, lambda x: stats.kurtosis(x, fisher=False))]),
    (prices.RiseShare(period=N), [(RETURN > 0).astype(float).where(RETURN.notna()).rolling(N).mean()]),
    (prices.ReturnRatio(period=N), [RETURN.rolling(N).mean() / RETURN.rolling(N).std()]),
    (volatility.CloseVolatility(period=N), [RETURN.rolling(N).std()]),
    (volatility.Parkinson(period=N), [np.sqrt((HL**2).rolling(N).mean() / (4.0 * math.log(2.0)))]),
    (
        volatility.GarmanKlass(period=N),
        [np.sqrt((0.5 * HL**2 - (2.0 * math.log(2.0) - 1.0) * CO**2).rolling(N).mean())],
    ),
    (volatility.RogersSatchell(period=N), [np.sqrt(RS.rolling(N).mean())]),
    (volatility.YangZhang(period=N), [yang_zhang()]),
    (volatility.DownsideDeviation(period=N), [np.sqrt((RETURN.clip(upper=0.0) ** 2).rolling(N).mean())]),
    (volatility.UpsideDeviation(period=N), [np.sqrt((RETURN.clip(lower=0.0) ** 2).rolling(N).mean())]),
    (volatility.VolatilityRatio(fast=5, slow=N), [RETURN.rolling(5).std() / RETURN.rolling(N).std()]),
    (volatility.EwmaVolatility(decay=0.9), [ewma(0.9)]),
    (volume.VolumeZscore(period=N), [(VOLUME - VOLUME.rolling(N).mean()) / VOLUME.rolling(N).std()]),
    (volume.RelativeVolume(period=N), [VOLUME / VOLUME.rolling(N).mean()]),
    (volume.TradedValue(period=N), [np.log1p((CLOSE * VOLUME).rolling(N).mean())]),
    (volume.Amihud(period=N), [1e6 * (RETURN.abs() / (CLOSE * VOLUME)).rolling(N).mean()]),
    (
        volume.SignedVolume(period=N),
        [(np.sign(RETURN) * VOLUME).rolling(N).sum() / VOLUME.rolling(N).sum()],
    ),
    (
        volume.DistanceVwap(period=N),
        [CLOSE / ((TYPICAL * VOLUME).rolling(N).sum() / VOLUME.rolling(N).sum()) - 1.0],
    ),
    (
        volume.VolumeCorrelation(period=N),
        [pd.DataFrame({slot: RETURN[slot].abs().rolling(N).corr(VOLUME[slot]) for slot in RETURN})],
    ),
    (
        volume.VolumeTrend(period=N),
        [
            rolled(np.log1p(VOLUME), lambda y: stats.linregress(np.arange(N), y).slope),
            rolled(np.log1p(VOLUME), lambda y: stats.linregress(np.arange(N), y).rvalue ** 2),
        ],
    ),
    (volume.QuotedSpread(period=N), [(0.01 / CLOSE).rolling(N).mean()]),
    (volume.RollSpread(period=N), [roll_spread()]),
    (volume.CorwinSchultz(), [corwin_schultz()]),
]


@pytest.mark.parametrize(("feature", "expected"), CASES, ids=[feature.name for feature, _ in CASES])
def test_a_feature_equals_its_formula_in_another_library(feature: Feature, expected: list[pd.DataFrame]) -> None:
    values = feature.compute(TAPE)
    assert len(expected) == len(feature.outputs)
    for column, frame in zip(values, expected, strict=True):
        there = np.isfinite(column)
        assert there[feature.warmup :].all()
        assert not there[: feature.warmup].any()
        # pandas' running sums leave rounding of earlier rows behind, hence not closer than 1e-9.
        np.testing.assert_allclose(column[there], frame.to_numpy()[there], rtol=1e-9, atol=1e-12)


def standing(value: float = 50.0) -> Floats:
    return np.full((60, 1), value)


def test_what_cannot_be_said_of_a_standing_price_is_nan_or_the_stated_number() -> None:
    tape = random_tape(1, rows=60, slots=1)
    still = type(tape)(
        **{name: getattr(tape, name) for name in ("times", "tradable", "calendar", "universe", "instruments")},
        **dict.fromkeys(("open", "high", "low", "close"), standing()),
        volume=np.zeros((60, 1)),
    )
    stated = {
        prices.Zscore(): math.nan,
        prices.Skewness(): math.nan,
        prices.Autocorrelation(): math.nan,
        prices.RangePosition(): 0.5,
        prices.CloseLocation(): 0.0,
        prices.ReturnRatio(): 0.0,
        volatility.VolatilityRatio(fast=5, slow=20): 1.0,
        volatility.CloseVolatility(): 0.0,
        volume.VolumeZscore(): 0.0,
        volume.RelativeVolume(): 1.0,
        volume.SignedVolume(): 0.0,
        volume.DistanceVwap(): math.nan,
        volume.Amihud(): 0.0,
    }
    for feature, number in stated.items():
        assert np.array_equal(feature.compute(still)[0, -1], [number], equal_nan=True), feature


def test_a_tape_without_spreads_has_no_spread_feature() -> None:
    with pytest.raises(DataError, match="spread: got None"):
        volume.QuotedSpread().compute(random_tape(1, rows=40))


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        (prices.Returns, {"period": 0}),
        (prices.SkipMomentum, {"period": 5, "skip": 5}),
        (prices.Trend, {"period": 2}),
        (volatility.VolatilityRatio, {"fast": 20, "slow": 20}),
        (volatility.EwmaVolatility, {"decay": 1.0}),
        (volatility.EwmaVolatility, {"decay": -0.1}),
        (volume.Amihud, {"period": 1.5}),
    ],
)
def test_wrong_arguments_are_refused(kind: type[Feature], arguments: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(arguments))):
        kind(**arguments)
