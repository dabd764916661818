"""Two names that move together: what widens between them closes again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features import windows
from polyfolio.features.compiled.windows import products
from polyfolio.rules.arguments import at_least, closest
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.latch import latched, sides
from polyfolio.strategies.pairing import Pair, chosen
from polyfolio.strategies.worth import worth


class Pairs(Strategy):
    """Long one name of a pair and short the other with the same money, while the two are far apart.

    Over the last `lookback` rows the logarithm of the first name's worth is regressed on that of the second, by least
    squares with a constant: the slope is the hedge ratio, and z is the newest residual over the residuals' standard
    deviation (divisor lookback - 2). Below -`entry` the first name is bought and the second sold, above `entry` the
    other way round, until z is inside `exit` or has changed its sign. At `stop` or beyond the pair is left, and not
    entered again before z was inside `exit`.

    The weights are dollar-neutral: 1/2 and -1/2, over the number of pairs. Shorts need `sizing.allow_short: true`. Rows
    in which one of the two does not trade are left out. Named pairs say nothing of other names; where pairs are chosen,
    names in none of them are flat.

    Args:
        pairs: names of each pair, [first, second]; None chooses `count` pairs every `formation` rows: the two whose
            worths, from 1 at the first of the last `formation` rows, have the least sum of squared differences, each
            name in one pair at most. A name that did not trade in one of these rows is in none. What was held of
            other pairs ends there.
        count: pairs that are chosen.
        formation: rows they are chosen on, and held for.
        lookback: rows of the regression.
        entry: distance z beyond which it enters.
        exit: distance inside which it leaves.
        stop: distance at which it gives up.
    """

    sizing: ClassVar[str] = "weights"
    remembers: ClassVar[bool] = True
    space: ClassVar[Mapping[str, Any]] = {
        "count": {"low": 1, "high": 10, "whole": True},
        "formation": {"low": 60, "high": 500, "whole": True},
        "lookback": {"low": 20, "high": 250, "whole": True},
        "entry": {"low": 1.5, "high": 3.0},
        "exit": {"low": 0.0, "high": 1.0},
        "stop": {"low": 3.5, "high": 6.0},
    }

    def __init__(  # noqa: PLR0913 - each is a key
        self,
        *,
        pairs: Sequence[Sequence[str]] | None = None,
        count: int = 1,
        formation: int = 250,
        lookback: int = 60,
        entry: float = 2.0,
        exit: float = 0.5,  # noqa: A002 - its key
        stop: float = 4.0,
    ) -> None:
        self.pairs = pairs
        self.count = count
        self.formation = formation
        self.lookback = lookback
        self.entry = entry
        self.exit = exit
        self.stop = stop

    @property
    def warmup(self) -> int:
        """The rows of the regression, or those the pairs are chosen on."""
        return self.lookback if self.pairs is not None else max(self.formation, self.lookback)

    def signals(self, tape: Tape) -> Floats:
        """Weights; NaN before the warm-up, and in rows in which a name's pair does not trade whole."""
        self._refuse_bad_arguments()
        path = worth(tape)
        out = np.full(path.shape, np.nan)
        if self.pairs is not None:
            pairs = self._named(tape)
            self._trade(path, pairs, (0, tape.rows), out)
            return out
        for start in range(self.formation - 1, tape.rows, self.formation):
            end = min(start + self.formation, tape.rows)
            out[start:end] = np.where(np.isnan(path[start:end]), np.nan, 0.0)
            pairs = chosen(path[start - self.formation + 1 : start + 1], tape.symbols, self.count)
            self._trade(path, pairs, (start, end), out)
        return out

    def _trade(self, path: Floats, pairs: list[Pair], rows: tuple[int, int], out: Floats) -> None:
        """Write the weights of pairs into some rows; nothing is held of them before."""
        for pair in pairs:
            legs = path[: rows[1], np.array(pair)]
            both = np.flatnonzero(~np.isnan(legs).any(axis=1))
            away = distance(np.ascontiguousarray(legs[both].T), self.lookback)
            seen = both >= rows[0]
            side = self._side(away[None, seen])[0] * 0.5 / len(pairs)
            out[rows[0] : rows[1], np.array(pair)] = np.nan
            out[np.ix_(both[seen], np.array(pair))] = np.column_stack([side, -side])

    def _side(self, away: Floats) -> Floats:
        """1 long the first name, -1 short it, 0; NaN where the distance is unknown."""
        inside = np.abs(away) <= self.exit
        given_up = latched(np.abs(away) >= self.stop, inside)
        side = sides(
            (away < -self.entry) & ~given_up,
            inside | (away > 0.0) | given_up,
            (away > self.entry) & ~given_up,
            inside | (away < 0.0) | given_up,
            True,
        )
        side[np.isnan(away)] = np.nan
        return side

    def _named(self, tape: Tape) -> list[Pair]:
        """The slots of the named pairs."""
        found: list[Pair] = []
        for number, names in enumerate(self.pairs or ()):
            field = f"pairs[{number}]"
            if isinstance(names, str) or len(names) != 2 or names[0] == names[1]:
                raise ConfigError(field, names, "two different symbols", "Write it like [first, second].")
            for symbol in names:
                if symbol not in tape.symbols:
                    bound = f"of the tape's {tape.slots} symbols ({', '.join(tape.symbols[:12])})"
                    raise ConfigError(field, symbol, bound, closest(symbol, tape.symbols))
            pair = (tape.symbols.index(names[0]), tape.symbols.index(names[1]))
            if set(pair) & {slot for other in found for slot in other}:
                raise ConfigError(field, list(names), "names of no other pair", "Give each name one pair.")
            found.append(pair)
        return found

    def _refuse_bad_arguments(self) -> None:
        at_least("count", self.count, 1)
        at_least("lookback", self.lookback, 3)
        at_least("formation", self.formation, 2)
        for name in ("exit", "entry", "stop"):
            at_least(name, getattr(self, name), 0.0, whole=False)
        if not self.exit < self.entry < self.stop:
            bound = f"above exit ({self.exit:g}) and below stop ({self.stop:g})"
            raise ConfigError("entry", self.entry, bound, "Put the three distances in order.")
        if self.pairs is not None and (isinstance(self.pairs, str) or len(self.pairs) == 0):
            remedy = "Write them like [[first, second]], or null to choose them."
            raise ConfigError("pairs", self.pairs, "a list of pairs, or null", remedy)


def distance(legs: Floats, lookback: int) -> Floats:
    """z of each row of float64[2, rows]: the newest residual of ln(first) on ln(second) over their deviation.

    NaN before row `lookback` - 1, where the second name does not vary, and where the residuals do not.
    """
    path = windows.log(legs)
    (mean_y, mean_x), (square_y, square_x) = windows.squares(path, lookback)
    product = np.empty((1, path.shape[1]))
    y, x = np.ascontiguousarray(path[:1]), np.ascontiguousarray(path[1:])
    products(y, mean_y[None].copy(), x, mean_x[None].copy(), lookback, product)
    with np.errstate(invalid="ignore", divide="ignore"):
        slope = product[0] / square_x
        left = square_y - slope * product[0]
        residual = (y[0] - mean_y) - slope * (x[0] - mean_x)
        # Of two that move as one, rounding leaves residuals about 1e-16 of what the names do.
        known = windows.varies(square_x, mean_x, lookback) & (left > 1e-12 * square_y)
        return np.where(known, residual / np.sqrt(left / (lookback - 2)), np.nan)
