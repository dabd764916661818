"""Commission, slippage and impact of one order, each by its own section of the configuration."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from polyfolio.core.codes import Commission, Impact, Slippage
from polyfolio.kernels import doors
from polyfolio.objects.bench import Bench
from polyfolio.objects.checks import above_0, at_least_0, number
from polyfolio.objects.configs import spec_of


class _Model:
    """Holds the RULES record of one section."""

    section = ""

    def __init__(self, config: Any = None) -> None:
        self.config = config
        spec = spec_of(self.section, {} if config is None else config, {})
        book = Bench(spec, ("ANY",), math.nan).ledger
        self._rules, self._tiers = book.rules, np.array(book.tiers[book.rules["tier_table"][0]])


class CommissionModel(_Model):
    """The fee schedule.

    Args:
        config: the `commission` section: model, fixed_fee, percentage_fee, tiered_rates, ...

    Example:
        >>> from polyfolio.objects import CommissionModel
        >>> CommissionModel({"model": "percentage", "percentage_fee": 0.001}).calculate(50, 20.0)
        1.0
    """

    section = "commission"

    @property
    def model(self) -> str:
        """Name of the schedule."""
        return Commission(int(self._rules["commission_model"][0])).name.lower()

    def calculate(
        self,
        quantity: float,
        price: float,
        *,
        unit: float = 1.0,
        filled_before: float = 0.0,
        period_volume: float = 0.0,
    ) -> float:
        """Fee of a fill, in money of the base currency; negative for a rebate.

        Args:
            quantity: units, signed.
            price: price of the fill, above 0.
            unit: contract multiplier times FX rate.
            filled_before: what earlier fills of the same order took.
            period_volume: volume of the period so far; read by cumulative tiers.
        """
        order = np.array(
            [
                number(quantity, "quantity"),
                above_0(price, "price"),
                above_0(unit, "unit"),
                number(filled_before, "filled_before"),
                at_least_0(number(period_volume, "period_volume"), "period_volume"),
            ]
        )
        return float(doors.fee_of(self._rules, self._tiers, order))


class SlippageModel(_Model):
    """The price concession.

    Args:
        config: the `slippage` section: model, base_slippage, volume_impact.

    Example:
        >>> from polyfolio.objects import SlippageModel
        >>> model = SlippageModel({"model": "linear", "base_slippage": 0.0001, "volume_impact": 1e-8})
        >>> round(model.calculate(5000, 100.0), 12)
        0.00015
    """

    section = "slippage"

    @property
    def model(self) -> str:
        """Name of the formula."""
        return Slippage(int(self._rules["slippage_model"][0])).name.lower()

    def calculate(self, quantity: float, price: float, *, volume: float = math.nan, spread: float = math.nan) -> float:
        """Slippage and paid spread as a share of the price, >= 0, always against the trader.

        Args:
            quantity: units; the sign is ignored.
            price: reference price.
            volume: what a volume share is taken of; NaN = unknown.
            spread: quoted spread in price units; NaN = none.
        """
        order = np.array(
            [
                number(quantity, "quantity"),
                above_0(price, "price"),
                at_least_0(volume, "volume"),
                at_least_0(spread, "spread"),
            ]
        )
        return float(doors.concession_of(self._rules, order))


class ImpactOf(NamedTuple):
    """Impact as shares of the price."""

    paid: float  # temporary + half the permanent part
    permanent: float


class MarketImpactModel(_Model):
    """What an order does to the price.

    Args:
        config: the `market_impact` section: model, permanent_impact, temporary_impact, participation_rate_limit.

    Example:
        >>> from polyfolio.objects import MarketImpactModel
        >>> model = MarketImpactModel({"model": "square_root", "temporary_impact": 1.0})
        >>> model.calculate(100, volume=10_000, volatility=0.02).paid
        0.002
    """

    section = "market_impact"

    @property
    def model(self) -> str:
        """Name of the formula."""
        return Impact(int(self._rules["impact_model"][0])).name.lower()

    @property
    def participation_rate_limit(self) -> float:
        """Largest share of a bar's volume that one bar may fill; inf = off."""
        return float(self._rules["participation_rate_limit"][0])

    def calculate(self, quantity: float, volume: float, volatility: float) -> ImpactOf:
        """Impact of a fill; 0 where volume or volatility is unknown (NaN).

        Args:
            quantity: units; the sign is ignored.
            volume: the volume it is judged against.
            volatility: standard deviation of one bar's return.
        """
        volume, volatility = at_least_0(volume, "volume"), at_least_0(volatility, "volatility")
        out = self._out(quantity, volume, volatility, math.nan)
        return ImpactOf(float(out[0]), float(out[1]))

    def largest_quantity(self, limit: float, volume: float, volatility: float) -> float:
        """Most units whose paid impact is at most `limit`; inf where nothing binds."""
        volume, volatility = at_least_0(volume, "volume"), at_least_0(volatility, "volatility")
        return float(self._out(1.0, volume, volatility, above_0(limit, "limit"))[2])

    def _out(self, quantity: float, volume: float, volatility: float, limit: float) -> np.ndarray:
        out = np.zeros(3)
        order = np.array([number(quantity, "quantity"), volume, volatility, limit], dtype=np.float64)
        doors.pressure_of(self._rules, order, out)
        return out
