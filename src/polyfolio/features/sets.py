"""Named sets of features."""

from __future__ import annotations

from collections.abc import Callable

from polyfolio.errors import ConfigError
from polyfolio.features import averages, clock, cycles, oscillators, prices, ranks, statistics, volatility, volume
from polyfolio.features.base import Feature
from polyfolio.features.timeframe import Timeframe

WINDOWS = (5, 10, 20, 60)


def sixty() -> tuple[Feature, ...]:
    """Sixty indicators of TA-Lib with their usual arguments."""
    a, o, s, c = averages, oscillators, statistics, cycles
    kinds: tuple[type[Feature], ...] = (
        *(a.Sma, a.Ema, a.Wma, a.Dema, a.Tema, a.Trima, a.Kama, a.T3, a.Mama, a.Bbands, a.Sar, a.Midpoint, a.Midprice),
        *(o.Rsi, o.Cmo, o.Macd, o.Stoch, o.Stochf, o.Stochrsi, o.Dx, o.PlusDi, o.MinusDi, o.PlusDm, o.MinusDm, o.Adx),
        *(o.Adxr, o.Aroon, o.Aroonosc, o.Cci, o.Willr, o.Ultosc, o.Roc, o.Mom, o.Trix, o.Ppo, o.Apo, o.Bop),
        *(s.Atr, s.Natr, s.Trange, s.Mfi, s.Obv, s.Ad, s.Adosc, s.Linearreg, s.LinearregSlope, s.LinearregAngle),
        *(s.LinearregIntercept, s.Tsf, s.Stddev, s.Var, s.Beta, s.Correl, s.HtDcperiod, s.HtPhasor),
        *(c.HtTrendline, c.HtDcphase, c.HtSine, c.HtTrendmode, a.Typprice),
    )
    return tuple(kind() for kind in kinds)


def own() -> tuple[Feature, ...]:
    """Returns, volatility and volume over several windows."""
    single = (
        *(prices.LogReturns(), prices.Gap(), prices.Candle(), prices.CloseLocation(), prices.SkipMomentum()),
        *(prices.Autocorrelation(), volatility.EwmaVolatility(), volatility.VolatilityRatio()),
        *(volume.CorwinSchultz(), volume.RollSpread(), volume.VolumeCorrelation(), volume.VolumeTrend()),
    )
    kinds = (
        *(prices.Returns, prices.DistanceHigh, prices.DistanceLow, prices.RangePosition, prices.DistanceAverage),
        *(prices.Zscore, prices.Trend, prices.RiseShare, prices.ReturnRatio, prices.WindowDrawdown),
        *(volatility.CloseVolatility, volatility.Parkinson, volatility.GarmanKlass, volatility.YangZhang),
        *(volatility.DownsideDeviation, volume.VolumeZscore, volume.SignedVolume, volume.DistanceVwap, volume.Amihud),
    )
    wide = (prices.Skewness, prices.Kurtosis, volume.TradedValue, volatility.RogersSatchell, volatility.UpsideDeviation)
    windows = tuple(kind(period=period) for kind in kinds for period in WINDOWS)
    return (*single, *windows, *(kind(period=period) for kind in wide for period in (20, 60)))


def wealth200() -> tuple[Feature, ...]:
    """More than 200 columns: the sixty indicators, returns, volatility, volume, ranks, longer bars, the calendar."""
    compared: tuple[Feature, ...] = (
        *(prices.Returns(period=1), prices.Returns(period=20), prices.Returns(period=60), oscillators.Rsi()),
        *(volatility.CloseVolatility(period=20), volume.VolumeZscore(period=20)),
    )
    longer: tuple[Feature, ...] = (oscillators.Rsi(), oscillators.Macd(), oscillators.Adx(), averages.Bbands())
    more: tuple[Feature, ...] = (
        *(averages.Sma(period=period) for period in (5, 10, 50, 100, 200)),
        *(averages.Ema(period=period) for period in (5, 10, 50, 100, 200)),
        *(oscillators.Rsi(period=7), oscillators.Rsi(period=21), oscillators.Tsi(), oscillators.Vortex()),
        *(averages.Donchian(), averages.Keltner(), statistics.Cmf(), statistics.Efi(), statistics.Percentrank()),
    )
    return (
        *sixty(),
        *own(),
        *more,
        *(ranks.Rank(of=of) for of in compared),
        *(ranks.CrossZscore(of=of) for of in compared[1:]),
        *(Timeframe(of=of, every=5) for of in longer),
        *(clock.DayOfWeek(), clock.DayOfMonth(), clock.DayOfYear(), clock.TimeOfDay()),
    )


SETS: dict[str, Callable[[], tuple[Feature, ...]]] = {"sixty": sixty, "own": own, "wealth200": wealth200}


def feature_set(name: str) -> tuple[Feature, ...]:
    """The features of a named set."""
    if name not in SETS:
        raise ConfigError("feature set", name, "one of " + ", ".join(SETS), "Name a set, or list features.")
    return SETS[name]()
