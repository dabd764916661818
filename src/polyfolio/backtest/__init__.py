"""Backtests: a configuration and a tape become a result."""

from __future__ import annotations

from polyfolio.backtest.run import Result, backtest

__all__ = ["Result", "backtest"]
