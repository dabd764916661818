"""The teaching task: a market whose best policy, and what it earns, are known in closed form.

UP drifts up, DOWN drifts down, REVERT jumps between a low and a high level. A bar opens where the one before it closed,
so an order decided at a close is filled there. docs/concepts/teaching-task.md derives what stands here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.frame import tape_from_arrays
from polyfolio.market.intervals import DAY
from polyfolio.market.source import OPTIONS
from polyfolio.market.synthetic.streams import Streams, whole, within
from polyfolio.rules import yamlfile
from polyfolio.rules.arguments import closest

SYMBOLS = ("UP", "DOWN", "REVERT")
UP, DOWN, REVERT = range(3)
START = 100.0
FIRST_CLOSE = 16_436 * DAY  # 2015-01-01
WICK = 0.002  # mean size of what a bar's extremes lie beyond its open and close
USUAL_VOLUME = 1e9  # no lane that grows for years comes near a participation cap


@dataclass(frozen=True)
class TeachingTask:
    """The market's parameters, per bar, in logarithms.

    Attributes:
        drift: mean log return of UP; DOWN's is its negative.
        deviation: of the normal log returns of UP and DOWN.
        level: REVERT's close lies this far above or below 100, apart from the jitter.
        flip: probability that REVERT changes its level in a bar.
        jitter: half width of the uniform noise on REVERT's log close.
    """

    drift: float = 0.0015
    deviation: float = 0.006
    level: float = 0.02
    flip: float = 0.1
    jitter: float = 0.0015

    def __post_init__(self) -> None:
        within("drift", self.drift, 0.0, 0.1)
        within("deviation", self.deviation, 0.0, 0.2)
        within("level", self.level, 1e-6, 1.0)
        within("flip", self.flip, 1e-6, 0.5)
        within("jitter", self.jitter, 0.0, 0.999 * self.level)

    def sample(self, rows: int, *, seed: int = 0, path: int = 0, **options: Any) -> Tape:
        """A tape of daily bars; a longer one of the same seed and path begins with the shorter one.

        Args:
            rows: at least 2.
            seed: 0 or more.
            path: number of the path; the paths of one seed are independent.
            **options: see `Reading`.
        """
        whole("rows", rows, 2)
        symbols = _known(options.pop("symbols", ()))
        streams = Streams(seed, path)
        logs = np.hstack([self._trends(streams, rows), self._reverting(streams, rows)[:, None]])
        opened = np.vstack([logs[:1], logs[:-1]])
        wicks = np.abs(streams.of("wicks").standard_normal((rows, 2, len(SYMBOLS)))) * WICK
        bars = {
            "open": opened,
            "high": np.maximum(opened, logs) + wicks[:, 0],
            "low": np.minimum(opened, logs) - wicks[:, 1],
            "close": logs,
        }
        columns = {name: START * np.exp(values) for name, values in bars.items()}
        columns["volume"] = USUAL_VOLUME * np.exp(0.2 * streams.of("volume").standard_normal(logs.shape))
        taken = {name: values[:, [SYMBOLS.index(symbol) for symbol in symbols]] for name, values in columns.items()}
        times = FIRST_CLOSE + DAY * np.arange(rows, dtype=np.int64)
        return tape_from_arrays(times, symbols, taken, **{"interval": "1d", **options})

    def _trends(self, streams: Streams, rows: int) -> Floats:
        steps = self.deviation * streams.of("trends").standard_normal((rows, 2)) + self.drift * np.array([1.0, -1.0])
        steps[0] = 0.0
        return np.asarray(np.cumsum(steps, axis=0))

    def _reverting(self, streams: Streams, rows: int) -> Floats:
        flips = streams.of("flips").random(rows)
        # The first level is as likely low as high: the chain is stationary from row 0 on.
        turned = np.r_[flips[0] < 0.5, flips[1:] < self.flip]
        side = np.where(np.cumsum(turned) % 2 == 0, 1.0, -1.0)
        return self.level * side + self.jitter * (2.0 * streams.of("jitter").random(rows) - 1.0)

    def growth(self, fee_rate: float, slip_rate: float) -> float:
        """Expected log growth a bar of the best policy: drift / 2 + flip x level - flip x what a switch costs.

        Args:
            fee_rate: `percentage_fee` of the commission.
            slip_rate: `base_slippage` of the model percentage.

        Raises:
            ConfigError: with these parameters another policy may be better.
        """
        self._refuse_where_not_best(fee_rate, slip_rate)
        return self.drift / 2.0 + self.flip * (self.level - switch_loss(fee_rate, slip_rate))

    def total_growth(self, decisions: int, fee_rate: float, slip_rate: float) -> float:
        """Expected log growth of the best policy over so many decisions, from cash, marked at the end."""
        whole("decisions", decisions, 1)
        # The first decision buys out of cash instead of switching.
        first = math.log((1.0 + fee_rate) * (1.0 + slip_rate))
        saved = self.flip * switch_loss(fee_rate, slip_rate)
        return decisions * self.growth(fee_rate, slip_rate) + saved - first

    def ratios(self, fee_rate: float, slip_rate: float) -> dict[str, float]:
        """Largest expected return of each alternative over what the best policy holds, at its shadow prices.

        The policy is the best one where none is above 1.
        """
        apart = math.exp(switch_loss(fee_rate, slip_rate))
        turned = math.exp(-2.0 * self.level)
        mean_jitter = math.sinh(self.jitter) / self.jitter if self.jitter > 0.0 else 1.0
        worst_jitter = math.exp(self.jitter) * mean_jitter
        rising, per_rise = (math.exp(sign * self.drift + self.deviation**2 / 2.0) for sign in (1.0, -1.0))
        falling = per_rise
        stay, flip = 1.0 - self.flip, self.flip
        return {
            "low: UP over REVERT": rising * worst_jitter * (stay + flip * apart**2 * turned),
            "low: DOWN over REVERT": falling * worst_jitter * (stay + flip * apart * turned),
            "low: cash over REVERT": worst_jitter * (stay + flip * apart * turned),
            "high: REVERT over UP": per_rise * worst_jitter * (stay + flip * apart**2 * turned),
            "high: DOWN over UP": falling * per_rise * (stay + flip * apart),
            "high: cash over UP": per_rise * (stay + flip * apart),
        }

    def _refuse_where_not_best(self, fee_rate: float, slip_rate: float) -> None:
        name, ratio = max(self.ratios(fee_rate, slip_rate).items(), key=lambda item: item[1])
        if not ratio <= 1.0:
            raise ConfigError(
                f"expected return, {name}",
                ratio,
                "at most 1",
                "Lower costs, jitter or drift, or raise level or flip: holding one name is not the best policy here.",
            )


def switch_loss(fee_rate: float, slip_rate: float) -> float:
    """Log of what selling one name and buying another costs: ln (1 + f)(1 + s) / ((1 - f)(1 - s))."""
    within("fee_rate", fee_rate, 0.0, 0.5)
    within("slip_rate", slip_rate, 0.0, 0.5)
    return sum(math.log1p(rate) - math.log1p(-rate) for rate in (fee_rate, slip_rate))


def is_low(tape: Tape) -> Flags:
    """Whether REVERT stands on its low level: uint8[rows], seen from the row's own close."""
    return np.asarray(tape.close[:, tape.universe.slot("REVERT")] < START, dtype=np.uint8)


def best_weights(tape: Tape) -> Floats:
    """The best policy as weights, float64[rows, slots]: all in REVERT where it is low, else all in UP."""
    low = is_low(tape) != 0
    out = np.zeros((tape.rows, tape.slots))
    out[low, tape.universe.slot("REVERT")] = 1.0
    out[~low, tape.universe.slot("UP")] = 1.0
    return out


@dataclass(frozen=True)
class TeachingRecipe:
    """What to make: the fields of `TeachingTask` as `task`, and which tape of it.

    Attributes:
        rows: length, at least 2.
        seed: of all random numbers.
        path: number of the path.
        task: parameters of the market that differ from their defaults.
    """

    rows: int = 3000
    seed: int = 0
    path: int = 0
    task: TeachingTask = TeachingTask()

    def tape(self, **options: Any) -> Tape:
        """The tape; options as in `Reading`."""
        return self.task.sample(self.rows, seed=self.seed, path=self.path, **options)


def teaching_recipe(path: str | PathLike[str] | None) -> TeachingRecipe:
    """The recipe of a YAML file; None for the defaults."""
    if path is None:
        return TeachingRecipe()
    file = Path(path)
    given = _checked(yamlfile.read(file)[0], TeachingRecipe, file.name)
    task = TeachingTask(**_checked(given.pop("task", {}), TeachingTask, f"task ({file.name})"))
    return TeachingRecipe(**given, task=task)


def teaching_tape(path: str | PathLike[str] | None = None, **options: Any) -> Tape:
    """The source `teaching`.

    Args:
        path: YAML file with the fields of `TeachingRecipe`; None for the defaults.
        **options: see `Reading`; what is None takes the task's own.
    """
    return teaching_recipe(path).tape(**_given(options))


def teaching_markets(section: Any, base_currency: str, count: int) -> tuple[Tape, ...]:
    """Several paths of one recipe: the recipe's own path and those after it.

    Args:
        section: `Spec.tape`; its path is a recipe, or None for the defaults.
        base_currency: currency of the accounts.
        count: how many.
    """
    recipe = teaching_recipe(section.path)
    options = _given({name: getattr(section, name) for name in OPTIONS if hasattr(section, name)})
    paths = [replace(recipe, path=recipe.path + number) for number in range(count)]
    return tuple(one.tape(base_currency=base_currency, **options) for one in paths)


def _given(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options that say something."""
    return {name: value for name, value in options.items() if value is not None}


def _known(symbols: Sequence[str]) -> tuple[str, ...]:
    """The symbols asked for; all three where none is."""
    for symbol in symbols:
        if symbol not in SYMBOLS:
            raise DataError("symbols", symbol, "one of " + ", ".join(SYMBOLS), closest(symbol, SYMBOLS))
    return tuple(symbols) or SYMBOLS


def _checked(data: Any, kind: type, where: str) -> dict[str, Any]:
    """A map whose keys are fields of a record."""
    if not isinstance(data, Mapping):
        raise ConfigError(where, data, "a map of keys", "Write key: value, one per line.")
    known = [item.name for item in fields(kind)]
    for key in data:
        if key not in known:
            raise ConfigError(f"key of {where}", key, "one of " + ", ".join(known), closest(key, known))
    return dict(data)
