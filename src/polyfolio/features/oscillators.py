"""Momentum and trend strength, by TA-Lib."""

from __future__ import annotations

from polyfolio.features.averages import BARS, CLOSE, HIGH_LOW, OPEN_BARS
from polyfolio.features.talib import indicator

PAIR = {"fast": 12, "slow": 26}
LINES = ("line", "signal", "histogram")

Rsi = indicator("rsi", "RSI", "Share of rises in the movement, 0 to 100.", CLOSE, {"period": 14}, remembers=True)
Cmo = indicator("cmo", "CMO", "Rises less falls over both, -100 to 100.", CLOSE, {"period": 14}, remembers=True)
Macd = indicator(
    "macd",
    "MACD",
    "Fast less slow exponential average, its average, their difference.",
    CLOSE,
    {**PAIR, "signal": 9},
    outputs=LINES,
    least={"signal": 1},
    remembers=True,
)
Ppo = indicator(
    "ppo", "PPO", "Fast over slow average - 1, in percent.", CLOSE, {**PAIR, "average": "ema"}, remembers=True
)
Apo = indicator("apo", "APO", "Fast less slow average.", CLOSE, {**PAIR, "average": "ema"}, remembers=True)
Mom = indicator("mom", "MOM", "Price less the price n bars ago.", CLOSE, {"period": 10}, least={"period": 1})
Roc = indicator("roc", "ROC", "Change over n bars in percent.", CLOSE, {"period": 10}, least={"period": 1})
Rocp = indicator("rocp", "ROCP", "Change over n bars as a fraction.", CLOSE, {"period": 10}, least={"period": 1})
Rocr = indicator("rocr", "ROCR", "Price over the price n bars ago.", CLOSE, {"period": 10}, least={"period": 1})
Trix = indicator(
    "trix",
    "TRIX",
    "Change of a triple exponential average in percent.",
    CLOSE,
    {"period": 30},
    least={"period": 1},
    remembers=True,
)
Tsi = indicator(
    "tsi", "TSI", "Twice smoothed changes over their sizes.", CLOSE, {"first": 25, "second": 13}, remembers=True
)
Coppock = indicator(
    "coppock",
    "COPPOCK",
    "Weighted average of two rates of change.",
    CLOSE,
    {"period": 10, "short": 11, "long": 14},
    least={"short": 1, "long": 1},
)
Stoch = indicator(
    "stoch",
    "STOCH",
    "Close within the range of n bars, smoothed once and twice, 0 to 100.",
    BARS,
    {"period": 14, "smooth": 3, "smooth_average": "sma", "signal": 3, "signal_average": "sma"},
    outputs=("k", "d"),
    least={"period": 1, "smooth": 1, "signal": 1},
)
Stochf = indicator(
    "stochf",
    "STOCHF",
    "Close within the range of n bars, and its average, 0 to 100.",
    BARS,
    {"period": 14, "signal": 3, "signal_average": "sma"},
    outputs=("k", "d"),
    least={"period": 1, "signal": 1},
)
Stochrsi = indicator(
    "stochrsi",
    "STOCHRSI",
    "RSI within its own range, and its average, 0 to 100.",
    CLOSE,
    {"period": 14, "range_period": 5, "signal": 3, "signal_average": "sma"},
    outputs=("k", "d"),
    least={"range_period": 1, "signal": 1},
    remembers=True,
)
Kdj = indicator(
    "kdj",
    "KDJ",
    "Stochastic lines and the line beyond them.",
    BARS,
    {"period": 9, "smooth": 3, "smooth_average": "rma", "signal": 3, "signal_average": "rma"},
    outputs=("k", "d", "j"),
    least={"period": 1, "smooth": 1, "signal": 1},
    remembers=True,
)
Smi = indicator(
    "smi",
    "SMI",
    "Close from the middle of its range, smoothed twice, and its average.",
    BARS,
    {"period": 13, "fast": 2, "slow": 25, "signal": 9},
    outputs=("line", "signal"),
    remembers=True,
)
Willr = indicator("willr", "WILLR", "Close below the highest high, -100 to 0.", BARS, {"period": 14})
Cci = indicator("cci", "CCI", "Typical price from its average in mean deviations.", BARS, {"period": 20})
Ultosc = indicator(
    "ultosc",
    "ULTOSC",
    "Buying pressure over three spans, 0 to 100.",
    BARS,
    {"short": 7, "middle": 14, "long": 28},
    least={"short": 1, "middle": 1, "long": 1},
)
Bop = indicator("bop", "BOP", "Body over range, -1 to 1.", OPEN_BARS)
Imi = indicator("imi", "IMI", "Share of rising bodies, 0 to 100.", ("open", "close"), {"period": 14})
Qstick = indicator("qstick", "QSTICK", "Average body.", ("open", "close"), {"period": 10}, least={"period": 1})
Ao = indicator("ao", "AO", "Fast less slow average of the bars' middles.", HIGH_LOW, {"fast": 5, "slow": 34})
Ac = indicator("ac", "AC", "Awesome oscillator less its average.", HIGH_LOW, {"fast": 5, "slow": 34, "signal": 5})
Adx = indicator("adx", "ADX", "Strength of the trend, 0 to 100.", BARS, {"period": 14}, remembers=True)
Adxr = indicator(
    "adxr", "ADXR", "Mean of the trend's strength now and n bars ago.", BARS, {"period": 14}, remembers=True
)
Dx = indicator(
    "dx", "DX", "Difference of the directions over their sum, 0 to 100.", BARS, {"period": 14}, remembers=True
)
PlusDi = indicator(
    "plus_di", "PLUS_DI", "Upward movement over true range, 0 to 100.", BARS, {"period": 14}, remembers=True
)
MinusDi = indicator(
    "minus_di", "MINUS_DI", "Downward movement over true range, 0 to 100.", BARS, {"period": 14}, remembers=True
)
PlusDm = indicator("plus_dm", "PLUS_DM", "Upward movement, smoothed.", HIGH_LOW, {"period": 14}, remembers=True)
MinusDm = indicator("minus_dm", "MINUS_DM", "Downward movement, smoothed.", HIGH_LOW, {"period": 14}, remembers=True)
Aroon = indicator(
    "aroon", "AROON", "Bars since the lowest and highest, 100 is now.", HIGH_LOW, {"period": 14}, outputs=("down", "up")
)
Aroonosc = indicator("aroonosc", "AROONOSC", "Aroon up less down.", HIGH_LOW, {"period": 14})
Vortex = indicator(
    "vortex", "VORTEX", "Upward and downward swings over true range.", BARS, {"period": 14}, outputs=("plus", "minus")
)
Er = indicator("er", "ER", "Distance over path, 0 to 1.", CLOSE, {"period": 10})
Vhf = indicator("vhf", "VHF", "Range of closes over their path.", CLOSE, {"period": 28})
Eri = indicator(
    "eri",
    "ERI",
    "High and low from an exponential average.",
    BARS,
    {"period": 13},
    outputs=("bull", "bear"),
    remembers=True,
)
Dpo = indicator("dpo", "DPO", "Price from an average of earlier bars.", CLOSE, {"period": 20})
