"""What trading and holding cost one lane: sums by kind, and the rate against what was traded."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.core.records import MARK
from polyfolio.kernels.measures import paid
from tests.kernels.measures.tools import plain


def marks() -> np.ndarray:
    rows = np.zeros(3, MARK)
    rows["lane"] = [0, 1, 0]
    rows["equity"] = [1010.0, 5.0, 990.0]
    rows["turnover"] = [0.5, 9.0, 0.1]
    rows["commission"] = [1.0, 7.0, 0.2]
    rows["slippage"] = [0.5, 7.0, 0.05]
    rows["impact"] = [0.25, 7.0, 0.05]
    rows["borrow"] = [0.0, 7.0, 0.3]
    rows["funding"] = [0.0, 7.0, -0.1]
    return rows


@pytest.mark.parametrize("function", [paid.summary, plain(paid.summary)], ids=["compiled", "plain"])
def test_costs_are_summed_and_set_against_what_was_traded(function) -> None:
    out = np.empty(len(paid.NAMES))
    function(marks(), 0, 1000.0, np.empty(paid.SIZE), out)
    found = dict(zip(paid.NAMES, out, strict=True))
    # Traded: half of 1,000, then a tenth of 1,010.
    assert found["traded"] == pytest.approx(601.0, rel=1e-15)
    assert [found[name] for name in paid.KINDS] == pytest.approx([1.2, 0.55, 0.3, 0.3, -0.1], rel=1e-15)
    assert found["costs"] == pytest.approx(2.25, rel=1e-15)
    assert found["cost_bp"] == pytest.approx(1e4 * 2.05 / 601.0, rel=1e-15)


def test_without_trades_there_is_no_rate() -> None:
    rows = marks()
    rows["turnover"] = 0.0
    out = np.empty(len(paid.NAMES))
    paid.summary(rows, 0, 1000.0, np.empty(paid.SIZE), out)
    assert math.isnan(out[paid.NAMES.index("cost_bp")])
    assert out[paid.NAMES.index("traded")] == 0.0
