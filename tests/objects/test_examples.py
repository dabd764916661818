"""The examples in the docstrings run and print what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

from polyfolio import objects

MODULES = [f"polyfolio.objects.{item.name}" for item in pkgutil.iter_modules(objects.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


def test_the_public_classes_have_examples() -> None:
    finder = doctest.DocTestFinder()
    shown = {
        test.name.split(".")[-1]
        for name in MODULES
        for test in finder.find(importlib.import_module(name))
        if test.examples
    }
    assert {
        "PortfolioManager",
        "PositionSizer",
        "RiskManager",
        "ExecutionSimulator",
        "CommissionModel",
        "SlippageModel",
        "MarketImpactModel",
        "MarketData",
        "calculate_position_size",
        "validate_signal_execution",
    } <= shown
