"""What goes into the object views and comes out of them: market data, requests, trades, positions, states, results."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.rows import rows_of
from polyfolio.errors import DataError
from polyfolio.objects.checks import number

PRICES = ("open", "high", "low", "close")


@dataclass
class Trade:
    """One executed fill.

    Attributes:
        ticker: symbol.
        quantity: signed units.
        price: price paid or received, slippage and impact inside.
        timestamp: close of the bar it happened in.
        commission: fee, base currency.
        slippage: money lost to spread and slippage, part of `price`.
        trade_id: unique within its portfolio.
        impact: money lost to the order's own impact, part of `price`.
        reason: why it was made: signal, stop_loss, user_order, ...
    """

    ticker: str
    quantity: float
    price: float
    timestamp: datetime | None
    commission: float
    slippage: float
    trade_id: str
    impact: float = 0.0
    reason: str = ""


@dataclass
class Position:
    """Position in one ticker; the profits are money of the base currency, against the average entry price."""

    ticker: str
    quantity: float
    average_price: float
    current_price: float
    unrealized_pnl: float = 0.0
    realized_pnl: float = 0.0
    trades: list[Trade] = field(default_factory=list)


@dataclass
class PortfolioState:
    """A portfolio at one moment.

    `metrics` may hold `peak` (highest value so far) and `day_equity` (value at the start of the day): the drawdown and
    daily loss limits read them; where they are missing, the value itself stands in.

    Raises:
        DataError: an amount of money that is no finite number.
    """

    total_value: float
    cash: float
    positions: dict[str, Position] = field(default_factory=dict)
    unrealized_pnl: float = 0.0
    realized_pnl: float = 0.0
    timestamp: datetime | None = None
    metrics: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("total_value", "cash", "unrealized_pnl", "realized_pnl"):
            number(
                getattr(self, name),
                f"{name} of PortfolioState",
                remedy="Give money of the base currency, or take PortfolioManager.get_portfolio_state().",
            )


@dataclass
class TradeRequest:
    """An order.

    Attributes:
        ticker: symbol.
        quantity: signed units.
        order_type: market, limit, stop, stop_limit.
        time_in_force: day, gtc, ioc, fok.
        limit_price: price of limit and stop_limit orders.
        stop_price: price of stop and stop_limit orders.
    """

    ticker: str
    quantity: float
    order_type: str = "market"
    time_in_force: str = "day"
    limit_price: float | None = None
    stop_price: float | None = None


@dataclass(frozen=True)
class LimitValue:
    """One line of a certificate: a limit, what it is held against, and whether it binds or is broken."""

    limit: str
    value: float
    bound: float
    binds: bool
    broken: bool


@dataclass(frozen=True)
class RiskCheckResult:
    """Whether a book keeps its limits.

    Attributes:
        passed: no limit is broken.
        violations: the lines that are broken. A value that is NaN (not known) breaks its limit.
        certificate: every limit that is on.
        reasons: sentences: what was cut and by which rule, what is broken, what is not known.
    """

    passed: bool
    violations: list[LimitValue]
    certificate: list[LimitValue]
    reasons: list[str]

    def __bool__(self) -> bool:
        return self.passed


@dataclass(frozen=True, eq=False)
class MarketData:
    """One ticker's bar, with what costs and risk are estimated from. It does not change once made.

    Attributes:
        open: prices of the bar.
        high: highest price.
        low: lowest price.
        close: last price; positions are valued at it.
        volume: units traded in the bar; NaN = unknown, which switches the participation cap off.
        spread: quoted spread in price units; NaN = none.
        volatility: standard deviation of one bar's return; NaN = unknown.
        average_volume: what impact is judged against; NaN takes `volume`.
        returns: completed returns, oldest first: the history behind covariance, VaR and correlation.
        timestamp: close of the bar.
        tape: the tape this bar is a row of, if any.
        row: its row.

    Example:
        >>> MarketData.at(100.0, volatility=0.02).close
        100.0
    """

    open: float
    high: float
    low: float
    close: float
    volume: float = math.nan
    spread: float = math.nan
    volatility: float = math.nan
    average_volume: float = math.nan
    returns: Floats | None = None
    timestamp: datetime | None = None
    tape: Tape | None = field(default=None, repr=False)
    row: int = -1

    def __post_init__(self) -> None:
        for name in PRICES:
            value = getattr(self, name)
            if self.tape is not None and math.isnan(value):
                return  # the tape has no bar here
            if not isinstance(value, (int, float)) or not 0.0 < value < math.inf:
                raise DataError(
                    f"{name} of MarketData",
                    value,
                    "a finite number above 0",
                    "Leave the ticker out where it has no price, or correct the price.",
                )
        if self.tape is None and not (self.low <= self.open <= self.high and self.low <= self.close <= self.high):
            raise DataError(
                "bar of MarketData",
                tuple(getattr(self, name) for name in PRICES),
                "low <= open, close <= high",
                "Correct the bar (open, high, low, close).",
            )
        if self.volume < 0.0:
            raise DataError("volume of MarketData", self.volume, "0 or more, or NaN where unknown", "Correct it.")
        if self.returns is not None:
            object.__setattr__(self, "returns", history(self.returns))

    @classmethod
    def at(cls, price: float, **more: object) -> MarketData:
        """A bar that stood at one price."""
        return cls(price, price, price, price, **more)  # type: ignore[arg-type]


def history(returns: npt.ArrayLike) -> Floats:
    """A read-only copy of a series of returns.

    Raises:
        DataError: it is not one-dimensional, or holds an infinity.
    """
    array = np.array(returns, dtype=np.float64)
    if array.ndim != 1 or np.isinf(array).any():
        raise DataError(
            "returns of MarketData",
            array.shape,
            "one row of finite returns (NaN where missing)",
            "Give the ticker's own series, oldest first.",
        )
    array.flags.writeable = False
    return array


class MarketRow(dict[str, MarketData]):
    """The market data of one row of a tape, by ticker."""

    tape: Tape
    row: int


def moment(tape: Tape, row: int) -> datetime:
    """When a row closed."""
    seconds, nanoseconds = divmod(int(tape.times[row]), 1_000_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=nanoseconds // 1000)


def market_data(tape: Tape, row: int) -> MarketRow:
    """The bars of a row of a tape, each with the tape's own trailing statistics.

    Args:
        tape: the tape.
        row: 0 to rows - 1.

    Example:
        >>> from polyfolio.market.demo import demo_tape
        >>> tape = demo_tape()
        >>> list(market_data(tape, 100)) == list(tape.symbols)
        True
    """
    if not 0 <= row < tape.rows:
        raise DataError("row", row, f"from 0 to {tape.rows - 1}", "Stay on the tape.")
    rows = rows_of(tape, "day")
    market, known, when = rows.market, int(rows.observations[row]), moment(tape, row)
    result = MarketRow()
    result.tape, result.row = tape, row
    spread = market.spread[row if market.spread.shape[0] > 1 else 0]
    columns = (
        market.open[row],
        market.high[row],
        market.low[row],
        market.close[row],
        market.volume[row],
        spread,
        market.sigma[row],
        market.base_volume[row],
    )
    for slot, values in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        open_, high, low, close, volume, quoted, volatility, average = values
        result[tape.symbols[slot]] = MarketData(
            open_, high, low, close, volume, quoted, volatility, average, rows.returns[slot, :known], when, tape, row
        )
    return result
