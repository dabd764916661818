"""PositionSizer: signals to weights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.core.codes import Sizing
from polyfolio.errors import DataError
from polyfolio.objects import checks
from polyfolio.objects.bench import Bench
from polyfolio.objects.configs import spec_of
from polyfolio.objects.data import MarketData, PortfolioState
from polyfolio.objects.desk import Desk

BASE = {"sizing": {"allow_short": True}}


class PositionSizer:
    """Position sizes as shares of equity.

    Args:
        config: the `position_sizing` section, or sections of this package.
        desk: the lane it works on; without one it works on the state it is given.
        periods_per_year: of the returns in the market data, for annualised targets.

    Attributes:
        config: as given.
        sizing_method: name of the method.
        max_position_size: largest absolute weight.
        min_position_size: smaller weights become 0.

    Example:
        >>> from polyfolio.objects import MarketData, PortfolioState, PositionSizer
        >>> sizer = PositionSizer({"method": "equal_weight", "max_position_size": 0.4})
        >>> data = {"A": MarketData.at(10.0), "B": MarketData.at(20.0)}
        >>> sizer.calculate_position_sizes({"A": 1.0, "B": 1.0}, PortfolioState(1000.0, 1000.0), data)
        {'A': 0.4, 'B': 0.4}
    """

    def __init__(self, config: Any = None, *, desk: Desk | None = None, periods_per_year: float = 252.0) -> None:
        self.config, self._desk, self._periods = config, desk, periods_per_year
        self._bench: Bench | None = None
        if desk is None:
            self._spec = spec_of("position_sizing", {} if config is None else config, BASE)
            rule = Bench(self._spec, ("ANY",), periods_per_year).ledger.rules[0]
        else:
            rule = desk.ledger.rules[desk.lane]
        self.sizing_method = Sizing(int(rule["method"])).name.lower()
        self.max_position_size, self.min_position_size = float(rule["max_position"]), float(rule["min_position"])

    def calculate_position_sizes(
        self, signals: Mapping[str, float], portfolio_state: PortfolioState, market_data: Mapping[str, MarketData]
    ) -> dict[str, float]:
        """Weights for all tickers of the market data.

        Args:
            signals: -1 to 1 by ticker; 0 is flat. A ticker left out keeps what it holds.
            portfolio_state: cash and positions, valued at the market data's closes.
            market_data: bars by ticker, for every ticker held or with a signal.

        Returns:
            Ticker -> share of equity, signed. On a desk: before the risk manager's stages.

        Raises:
            DataError: unknown ticker, missing bar, a signal that is no finite number, no equity.
        """
        if self._desk is not None:
            checks.heard(signals)
            return self._desk.size(signals, market_data)
        bench = self._bench
        if bench is None or bench.tickers != tuple(market_data):
            self._bench = bench = Bench(self._spec, checks.bars_of(market_data), self._periods)
        try:
            bench.look(market_data)
            bench.hold(portfolio_state)
            bench.hear(signals)
        except (TypeError, ValueError, AttributeError) as error:
            checks.heard(signals)
            raise DataError(
                "market_data",
                type(next(iter(market_data.values()))).__name__,
                "MarketData by ticker",
                f"Build it from MarketData(...): {error}.",
            ) from error
        return bench.want()
