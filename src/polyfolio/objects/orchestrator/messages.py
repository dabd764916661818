"""What the agents hand on: proposals, adjustments, assessments, resizing events and orders; and what they begin from.

Sizes are shares of equity after the trades, signed; quantities are signed units, negative to sell.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from polyfolio.objects.data import LimitValue, MarketData, PortfolioState, TradeRequest

Matrix = dict[str, dict[str, float]]


class Signal(Protocol):
    """A signal with a confidence, such as `polyfolio.StrategySignal`."""

    @property
    def number(self) -> float:
        """-1 to 1; NaN = no opinion."""
        ...

    @property
    def sure(self) -> float:
        """0 to 1."""
        ...


Said = Mapping[str, "float | Signal"]


@dataclass(frozen=True)
class ExecutionContext:
    """Parameters of one decision.

    Attributes:
        timestamp: when it is made.
        priorities: of this decision, over those of the configuration: symbol to place in the queue.
    """

    timestamp: datetime | None = None
    priorities: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class SystemInput:
    """All that a decision is made from.

    Attributes:
        signals: by symbol; a symbol left out has no opinion and keeps what it holds.
        market_data: bars by symbol, for every symbol that is held or has a signal.
        portfolio_state: cash and positions.
        execution_context: parameters of this decision.
    """

    signals: Said
    market_data: Mapping[str, MarketData]
    portfolio_state: PortfolioState
    execution_context: ExecutionContext = field(default_factory=ExecutionContext)


@dataclass(frozen=True)
class ProposedTrade:
    """A trade that is not an order yet.

    Attributes:
        symbol: what is traded.
        quantity: signed units, as they would be ordered if the proposal were final.
        price: last price.
    """

    symbol: str
    quantity: float
    price: float

    @property
    def type(self) -> str:
        """BUY or SELL."""
        return "BUY" if self.quantity > 0.0 else "SELL"


@dataclass(frozen=True)
class TradeProposal:
    """Trades and the book they lead to.

    Attributes:
        sizes: every symbol's share of equity after the trades.
        trades: those that differ from nothing.
        confidence: mean confidence of the signals, weighted by the sizes.
        reasoning: why, in words.
    """

    sizes: Mapping[str, float]
    trades: tuple[ProposedTrade, ...] = ()
    confidence: float = 0.0
    reasoning: str = ""


@dataclass(frozen=True)
class RiskMetrics:
    """Risk of a book of given sizes. NaN = not known: too little history.

    Attributes:
        portfolio_risk: annualised volatility.
        portfolio_var: one-day value at risk, positive.
        expected_shortfall: positive.
        position_risks: abs(size) x annualised volatility by symbol.
        drawdown: of the account, <= 0.
    """

    portfolio_risk: float
    portfolio_var: float
    expected_shortfall: float
    position_risks: Mapping[str, float]
    drawdown: float

    @property
    def max_position_risk(self) -> float:
        """The largest of them; NaN where one is not known."""
        known = list(self.position_risks.values())
        return math.nan if any(math.isnan(risk) for risk in known) else max(known, default=0.0)


@dataclass(frozen=True)
class RiskAssessment:
    """Risk metrics against the bounds of the lane.

    Attributes:
        metrics: of the sizes that were assessed.
        certificate: every limit that is on, its value and its bound.
    """

    metrics: RiskMetrics
    certificate: tuple[LimitValue, ...]

    @property
    def portfolio_risk(self) -> float:
        """Annualised volatility of the book."""
        return self.metrics.portfolio_risk

    @property
    def position_risks(self) -> Mapping[str, float]:
        """Risk of each position."""
        return self.metrics.position_risks

    @property
    def max_position_risk(self) -> float:
        """The largest of them."""
        return self.metrics.max_position_risk

    @property
    def var(self) -> float:
        """One-day value at risk."""
        return self.metrics.portfolio_var

    @property
    def passed(self) -> bool:
        """Whether every limit holds."""
        return not any(line.broken for line in self.certificate)

    @property
    def summary(self) -> str:
        """What is broken, or that nothing is."""
        broken = [f"{line.limit} {line.value:.4g} over {line.bound:.4g}" for line in self.certificate if line.broken]
        return "; ".join(broken) or "every limit holds"


@dataclass(frozen=True)
class RiskAdjustment:
    """What risk does to a proposal.

    Attributes:
        sizes: the adjusted sizes.
        adjustments: factor of each symbol whose size changed.
        risk_metrics: of the adjusted sizes.
        warnings: what was cut and why, what is broken, what is not known.
    """

    sizes: Mapping[str, float]
    adjustments: Mapping[str, float]
    risk_metrics: RiskMetrics
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class CorrelationAdjustment:
    """What correlation does to a proposal.

    Attributes:
        sizes: the adjusted sizes.
        adjustments: factor of each symbol whose size changed.
        correlation_matrix: by pair; NaN = too little history.
        affected_positions: symbols that are wanted and more correlated with another than the limit allows.
    """

    sizes: Mapping[str, float]
    adjustments: Mapping[str, float]
    correlation_matrix: Matrix
    affected_positions: tuple[str, ...]


@dataclass(frozen=True)
class ResizingEvent:
    """One size that an agent changed.

    Attributes:
        symbol: whose.
        original_size: share of equity before.
        new_size: share of equity after.
        reason: the agent and its rule.
        risk_metrics: of the book after all resizing of the decision.
        decision: number of the decision.
    """

    symbol: str
    original_size: float
    new_size: float
    reason: str
    risk_metrics: RiskMetrics
    decision: int


@dataclass(frozen=True)
class Order:
    """An order as it is sent.

    Attributes:
        symbol: what is traded.
        quantity: signed units.
        type: MARKET, LIMIT, STOP, STOP_LIMIT.
        price: limit price of limit orders, stop price of stop orders; None for market orders.
        time_in_force: DAY, GTC, IOC, FOK.
        limit_offset: distance of `price` from the decision's price, as a share of it.
        execution_rules: max_slippage, min_fill and others that are on.
        slices: quantities of the bars it is worked over; one for an order that is not.
        impact: estimated impact, as a share of the price.
        request: the same as the simulator takes it.
    """

    symbol: str
    quantity: float
    type: str
    price: float | None
    time_in_force: str
    limit_offset: float
    execution_rules: Mapping[str, float]
    slices: tuple[float, ...]
    impact: float
    request: TradeRequest

    def describe(self) -> dict[str, Any]:
        """The fields as plain values, for logs and tables."""
        return {
            "symbol": self.symbol,
            "quantity": self.quantity,
            "type": self.type,
            "price": self.price,
            "time_in_force": self.time_in_force,
            "slices": list(self.slices),
        }
