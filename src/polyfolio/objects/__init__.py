"""The design documents' classes as views on the engine's memory: dict in, kernel, dict out, no arithmetic of their own.

Alone, each class works on what it is given. On a `Desk` all four share one lane of a tape and leave the same book, byte
for byte, as `Engine.run`.
"""

from __future__ import annotations

from polyfolio.objects.data import (
    LimitValue,
    MarketData,
    MarketRow,
    PortfolioState,
    Position,
    RiskCheckResult,
    Trade,
    TradeRequest,
    market_data,
)
from polyfolio.objects.desk import Desk, open_desk
from polyfolio.objects.execution import ExecutionSimulator
from polyfolio.objects.lifecycle import RISK_LIMITS, calculate_position_size, validate_signal_execution
from polyfolio.objects.models import CommissionModel, MarketImpactModel, SlippageModel
from polyfolio.objects.portfolio import PortfolioManager
from polyfolio.objects.risk import RiskManager
from polyfolio.objects.sizer import PositionSizer

__all__ = [
    "RISK_LIMITS",
    "CommissionModel",
    "Desk",
    "ExecutionSimulator",
    "LimitValue",
    "MarketData",
    "MarketImpactModel",
    "MarketRow",
    "PortfolioManager",
    "PortfolioState",
    "Position",
    "PositionSizer",
    "RiskCheckResult",
    "RiskManager",
    "SlippageModel",
    "Trade",
    "TradeRequest",
    "calculate_position_size",
    "market_data",
    "open_desk",
    "validate_signal_execution",
]
