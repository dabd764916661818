"""The design documents' classes as views on the engine's memory: dict in, kernel, dict out, no arithmetic of their own.

Alone, each class works on what it is given. On a `Desk` all four share one lane of a tape and leave the same book, byte
for byte, as `Engine.run`.
"""

from __future__ import annotations

from polyfolio.objects.data import LimitValue as LimitValue
from polyfolio.objects.data import MarketData as MarketData
from polyfolio.objects.data import MarketRow as MarketRow
from polyfolio.objects.data import PortfolioState as PortfolioState
from polyfolio.objects.data import Position as Position
from polyfolio.objects.data import RiskCheckResult as RiskCheckResult
from polyfolio.objects.data import Trade as Trade
from polyfolio.objects.data import TradeRequest as TradeRequest
from polyfolio.objects.data import market_data as market_data
from polyfolio.objects.desk import Desk as Desk
from polyfolio.objects.desk import open_desk as open_desk
from polyfolio.objects.execution import ExecutionSimulator as ExecutionSimulator
from polyfolio.objects.lifecycle import RISK_LIMITS as RISK_LIMITS
from polyfolio.objects.lifecycle import calculate_position_size as calculate_position_size
from polyfolio.objects.lifecycle import validate_signal_execution as validate_signal_execution
from polyfolio.objects.models import CommissionModel as CommissionModel
from polyfolio.objects.models import MarketImpactModel as MarketImpactModel
from polyfolio.objects.models import SlippageModel as SlippageModel
from polyfolio.objects.portfolio import PortfolioManager as PortfolioManager
from polyfolio.objects.risk import RiskManager as RiskManager
from polyfolio.objects.sizer import PositionSizer as PositionSizer
