"""One engine for trading many instruments in many portfolios.

The public names, each imported when it is first asked for: `import polyfolio` reads this file alone.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from polyfolio.backtest.run import Result
    from polyfolio.backtest.run import backtest as run
    from polyfolio.core.book import Book
    from polyfolio.core.journal import Journal
    from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table
    from polyfolio.engine.engine import Engine
    from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError, StopTrading
    from polyfolio.market.demo import demo_tape
    from polyfolio.market.files import read_csv, read_parquet
    from polyfolio.market.frame import tape_from_arrays, tape_from_frame
    from polyfolio.objects import (
        CommissionModel,
        ExecutionSimulator,
        MarketData,
        MarketImpactModel,
        PortfolioManager,
        PortfolioState,
        Position,
        PositionSizer,
        RiskCheckResult,
        RiskManager,
        SlippageModel,
        Trade,
        TradeRequest,
        calculate_position_size,
        validate_signal_execution,
    )
    from polyfolio.report.metrics import (
        Benchmark,
        Convention,
        Metrics,
        metrics_from_equity,
        metrics_from_marks,
        metrics_from_returns,
    )
    from polyfolio.report.saved import SavedRun, open_run, save
    from polyfolio.rules.load import load, parse, single
    from polyfolio.rules.plan import Plan, compile_spec
    from polyfolio.rules.registry import register
    from polyfolio.rules.spec import Lane, Spec
    from polyfolio.strategies.base import Strategy
    from polyfolio.strategies.check import check_strategy
    from polyfolio.strategies.run import signals_for

__version__ = "0.1.0"

_HOME = {
    "polyfolio.backtest.run": ("Result",),
    "polyfolio.core.book": ("Book",),
    "polyfolio.core.journal": ("Journal",),
    "polyfolio.core.tape": ("Calendar", "Tape", "Universe", "instrument_table"),
    "polyfolio.engine.engine": ("Engine",),
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

__all__ = [
    "Benchmark",
    "Book",
    "Calendar",
    "CommissionModel",
    "ConfigError",
    "Convention",
    "DataError",
    "Engine",
    "ExecutionSimulator",
    "Journal",
    "Lane",
    "MarketData",
    "MarketImpactModel",
    "Metrics",
    "Plan",
    "PolyfolioError",
    "PortfolioManager",
    "PortfolioState",
    "Position",
    "PositionSizer",
    "Result",
    "RetryError",
    "RiskCheckResult",
    "RiskManager",
    "SavedRun",
    "SlippageModel",
    "Spec",
    "StopTrading",
    "Strategy",
    "Tape",
    "Trade",
    "TradeRequest",
    "Universe",
    "__version__",
    "calculate_position_size",
    "check_strategy",
    "compile_spec",
    "demo_tape",
    "instrument_table",
    "load",
    "metrics_from_equity",
    "metrics_from_marks",
    "metrics_from_returns",
    "open_run",
    "parse",
    "read_csv",
    "read_parquet",
    "register",
    "run",
    "save",
    "signals_for",
    "single",
    "tape_from_arrays",
    "tape_from_frame",
    "validate_signal_execution",
]


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(f"module 'polyfolio' has no attribute {name!r}")
    module, attribute = _PLACES[name]
    found = getattr(importlib.import_module(module), attribute)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
