"""Moving averages, bands and other curves that lie on the prices, by TA-Lib."""

from __future__ import annotations

from polyfolio.features.talib import indicator

CLOSE = ("close",)
HIGH_LOW = ("high", "low")
BARS = ("high", "low", "close")
OPEN_BARS = ("open", "high", "low", "close")
BANDS = ("upper", "middle", "lower")

Sma = indicator("sma", "SMA", "Simple moving average.", CLOSE, {"period": 20})
Ema = indicator("ema", "EMA", "Exponential moving average, weight 2 / (n + 1).", CLOSE, {"period": 20}, remembers=True)
Wma = indicator("wma", "WMA", "Moving average with linear weights.", CLOSE, {"period": 20})
Dema = indicator("dema", "DEMA", "Double exponential moving average.", CLOSE, {"period": 20}, remembers=True)
Tema = indicator("tema", "TEMA", "Triple exponential moving average.", CLOSE, {"period": 20}, remembers=True)
Trima = indicator("trima", "TRIMA", "Moving average with triangular weights.", CLOSE, {"period": 20})
Kama = indicator("kama", "KAMA", "Kaufman's average, fast in trends.", CLOSE, {"period": 30}, remembers=True)
T3 = indicator("t3", "T3", "Tillson's sixfold average.", CLOSE, {"period": 5, "factor": 0.7}, remembers=True)
Hma = indicator("hma", "HMA", "Hull's average: less lag.", CLOSE, {"period": 20})
Rma = indicator("rma", "RMA", "Wilder's average, weight 1 / n.", CLOSE, {"period": 14}, remembers=True)
Zlema = indicator(
    "zlema", "ZLEMA", "Exponential average of prices without their lag.", CLOSE, {"period": 20}, remembers=True
)
Mama = indicator(
    "mama",
    "MAMA",
    "Average whose speed follows the cycle, and its follower.",
    CLOSE,
    {"fast": 0.5, "slow": 0.05},
    outputs=("fast", "slow"),
    remembers=True,
)
Vwma = indicator("vwma", "VWMA", "Moving average weighted with volume.", ("close", "volume"), {"period": 20})
Midpoint = indicator("midpoint", "MIDPOINT", "Middle of the highest and lowest close.", CLOSE, {"period": 14})
Midprice = indicator("midprice", "MIDPRICE", "Middle of the highest high and lowest low.", HIGH_LOW, {"period": 14})
Sar = indicator(
    "sar",
    "SAR",
    "Parabolic stop and reverse.",
    HIGH_LOW,
    {"acceleration": 0.02, "maximum": 0.2},
    remembers=True,
)
Bbands = indicator(
    "bbands",
    "BBANDS",
    "Bands of so many standard deviations (divisor n) around an average.",
    CLOSE,
    {"period": 20, "up": 2.0, "down": 2.0, "average": "sma"},
    outputs=BANDS,
)
Accbands = indicator(
    "accbands", "ACCBANDS", "Bands that widen with the range of the bars.", BARS, {"period": 20}, outputs=BANDS
)
Donchian = indicator(
    "donchian", "DONCHIAN", "Highest high, middle, lowest low.", HIGH_LOW, {"period": 20}, outputs=BANDS
)
Keltner = indicator(
    "keltner",
    "KC",
    "Bands of so many average true ranges around an average.",
    BARS,
    {"period": 20, "range_period": 10, "ranges": 2.0},
    outputs=BANDS,
    remembers=True,
)
Supertrend = indicator(
    "supertrend",
    "SUPERTREND",
    "Trailing band of average true ranges, and its side.",
    BARS,
    {"period": 10, "ranges": 3.0},
    outputs=("line", "side"),
    whole_outputs=("side",),
    remembers=True,
)
Avgprice = indicator("avgprice", "AVGPRICE", "Mean of open, high, low and close.", OPEN_BARS)
Medprice = indicator("medprice", "MEDPRICE", "Mean of high and low.", HIGH_LOW)
Typprice = indicator("typprice", "TYPPRICE", "Mean of high, low and close.", BARS)
Wclprice = indicator("wclprice", "WCLPRICE", "Mean of high, low and twice the close.", BARS)
HeikinAshi = indicator(
    "heikin_ashi",
    "HA",
    "Averaged candles.",
    OPEN_BARS,
    outputs=("open", "high", "low", "close"),
    remembers=True,
)
