"""Backtests: a configuration and a tape become a result."""

from __future__ import annotations

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest

__all__ = ["Result", "backtest"]
