"""The target figures of a design, as lines to be held against: never claimed, only compared with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Target:
    """A figure wished for before anything ran.

    Attributes:
        name: in words.
        measure: name of the metric.
        low: least value that meets it; None for no such end.
        high: the upper end as it was written; None for none.
        between: True where more than `high` misses it; a return above its upper end meets it too.
    """

    name: str
    measure: str
    low: float | None
    high: float | None = None
    between: bool = False

    def met(self, value: float | None) -> bool | None:
        """Whether a value meets it; None where the value is undefined."""
        if value is None:
            return None
        above = self.low is None or value >= self.low
        return above and not (self.between and self.high is not None and value > self.high)


TARGETS = (
    Target("annual return", "annual_return", 0.25, 0.40),
    Target("Sharpe ratio", "sharpe", 2.0),
    Target("Sortino ratio", "sortino", 2.5),
    Target("Calmar ratio", "calmar", 2.0),
    Target("information ratio", "information_ratio", 1.5),
    Target("largest drawdown", "max_drawdown", -0.15),
    Target("volatility", "volatility", 0.12, 0.18, between=True),
    Target("trades won", "win_rate", 0.60),
)


def held_against(facts: Mapping[str, Any], targets: tuple[Target, ...] = TARGETS) -> list[dict[str, Any]]:
    """Each target figure with what was reached; `met` is None where the figure is undefined.

    Args:
        facts: `measures`, each a value with the ends of its interval, and `win_rate`.
        targets: what to hold against.
    """
    out = []
    measures = {**facts["measures"], "win_rate": {"value": facts["win_rate"]}}
    for target in targets:
        found = measures[target.measure]
        value = found.get("value")
        out.append(
            {
                "name": target.name,
                "measure": target.measure,
                "from": target.low,
                "to": target.high,
                "value": value,
                "low": found.get("low"),
                "high": found.get("high"),
                "met": target.met(value),
            }
        )
    return out


def multiples_of(
    reached: float, returns: Mapping[str, float | None], factors: Mapping[str, float]
) -> list[dict[str, Any]]:
    """A total return beside multiples of symbols' returns over the same rows.

    Args:
        reached: total return of a portfolio.
        returns: total return of each symbol that is known; None where a row is missing.
        factors: how many times a symbol's return is aimed at. A symbol that is not among `returns` is left out.

    Returns:
        One map per symbol; `met` is None where the symbol's return is unknown or not above 0: a multiple of a loss is
        no aim.
    """
    out = []
    for symbol, factor in factors.items():
        if symbol not in returns:
            continue
        base = returns[symbol]
        aim = None if base is None or base <= 0.0 else factor * base
        met = None if aim is None else reached >= aim
        out.append(
            {
                "name": f"{factor:g} x {symbol}",
                "symbol": symbol,
                "factor": factor,
                "index": base,
                "from": aim,
                "value": reached,
                "met": met,
            }
        )
    return out
