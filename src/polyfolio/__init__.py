"""One engine for trading many instruments in many portfolios.

The public names, each imported when it is first asked for: `import polyfolio` reads this file alone. `_HOME` lists
them; the imports above it are what type checkers see, and a test keeps both the same.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyfolio.backtests.referee import Referee as Referee
    from polyfolio.backtests.referee import Terms as Terms
    from polyfolio.backtests.referee import referee as referee
    from polyfolio.backtests.result import Result as Result
    from polyfolio.backtests.run import backtest as backtest
    from polyfolio.backtests.session import Session as Session
    from polyfolio.backtests.stress import Scenario as Scenario
    from polyfolio.backtests.stress import stress as stress
    from polyfolio.core.book import Book as Book
    from polyfolio.core.journal import Journal as Journal
    from polyfolio.core.tape import Calendar as Calendar
    from polyfolio.core.tape import Tape as Tape
    from polyfolio.core.tape import Universe as Universe
    from polyfolio.core.tape import instrument_table as instrument_table
    from polyfolio.engine.engine import Engine as Engine
    from polyfolio.envs.multi_agent import MultiAgentTradingEnv as MultiAgentTradingEnv
    from polyfolio.envs.single import IntradayRLEnv as IntradayRLEnv
    from polyfolio.envs.single import MultiTickerRLEnvironment as MultiTickerRLEnvironment
    from polyfolio.envs.vector import TradingVectorEnv as TradingVectorEnv
    from polyfolio.errors import ConfigError as ConfigError
    from polyfolio.errors import DataError as DataError
    from polyfolio.errors import PolyfolioError as PolyfolioError
    from polyfolio.errors import RetryError as RetryError
    from polyfolio.errors import StopTrading as StopTrading
    from polyfolio.market.demo import demo_tape as demo_tape
    from polyfolio.market.files import read_csv as read_csv
    from polyfolio.market.files import read_parquet as read_parquet
    from polyfolio.market.frame import tape_from_arrays as tape_from_arrays
    from polyfolio.market.frame import tape_from_frame as tape_from_frame
    from polyfolio.objects import CommissionModel as CommissionModel
    from polyfolio.objects import ExecutionSimulator as ExecutionSimulator
    from polyfolio.objects import MarketData as MarketData
    from polyfolio.objects import MarketImpactModel as MarketImpactModel
    from polyfolio.objects import PortfolioManager as PortfolioManager
    from polyfolio.objects import PortfolioState as PortfolioState
    from polyfolio.objects import Position as Position
    from polyfolio.objects import PositionSizer as PositionSizer
    from polyfolio.objects import RiskCheckResult as RiskCheckResult
    from polyfolio.objects import RiskManager as RiskManager
    from polyfolio.objects import SlippageModel as SlippageModel
    from polyfolio.objects import Trade as Trade
    from polyfolio.objects import TradeRequest as TradeRequest
    from polyfolio.objects import calculate_position_size as calculate_position_size
    from polyfolio.objects import validate_signal_execution as validate_signal_execution
    from polyfolio.objects.events import Event as Event
    from polyfolio.objects.events import EventBus as EventBus
    from polyfolio.objects.events import EventType as EventType
    from polyfolio.objects.orchestrator import AgentError as AgentError
    from polyfolio.objects.orchestrator import AgentState as AgentState
    from polyfolio.objects.orchestrator import CorrelationAdjustment as CorrelationAdjustment
    from polyfolio.objects.orchestrator import CorrelationAgent as CorrelationAgent
    from polyfolio.objects.orchestrator import CorrelationConfig as CorrelationConfig
    from polyfolio.objects.orchestrator import ExecutionConfig as ExecutionConfig
    from polyfolio.objects.orchestrator import ExecutionContext as ExecutionContext
    from polyfolio.objects.orchestrator import ExecutionRulesAgent as ExecutionRulesAgent
    from polyfolio.objects.orchestrator import ExecutionRulesConfig as ExecutionRulesConfig
    from polyfolio.objects.orchestrator import ExecutionState as ExecutionState
    from polyfolio.objects.orchestrator import OrchestrationError as OrchestrationError
    from polyfolio.objects.orchestrator import Order as Order
    from polyfolio.objects.orchestrator import PortfolioTradeExecutor as PortfolioTradeExecutor
    from polyfolio.objects.orchestrator import PositionResizingAgent as PositionResizingAgent
    from polyfolio.objects.orchestrator import PositionSizingAgent as PositionSizingAgent
    from polyfolio.objects.orchestrator import PositionSizingConfig as PositionSizingConfig
    from polyfolio.objects.orchestrator import ProposedTrade as ProposedTrade
    from polyfolio.objects.orchestrator import RecoveryAction as RecoveryAction
    from polyfolio.objects.orchestrator import RecoveryStrategy as RecoveryStrategy
    from polyfolio.objects.orchestrator import ResizingEvent as ResizingEvent
    from polyfolio.objects.orchestrator import RiskAdjustment as RiskAdjustment
    from polyfolio.objects.orchestrator import RiskAssessment as RiskAssessment
    from polyfolio.objects.orchestrator import RiskFeedbackConfig as RiskFeedbackConfig
    from polyfolio.objects.orchestrator import RiskFeedbackLoop as RiskFeedbackLoop
    from polyfolio.objects.orchestrator import RiskManagementAgent as RiskManagementAgent
    from polyfolio.objects.orchestrator import RiskManagementConfig as RiskManagementConfig
    from polyfolio.objects.orchestrator import RiskMetrics as RiskMetrics
    from polyfolio.objects.orchestrator import RiskResizingMonitor as RiskResizingMonitor
    from polyfolio.objects.orchestrator import RiskTolerance as RiskTolerance
    from polyfolio.objects.orchestrator import SystemInput as SystemInput
    from polyfolio.objects.orchestrator import TradeExecutionOrchestrator as TradeExecutionOrchestrator
    from polyfolio.objects.orchestrator import TradeProposal as TradeProposal
    from polyfolio.objects.orchestrator import TradeSelectionConfig as TradeSelectionConfig
    from polyfolio.objects.orchestrator import TradeSelector as TradeSelector
    from polyfolio.policy.sealed import SealedPolicy as SealedPolicy
    from polyfolio.report.by_strategy import by_strategy as by_strategy
    from polyfolio.report.metrics import Benchmark as Benchmark
    from polyfolio.report.metrics import Convention as Convention
    from polyfolio.report.metrics import Metrics as Metrics
    from polyfolio.report.metrics import metrics_from_equity as metrics_from_equity
    from polyfolio.report.metrics import metrics_from_marks as metrics_from_marks
    from polyfolio.report.metrics import metrics_from_returns as metrics_from_returns
    from polyfolio.report.saved import SavedRun as SavedRun
    from polyfolio.report.saved import open_run as open_run
    from polyfolio.report.saved import save as save
    from polyfolio.report.tax_lots import tax_lots as tax_lots
    from polyfolio.rules.load import load as load
    from polyfolio.rules.load import parse as parse
    from polyfolio.rules.load import single as single
    from polyfolio.rules.plan import Plan as Plan
    from polyfolio.rules.plan import compile_spec as compile_spec
    from polyfolio.rules.registry import register as register
    from polyfolio.rules.spec import Lane as Lane
    from polyfolio.rules.spec import Spec as Spec
    from polyfolio.strategies.aggregate.base import Aggregator as Aggregator
    from polyfolio.strategies.aggregate.base import aggregator_of as aggregator_of
    from polyfolio.strategies.aggregation_objects import AGGREGATOR_CLASSES as AGGREGATOR_CLASSES
    from polyfolio.strategies.aggregation_objects import BaseAggregationConfig as BaseAggregationConfig
    from polyfolio.strategies.aggregation_objects import BaseAggregator as BaseAggregator
    from polyfolio.strategies.aggregation_objects import MLBasedAggregator as MLBasedAggregator
    from polyfolio.strategies.aggregation_objects import MLModelConfig as MLModelConfig
    from polyfolio.strategies.aggregation_objects import VolatilityAdjustedAggregator as VolatilityAdjustedAggregator
    from polyfolio.strategies.aggregation_objects import VolatilityConfig as VolatilityConfig
    from polyfolio.strategies.aggregation_objects import WeightedAverageAggregator as WeightedAverageAggregator
    from polyfolio.strategies.aggregation_objects import WeightedAverageConfig as WeightedAverageConfig
    from polyfolio.strategies.aggregation_objects import create_aggregator as create_aggregator
    from polyfolio.strategies.base import Strategy as Strategy
    from polyfolio.strategies.check import check_strategy as check_strategy
    from polyfolio.strategies.execution_config import PortfolioTradingExecutionConfig as PortfolioTradingExecutionConfig
    from polyfolio.strategies.execution_config import (
        PortfolioTradingExecutionConfigFactory as PortfolioTradingExecutionConfigFactory,
    )
    from polyfolio.strategies.mappings import CONFIG_CLASSES as CONFIG_CLASSES
    from polyfolio.strategies.mappings import STRATEGY_CLASSES as STRATEGY_CLASSES
    from polyfolio.strategies.mappings import StrategyRegistry as StrategyRegistry
    from polyfolio.strategies.portfolio_signals import PortfolioSignalAggregator as PortfolioSignalAggregator
    from polyfolio.strategies.run import signals_for as signals_for
    from polyfolio.strategies.signal import StrategySignal as StrategySignal


__version__ = "0.1.0"

_HOME = {
    "polyfolio.backtests.referee": ("Referee", "Terms", "referee"),
    "polyfolio.backtests.result": ("Result",),
    "polyfolio.backtests.stress": ("Scenario", "stress"),
    "polyfolio.backtests.run": ("backtest",),
    "polyfolio.backtests.session": ("Session",),
    "polyfolio.objects.events": ("Event", "EventBus", "EventType"),
    "polyfolio.objects.orchestrator": (
        "AgentError",
        "AgentState",
        "CorrelationAdjustment",
        "CorrelationAgent",
        "CorrelationConfig",
        "ExecutionConfig",
        "ExecutionContext",
        "ExecutionRulesAgent",
        "ExecutionRulesConfig",
        "ExecutionState",
        "OrchestrationError",
        "Order",
        "PortfolioTradeExecutor",
        "PositionResizingAgent",
        "PositionSizingAgent",
        "PositionSizingConfig",
        "ProposedTrade",
        "RecoveryAction",
        "RecoveryStrategy",
        "ResizingEvent",
        "RiskAdjustment",
        "RiskAssessment",
        "RiskFeedbackConfig",
        "RiskFeedbackLoop",
        "RiskManagementAgent",
        "RiskManagementConfig",
        "RiskMetrics",
        "RiskResizingMonitor",
        "RiskTolerance",
        "SystemInput",
        "TradeExecutionOrchestrator",
        "TradeProposal",
        "TradeSelectionConfig",
        "TradeSelector",
    ),
    "polyfolio.strategies.portfolio_signals": ("PortfolioSignalAggregator",),
    "polyfolio.strategies.signal": ("StrategySignal",),
    "polyfolio.strategies.aggregate.base": ("Aggregator", "aggregator_of"),
    "polyfolio.strategies.aggregation_objects": (
        "AGGREGATOR_CLASSES",
        "BaseAggregationConfig",
        "BaseAggregator",
        "MLBasedAggregator",
        "MLModelConfig",
        "VolatilityAdjustedAggregator",
        "VolatilityConfig",
        "WeightedAverageAggregator",
        "WeightedAverageConfig",
        "create_aggregator",
    ),
    "polyfolio.strategies.execution_config": (
        "PortfolioTradingExecutionConfig",
        "PortfolioTradingExecutionConfigFactory",
    ),
    "polyfolio.strategies.mappings": ("CONFIG_CLASSES", "STRATEGY_CLASSES", "StrategyRegistry"),
    "polyfolio.report.by_strategy": ("by_strategy",),
    "polyfolio.report.tax_lots": ("tax_lots",),
    "polyfolio.core.book": ("Book",),
    "polyfolio.core.journal": ("Journal",),
    "polyfolio.core.tape": ("Calendar", "Tape", "Universe", "instrument_table"),
    "polyfolio.engine.engine": ("Engine",),
    "polyfolio.envs.multi_agent": ("MultiAgentTradingEnv",),
    "polyfolio.envs.single": ("IntradayRLEnv", "MultiTickerRLEnvironment"),
    "polyfolio.envs.vector": ("TradingVectorEnv",),
    "polyfolio.errors": ("ConfigError", "DataError", "PolyfolioError", "RetryError", "StopTrading"),
    "polyfolio.market.demo": ("demo_tape",),
    "polyfolio.market.files": ("read_csv", "read_parquet"),
    "polyfolio.market.frame": ("tape_from_arrays", "tape_from_frame"),
    "polyfolio.objects": (
        "CommissionModel",
        "ExecutionSimulator",
        "MarketData",
        "MarketImpactModel",
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
        "validate_signal_execution",
    ),
    "polyfolio.policy.sealed": ("SealedPolicy",),
    "polyfolio.report.metrics": (
        "Benchmark",
        "Convention",
        "Metrics",
        "metrics_from_equity",
        "metrics_from_marks",
        "metrics_from_returns",
    ),
    "polyfolio.report.saved": ("SavedRun", "open_run", "save"),
    "polyfolio.rules.load": ("load", "parse", "single"),
    "polyfolio.rules.plan": ("Plan", "compile_spec"),
    "polyfolio.rules.registry": ("register",),
    "polyfolio.rules.spec": ("Lane", "Spec"),
    "polyfolio.strategies.base": ("Strategy",),
    "polyfolio.strategies.check": ("check_strategy",),
    "polyfolio.strategies.run": ("signals_for",),
}
_PLACES = {name: (module, name) for module, names in _HOME.items() for name in names}

__all__ = list(_PLACES)
__all__ += ["__version__"]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'polyfolio' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    found = getattr(importlib.import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
