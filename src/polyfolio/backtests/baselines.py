"""What anybody could have held: simple portfolios with the account, the costs and the decision rows of a lane."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from polyfolio.core.codes import Sizing
from polyfolio.rules.execution import Rebalance
from polyfolio.rules.risk import Risk
from polyfolio.rules.sections import Limits, SizingSection
from polyfolio.rules.spec import Lane, Strategy

INDEX = "index"
# The names under which baselines stand in every table, and the strategies they are.
BASELINES = {
    "buy and hold": "buy_and_hold",
    "equal weight": "equal_weight",
    "inverse volatility": "inverse_volatility",
    "minimum variance": "minimum_variance",
}


def baseline_lanes(lane: Lane, index: str | None = None) -> Iterator[tuple[str, Lane]]:
    """The baselines by name: the lane's account, costs and decision rows, and none of its limits.

    A limit that holds a policy back would hold buy and hold back as well, and make it easier to beat.

    Args:
        lane: whose rules they keep.
        index: symbol of the index; None takes `account.benchmark`, and without one there is no index.
    """
    for name, strategy in BASELINES.items():
        rule = Strategy(name=strategy, params={"start": "each"} if strategy == "buy_and_hold" else {})
        yield name, plain_lane(lane, name, rule)
    symbol = index or lane.account.benchmark
    if symbol is not None:
        rule = Strategy(name="buy_and_hold", params={"weights": {symbol: 1.0}, "start": "each"})
        yield INDEX, plain_lane(lane, INDEX, rule)


def plain_lane(lane: Lane, name: str, strategy: Strategy | None) -> Lane:
    """A lane with another's account and costs: a baseline's, or that of signals that are weights, heard at each bar."""
    costs: dict[str, Any] = {"name": name, "account": lane.account, "execution": lane.execution}
    costs["risk"] = Risk(covariance=lane.risk.covariance, min_history=lane.risk.min_history)
    if strategy is not None:
        return Lane(**costs, strategy=strategy, rebalance=Rebalance(every=lane.rebalance.every))
    sizing = SizingSection(method=Sizing.WEIGHTS, allow_short=lane.sizing.allow_short)
    return Lane(**costs, sizing=sizing, limits=Limits(max_leverage=lane.limits.max_leverage))
