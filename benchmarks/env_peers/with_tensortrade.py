"""Steps of TensorTrade's default environment; started by benchmarks/env_peers.py with the task as JSON.

The package imports its agents, which need TensorFlow and take no part in a step: a placeholder stands for them.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

sys.modules["tensortrade.agents"] = ModuleType("tensortrade.agents")

import numpy as np  # noqa: E402
from stepping import features as shown  # noqa: E402
from stepping import measured  # noqa: E402
from tensortrade.env import default  # noqa: E402
from tensortrade.feed.core import DataFeed, Stream  # noqa: E402
from tensortrade.oms.exchanges import Exchange, ExchangeOptions  # noqa: E402
from tensortrade.oms.instruments import USD, Instrument  # noqa: E402
from tensortrade.oms.services.execution.simulated import execute_order  # noqa: E402
from tensortrade.oms.wallets import Portfolio, Wallet  # noqa: E402


class FiveValues:
    """Its step gives four values, done as the third; the loop that is timed expects five."""

    def __init__(self, env: Any) -> None:
        self.env = env
        self.reset = env.reset

    def step(self, action: int) -> tuple[Any, float, bool, bool, Any]:
        """One step."""
        observation, reward, done, info = self.env.step(action)
        return observation, reward, done, False, info


def make(closes: Any, features: int, steps: int) -> Any:
    asset = Instrument("AAA", 8, "one asset")
    stream = Stream.source(closes[:, 0].tolist(), dtype="float").rename("USD-AAA")
    exchange = Exchange("venue", service=execute_order, options=ExchangeOptions(commission=0.001))(stream)
    portfolio = Portfolio(USD, [Wallet(exchange, 100_000 * USD), Wallet(exchange, 0 * asset)])
    columns = shown(closes, features)[:, 0]
    feed = DataFeed(
        [Stream.source(columns[:, number].tolist(), dtype="float").rename(f"f{number}") for number in range(features)]
    )
    env = default.create(
        portfolio=portfolio,
        action_scheme="simple",
        reward_scheme="simple",
        feed=feed,
        window_size=1,
        enable_logger=False,
    )
    count = env.action_space.n
    return FiveValues(env), np.random.default_rng(0).integers(0, count, steps).tolist()


if __name__ == "__main__":
    print(measured(sys.argv[1], "tensortrade", make))
