"""Ranges, volume, statistics and cycles, by TA-Lib."""

from __future__ import annotations

from polyfolio.features.averages import BARS, CLOSE, HIGH_LOW
from polyfolio.features.talib import indicator

BAR_VOLUME = ("high", "low", "close", "volume")
CLOSE_VOLUME = ("close", "volume")

Trange = indicator("trange", "TRANGE", "True range: with the gap from the last close.", BARS)
Atr = indicator("atr", "ATR", "Average true range (Wilder).", BARS, {"period": 14}, least={"period": 1}, remembers=True)
Natr = indicator(
    "natr",
    "NATR",
    "Average true range in percent of the close.",
    BARS,
    {"period": 14},
    least={"period": 1},
    remembers=True,
)
Adr = indicator("adr", "ADR", "Average range.", HIGH_LOW, {"period": 14}, least={"period": 1})
Massi = indicator(
    "massi", "MASSI", "Sum of range over smoothed range.", HIGH_LOW, {"fast": 9, "slow": 25}, remembers=True
)
Cvi = indicator(
    "cvi",
    "CVI",
    "Change of the smoothed range in percent.",
    HIGH_LOW,
    {"period": 10, "change": 10},
    least={"change": 1},
    remembers=True,
)
Rvi = indicator(
    "rvi",
    "RVI",
    "Share of deviation on rising bars, 0 to 100.",
    CLOSE,
    {"period": 14, "deviation_period": 10},
    remembers=True,
)
Obv = indicator("obv", "OBV", "Volume added on rises, subtracted on falls.", CLOSE_VOLUME, choose=True, remembers=True)
Ad = indicator("ad", "AD", "Volume weighted with the close in its range, summed.", BAR_VOLUME, remembers=True)
Adosc = indicator(
    "adosc", "ADOSC", "Fast less slow average of accumulation.", BAR_VOLUME, {"fast": 3, "slow": 10}, remembers=True
)
Cmf = indicator("cmf", "CMF", "Volume weighted with the close in its range, over volume.", BAR_VOLUME, {"period": 20})
Mfi = indicator("mfi", "MFI", "RSI weighted with volume, 0 to 100.", BAR_VOLUME, {"period": 14})
Efi = indicator("efi", "EFI", "Change times volume, smoothed.", CLOSE_VOLUME, {"period": 13}, remembers=True)
Pvt = indicator("pvt", "PVT", "Volume times relative change, summed.", CLOSE_VOLUME, remembers=True)
Nvi = indicator("nvi", "NVI", "Changes on bars of falling volume, compounded.", CLOSE_VOLUME, remembers=True)
Pvi = indicator("pvi", "PVI", "Changes on bars of rising volume, compounded.", CLOSE_VOLUME, remembers=True)
Pvo = indicator(
    "pvo",
    "PVO",
    "Fast over slow average volume - 1, in percent.",
    ("volume",),
    {"fast": 12, "slow": 26, "average": "ema"},
    remembers=True,
)
Rvol = indicator("rvol", "RVOL", "Volume over its average of the bars before.", ("volume",), {"period": 20})
Wad = indicator("wad", "WAD", "Williams' accumulation: moves from the true low or high, summed.", BARS, remembers=True)
Stddev = indicator("stddev", "STDDEV", "Standard deviation (divisor n).", CLOSE, {"period": 20, "times": 1.0})
Var = indicator("var", "VAR", "Variance (divisor n).", CLOSE, {"period": 20, "times": 1.0}, least={"period": 1})
Avgdev = indicator("avgdev", "AVGDEV", "Mean absolute deviation.", CLOSE, {"period": 14})
Linearreg = indicator("linearreg", "LINEARREG", "End of the least squares line.", CLOSE, {"period": 14})
LinearregSlope = indicator("linearreg_slope", "LINEARREG_SLOPE", "Slope of the line.", CLOSE, {"period": 14})
LinearregAngle = indicator("linearreg_angle", "LINEARREG_ANGLE", "Angle of the line in degrees.", CLOSE, {"period": 14})
LinearregIntercept = indicator(
    "linearreg_intercept", "LINEARREG_INTERCEPT", "Start of the line.", CLOSE, {"period": 14}
)
Tsf = indicator("tsf", "TSF", "The line one bar ahead, from past bars.", CLOSE, {"period": 14})
Fosc = indicator("fosc", "FOSC", "Price from the line's forecast of it, in percent.", CLOSE, {"period": 5})
Beta = indicator(
    "beta",
    "BETA",
    "Slope of one field's changes on another's.",
    CLOSE_VOLUME,
    {"period": 5},
    choose=True,
    least={"period": 1},
)
Correl = indicator(
    "correl", "CORREL", "Correlation of two fields.", CLOSE_VOLUME, {"period": 30}, choose=True, least={"period": 1}
)
Percentrank = indicator("percentrank", "PERCENTRANK", "Rank among the last values, 0 to 100.", CLOSE, {"period": 100})
Percentile = indicator(
    "percentile", "PERCENTILE", "Percentile of the last values.", CLOSE, {"period": 30, "percent": 50.0}
)
HtDcperiod = indicator("ht_dcperiod", "HT_DCPERIOD", "Length of the dominant cycle in bars.", CLOSE, remembers=True)
HtPhasor = indicator(
    "ht_phasor", "HT_PHASOR", "Components of the cycle.", CLOSE, outputs=("inphase", "quadrature"), remembers=True
)
