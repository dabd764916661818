"""The rows of the definition cards, as data.

name, formula, inputs, unit, sign, annualised (by N, by Y or not), ddof, equals, tolerance, undefined when, version.
Symbols: r simple return per period after all costs, rf risk-free rate per period, e = r - rf, b benchmark return,
N periods a year, Y elapsed years, W wealth starting at 1, dd = W / running maximum - 1, c confidence, n number of
returns.
"""

from __future__ import annotations

FAMILIES = ("returns", "relative", "exposure", "trades")

_R = "r"
_E = "r, rf"
_W = "W, compounded from r, start included"
_FEW = "there are fewer than two returns"
_NONE = "there are no returns"
_FLAT = "there are fewer than two returns or they do not vary"
_DRY = "there is no drawdown"
_SMALL = "there are fewer returns than the smallest sample"
_SHORT = "there are fewer returns than the smallest sample, or they do not vary"
_B = "r and b on the stamps both have"
_EB = "r, b, rf on the stamps both have"
_PAIRS = "fewer than two stamps are common, or the benchmark does not vary"
_BARS = "closes of the run"
_NO_BARS = "there are no bars"
_RUIN = "a bar has no positive equity"
_T = "closed trades: flat to flat per portfolio and instrument, profit net of every cost"
_NO_TRADES = "there are no closed trades"

Row = tuple[str, str, str, str, str, str, int | None, str, float, str, int]

# One card is one row of a table: wrapped by hand, a field per line would take six times the room.
# fmt: off
_RETURNS: tuple[Row, ...] = (
    ("total_return", "prod(1 + r) - 1", _R, "fraction", ">= -1", "", None, "empyrical.cum_returns_final", 1e-13,
     _NONE, 1),
    ("cagr", "(V_last / V_base)^(1/Y) - 1", "r, Y = days / 365.25", "fraction", "any", "Y", None,
     "ffn, backtesting.py", 1e-13, "V_last <= 0 (ruined) or no time has passed", 1),
    ("mean_return", "mean(r)", _R, "fraction a period", "any", "", None, "numpy.mean", 1e-12, _NONE, 1),
    ("annual_mean", "N mean(r), not compounded", _R, "fraction", "any", "N", None, "numpy.mean", 1e-12, _NONE, 1),
    ("period_volatility", "std(r)", _R, "fraction a period", ">= 0", "", 1, "numpy.std", 1e-13, _FEW, 1),
    ("annual_volatility", "std(r) sqrt(N)", _R, "fraction", ">= 0", "N", 1, "empyrical.annual_volatility", 1e-13,
     _FEW, 1),
    ("best", "max(r)", _R, "fraction a period", "any", "", None, "quantstats.best", 0.0, _NONE, 1),
    ("worst", "min(r)", _R, "fraction a period", "any", "", None, "quantstats.worst", 0.0, _NONE, 1),
    ("positive_period_rate", "count(r > 0) / count(r != 0)", _R, "fraction", "0 to 1", "", None,
     "quantstats.win_rate", 1e-13, "every return is 0", 1),
    ("sharpe", "mean(e) / std(e) sqrt(N)", _E, "ratio", "any", "N", 1, "quantstats.sharpe, empyrical.sharpe_ratio",
     1e-12, _FLAT, 1),
    ("sortino", "(mean(r) - mar) / sqrt(mean(min(r - mar, 0)^2)) sqrt(N), mean over all n", "r, mar per period",
     "ratio", "any", "N", 0, "quantstats.sortino, empyrical.sortino_ratio", 1e-12, "no return lies below mar", 1),
    ("omega", "sum(max(r - t, 0)) / sum(max(t - r, 0))", "r, threshold t per period", "ratio", ">= 0", "", None,
     "empyrical.omega_ratio", 1e-13, "no return lies below t", 1),
    ("period_profit_factor", "sum(max(r, 0)) / abs(sum(min(r, 0)))", _R, "ratio", ">= 0", "", None,
     "quantstats.profit_factor", 1e-13, "no return is negative", 1),
    ("gain_to_pain", "sum(r) / abs(sum(min(r, 0)))", _R, "ratio", "any", "", None,
     "quantstats.gain_to_pain_ratio", 1e-12, "no return is negative", 1),
    ("kelly_continuous", "mean(e) / var(e)", _E, "ratio", "any", "", 1, "", 1e-12, _FLAT, 1),
    ("annual_excess_return", "N mean(e), not compounded", _E, "fraction", "any", "N", None, "numpy.mean", 1e-12,
     _NONE, 1),
    ("stability", "R^2 of a straight line through the cumulative log returns", _R, "fraction", "0 to 1", "", None,
     "empyrical.stability_of_timeseries", 1e-12, "wealth is constant or not positive", 1),
    ("skew", "m3 / m2^1.5, population moments", _R, "ratio", "any", "", 0, "scipy.stats.skew(bias=True)", 1e-12,
     _FLAT, 1),
    ("kurtosis", "m4 / m2^2, population moments, normal = 3", _R, "ratio", ">= 1", "", 0,
     "scipy.stats.kurtosis(fisher=False)", 1e-12, _FLAT, 1),
    ("excess_kurtosis", "kurtosis - 3", _R, "ratio", ">= -2", "", 0, "scipy.stats.kurtosis", 1e-12, _FLAT, 1),
    ("max_drawdown", "min(W_t / peak_t - 1), peak = running maximum with the start", _W, "fraction", "<= 0", "",
     None, "empyrical.max_drawdown, quantstats.max_drawdown", 1e-13, _NONE, 1),
    ("current_drawdown", "W_n / peak_n - 1", _W, "fraction", "<= 0", "", None, "", 1e-13, _NONE, 1),
    ("ulcer_index", "sqrt(sum(dd^2) / n)", _W, "fraction", ">= 0", "", 0, "skfolio (compounded=True)", 1e-13,
     _NONE, 1),
    ("pain_index", "mean(abs(dd))", _W, "fraction", ">= 0", "", None, "", 1e-13, _NONE, 1),
    ("under_water_rate", "count(dd < 0) / n", _W, "fraction", "0 to 1", "", None, "", 1e-13, _NONE, 1),
    ("longest_drawdown", "largest number of bars from a peak (its last bar) to its recovery or to the end", _W,
     "bars", ">= 0", "", None, "", 0.0, _NONE, 1),
    ("dar", "-dd_(k), k = ceil((1 - c) n), dd ascending", _W, "fraction", ">= 0", "", None, "riskfolio DaR_Rel",
     1e-12, _NONE, 1),
    ("cdar", "mean of the worst (1 - c) n drawdowns, the last one in part, sign changed", _W, "fraction", ">= 0",
     "", None, "riskfolio CDaR_Rel", 1e-12, _NONE, 1),
    ("calmar", "cagr / abs(max_drawdown), whole sample", "r, Y", "ratio", "any", "Y", None, "ffn", 1e-12, _DRY, 1),
    ("upi", "annual_excess_return / ulcer_index", _E, "ratio", "any", "N", None, "", 1e-12, _DRY, 1),
    ("recovery_factor", "total_return / abs(max_drawdown)", _R, "ratio", "any", "", None, "", 1e-12, _DRY, 1),
    ("value_at_risk", "var_historical", "r, c", "fraction a period", "loss > 0", "", None, "riskfolio VaR_Hist",
     1e-14, _SMALL, 1),
    ("expected_shortfall", "es_historical", "r, c", "fraction a period", "loss > 0", "", None,
     "riskfolio CVaR_Hist, skfolio cvar", 1e-12, _SMALL, 1),
    ("var_historical", "-z_(k), k = ceil((1 - c) n - 1e-9), z ascending", "r, c", "fraction a period", "loss > 0",
     "", None, "riskfolio VaR_Hist", 1e-14, _SMALL, 1),
    ("es_historical", "-(z_1 + .. + z_j + (a n - j) z_(j+1)) / (a n), a = 1 - c, j = floor(a n)", "r, c",
     "fraction a period", "loss > 0", "", None, "riskfolio CVaR_Hist, skfolio cvar", 1e-12, _SMALL, 1),
    ("var_normal", "-(mean(r) + std(r) z_a)", "r, c", "fraction a period", "loss > 0", "", 1,
     "quantstats.value_at_risk", 1e-13, _SHORT, 1),
    ("es_normal", "-(mean(r) - std(r) phi(z_a) / a)", "r, c", "fraction a period", "loss > 0", "", 1,
     "quantstats.cvar", 1e-13, _SHORT, 1),
    ("var_cornish_fisher", "-(mean(r) + std(r) z'), z' = z + (z^2-1)S/6 + (z^3-3z)K/24 - (2z^3-5z)S^2/36",
     "r, c; S, K excess from population moments", "fraction a period", "loss > 0", "", 1,
     "closed form with scipy moments", 1e-12,
     "the sample is short or S and K lie outside the expansion's valid region", 1),
    ("var_ewma", "sigma z_c, sigma^2 <- 0.94 sigma^2 + 0.06 r^2 from r_0^2, mean 0", "r, c", "fraction a period",
     "loss > 0", "", None, "pandas ewm(adjust=False)", 1e-12, _SHORT, 1),
    ("es_ewma", "sigma phi(z_a) / a, sigma as in var_ewma", "r, c", "fraction a period", "loss > 0", "", None,
     "pandas ewm(adjust=False)", 1e-12, _SHORT, 1),
    ("tail_ratio", "abs(q95 / q5), linear interpolation", _R, "ratio", ">= 0", "", None, "empyrical.tail_ratio",
     1e-13, "the sample is short or q5 is 0", 1),
    ("psr", "Phi(SR sqrt(n-1) / sqrt(1 - S SR + (K-1)/4 SR^2)), SR per period against 0", "r, rf; S, raw K of e",
     "probability", "0 to 1", "", 1, "skfolio", 1e-12, _FLAT, 1),
    ("min_track_record", "1 + ceil((1 - S SR + (K-1)/4 SR^2) (z_c / SR)^2)", "r, rf, c; S, raw K of e", "bars", "> 0",
     "", 1, "purgedcv", 1e-12, "the Sharpe ratio is not above 0", 1),
)

_RELATIVE: tuple[Row, ...] = (
    ("beta", "cov(e, b - rf) / var(b - rf)", _EB, "ratio", "any", "", 1, "empyrical.beta, quantstats.greeks",
     1e-12, _PAIRS, 1),
    ("alpha", "N (mean(e) - beta mean(b - rf))", _EB, "fraction", "any", "N", 1, "quantstats.greeks", 1e-12, _PAIRS,
     1),
    ("correlation", "Pearson correlation of e and b - rf", _EB, "ratio", "-1 to 1", "", None, "numpy.corrcoef",
     1e-12, "fewer than two stamps are common, or one series does not vary", 1),
    ("r_squared", "correlation^2", _EB, "fraction", "0 to 1", "", None, "quantstats.r_squared", 1e-12,
     "fewer than two stamps are common, or one series does not vary", 1),
    ("active_return", "N mean(r - b)", _B, "fraction", "any", "N", None, "numpy.mean", 1e-12, "no stamp is common",
     1),
    ("tracking_error", "std(r - b) sqrt(N)", _B, "fraction", ">= 0", "N", 1, "numpy.std", 1e-13,
     "fewer than two stamps are common", 1),
    ("information_ratio", "mean(r - b) / std(r - b) sqrt(N)", _B, "ratio", "any", "N", 1,
     "quantstats.information_ratio sqrt(N)", 1e-12, "fewer than two stamps are common, or r - b does not vary", 1),
    ("treynor", "N mean(e) / beta", _EB, "fraction", "any", "N", 1, "", 1e-12, "beta is 0 or undefined", 1),
    ("up_capture", "geometric mean of r / geometric mean of b over periods with b > 0", _B, "ratio", "any", "",
     None, "", 1e-12, "no common period has b > 0", 1),
    ("down_capture", "geometric mean of r / geometric mean of b over periods with b < 0", _B, "ratio", "any", "",
     None, "", 1e-12, "no common period has b < 0", 1),
    ("capture_ratio", "up_capture / down_capture", _B, "ratio", "any", "", None, "", 1e-12,
     "a capture is undefined or down_capture is 0", 1),
    ("batting_average", "count(r > b) / n", _B, "fraction", "0 to 1", "", None, "", 1e-13, "no stamp is common",
     1),
)

_EXPOSURE: tuple[Row, ...] = (
    ("exposure_gross", "mean over bars of sum(abs(q p m)) / V", _BARS, "fraction of equity", ">= 0", "", None,
     "vectorbt gross_exposure", 1e-12, _RUIN, 1),
    ("exposure_net", "mean over bars of sum(q p m) / V", _BARS, "fraction of equity", "any", "", None, "", 1e-12,
     _RUIN, 1),
    ("leverage", "largest sum(abs(q p m)) / V of any bar", _BARS, "fraction of equity", ">= 0", "", None, "", 0.0,
     _RUIN, 1),
    ("turnover", "mean over bars of sum(abs(traded notional)) / equity before the trades, two-way", _BARS,
     "fraction of equity a period", ">= 0", "", None, "bt", 1e-12, _NO_BARS, 1),
    ("annual_turnover", "N turnover", _BARS, "fraction of equity", ">= 0", "N", None, "bt", 1e-12, _NO_BARS, 1),
    ("one_way_turnover", "turnover / 2", _BARS, "fraction of equity a period", ">= 0", "", None, "", 1e-12,
     _NO_BARS, 1),
    ("time_in_market", "bars with any position at the close / bars", _BARS, "fraction", "0 to 1", "", None, "",
     1e-13, _NO_BARS, 1),
)

_TRADES: tuple[Row, ...] = (
    ("closed_trades", "number of closed trades", _T, "count", ">= 0", "", None, "", 0.0, "no fills were given",
     1),
    ("win_rate", "trades with profit > 0 / closed trades", _T, "fraction", "0 to 1", "", None, "", 1e-13,
     _NO_TRADES, 1),
    ("payoff", "mean profit of winners / abs(mean loss of losers)", _T, "ratio", "> 0", "", None,
     "quantstats.payoff_ratio on trade returns", 1e-12, "there is no winner or no loser", 1),
    ("profit_factor", "sum of profits / abs(sum of losses)", _T, "ratio", ">= 0", "", None, "", 1e-12,
     "there is no loser", 1),
    ("expectancy", "mean profit of a trade", _T, "money", "any", "", None, "vectorbt, backtesting.py", 1e-12,
     _NO_TRADES, 1),
    ("expectancy_rate", "mean of profit / entry notional", _T, "fraction", "any", "", None, "", 1e-12, _NO_TRADES,
     1),
    ("best_trade", "largest profit", _T, "money", "any", "", None, "", 0.0, _NO_TRADES, 1),
    ("worst_trade", "smallest profit", _T, "money", "any", "", None, "", 0.0, _NO_TRADES, 1),
    ("holding_bars", "mean of exit row - entry row", _T, "bars", ">= 0", "", None, "", 1e-13, _NO_TRADES, 1),
    ("longest_losing_run", "most losing trades in a row, in order of their ends", _T, "count", ">= 0", "", None,
     "", 0.0, _NO_TRADES, 1),
    ("kelly_trades", "p - (1 - p) / payoff, p = win_rate", _T, "ratio", "any", "", None,
     "quantstats.kelly_criterion on trade returns", 1e-12, "there is no winner or no loser", 1),
)

# fmt: on
ROWS: dict[str, tuple[Row, ...]] = {
    "returns": _RETURNS,
    "relative": _RELATIVE,
    "exposure": _EXPOSURE,
    "trades": _TRADES,
}
