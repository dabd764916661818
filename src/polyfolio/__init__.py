"""One engine for trading many instruments in many portfolios.

The public names, each imported when it is first asked for: `import polyfolio` reads this file alone. `_HOME` lists
them; the imports above it are what type checkers see, and a test keeps both the same.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyfolio.backtest.run import Result as Result
    from polyfolio.backtest.run import backtest as _backtest
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
    from polyfolio.policy.sealed import SealedPolicy as SealedPolicy
    from polyfolio.report.metrics import Benchmark as Benchmark
    from polyfolio.report.metrics import Convention as Convention
    from polyfolio.report.metrics import Metrics as Metrics
    from polyfolio.report.metrics import metrics_from_equity as metrics_from_equity
    from polyfolio.report.metrics import metrics_from_marks as metrics_from_marks
    from polyfolio.report.metrics import metrics_from_returns as metrics_from_returns
    from polyfolio.report.saved import SavedRun as SavedRun
    from polyfolio.report.saved import open_run as open_run
    from polyfolio.report.saved import save as save
    from polyfolio.rules.load import load as load
    from polyfolio.rules.load import parse as parse
    from polyfolio.rules.load import single as single
    from polyfolio.rules.plan import Plan as Plan
    from polyfolio.rules.plan import compile_spec as compile_spec
    from polyfolio.rules.registry import register as register
    from polyfolio.rules.spec import Lane as Lane
    from polyfolio.rules.spec import Spec as Spec
    from polyfolio.strategies.base import Strategy as Strategy
    from polyfolio.strategies.check import check_strategy as check_strategy
    from polyfolio.strategies.run import signals_for as signals_for

    run = _backtest

__version__ = "0.1.0"

_HOME = {
    "polyfolio.backtest.run": ("Result",),
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
# The function shares its name with its package, which an import of the package would put in its place.
_PLACES["run"] = ("polyfolio.backtest.run", "backtest")

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
