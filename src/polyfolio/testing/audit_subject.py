"""What an audit asks: an environment's maker, the knobs it has, and how the account behind it is read."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError

KNOBS = ("prices", "fee", "borrow", "features")
REWARDS = ("change", "log", "return", "other")

# Where environments put the worth of the account, read when a subject does not say.
VALUE_KEYS = (
    "equity",
    "portfolio_value",
    "portfolio_valuation",
    "account_value",
    "total_asset",
    "net_worth",
    "total_profit",
)

MAKER_REMEDY = (
    "Give a function that makes an environment; its parameters named prices, fee, borrow, features are the knobs."
)


class BrokenEnvError(ConfigError):
    """The environment raised where it had to answer."""


@dataclass(frozen=True, eq=False)
class EnvSubject:
    """An environment under audit.

    Attributes:
        make: returns a fresh environment each time. Parameters with these names are knobs, and a check whose knob is
            missing is skipped: `prices` (float64[rows, slots], closes evenly spaced in time; every bar opens where it
            closes), `fee` (share of what is traded; with 0.0 trading costs nothing at all), `borrow` (fee on shorts
            per row, share of their value; cash earns nothing), `features` (float64[rows, columns]). A knob that is not
            passed is left at the environment's own.
        name: how it is called in the report.
        value: reads the worth of the account from (env, info); a known key of `info` where it is not given.
        row: reads the row of `prices` that the last observation ends with, from (env, info).
        reward: what a reward is of the worth: its "change", "log" change or "return", times any constant; "other"
            where it is none of these; found out where it is not said.
        flat: an action that holds cash alone when it is taken from the start.
        long: an action that holds instruments.
        short: an action that is short.
        slots: instruments that `prices` must have.
        columns: columns that `features` must have.
        rows: rows of `prices` that most checks hand in: more than the environment's windows.
        further: `Check`s of its own by name, asked after the others.
    """

    make: Callable[..., Any]
    name: str = ""
    value: Callable[[Any, Mapping[str, Any]], float] | None = None
    row: Callable[[Any, Mapping[str, Any]], int] | None = None
    reward: str | None = None
    flat: Any = None
    long: Any = None
    short: Any = None
    slots: int = 1
    columns: int = 0
    rows: int = 120
    further: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not callable(self.make):
            raise ConfigError("make", type(self.make).__name__, "a function that makes an environment", MAKER_REMEDY)
        if self.reward is not None and self.reward not in REWARDS:
            raise ConfigError("reward", self.reward, "one of " + ", ".join(REWARDS), "Correct the word.")
        if min(self.slots, self.rows) < 1 or self.columns < 0:
            sizes = (self.slots, self.columns, self.rows)
            raise ConfigError("slots, columns, rows", sizes, "1, 0 and 1 or more", "Correct the sizes.")

    @property
    def knobs(self) -> frozenset[str]:
        """The knobs that the maker has."""
        return frozenset(KNOBS) & frozenset(inspect.signature(self.make).parameters)

    def has(self, need: str) -> bool:
        """Whether a knob, a reading or an action is there."""
        return need in self.knobs or (need not in KNOBS and getattr(self, need) is not None)

    def fresh(self, **knobs: Any) -> Any:
        """A new environment with these knobs.

        Raises:
            BrokenEnvError: the maker raised, or gave no environment.
        """
        env = guarded(f"make({', '.join(knobs)})", self.make, **knobs)
        missing = [name for name in ("reset", "step", "action_space", "observation_space") if not hasattr(env, name)]
        if missing:
            raise BrokenEnvError("make", type(env).__name__, "an environment", f"It has no {', '.join(missing)}.")
        return env

    def worth(self, env: Any, info: Mapping[str, Any]) -> float:
        """The worth of the account; NaN where nothing tells it."""
        if self.value is not None:
            return float(guarded("value", self.value, getattr(env, "unwrapped", env), info))
        found = next((info[key] for key in VALUE_KEYS if key in info), np.nan)
        return float(found) if np.ndim(found) == 0 else np.nan

    def row_of(self, env: Any, info: Mapping[str, Any]) -> int:
        """The row the last observation ends with; -1 where nothing tells it."""
        return -1 if self.row is None else int(guarded("row", self.row, getattr(env, "unwrapped", env), info))


def guarded(what: str, call: Callable[..., Any], *arguments: Any, **keywords: Any) -> Any:
    """A call of foreign code: whatever it raises comes back as BrokenEnvError.

    Raises:
        BrokenEnvError: the call raised.
    """
    try:
        return call(*arguments, **keywords)
    except BrokenEnvError:
        raise
    except Exception as error:
        found = f"{type(error).__name__}: {error}"
        raise BrokenEnvError(what, found, "an answer", "Let it answer for every action of its space.") from error


def gymnasium_module() -> Any:
    """The package that environments are written for.

    Raises:
        ConfigError: it is not installed.
    """
    try:
        import gymnasium  # noqa: PLC0415 - heavy, and of an extra
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[rl]'."
        raise ConfigError("gymnasium", None, "installed", remedy) from error
    return gymnasium


def subject_of_id(env_id: str, arguments: Mapping[str, Any] | None = None) -> EnvSubject:
    """The subject that a registered id is: it has no knobs, so the checks about money on made prices are skipped.

    Args:
        env_id: as `gymnasium.make` takes it.
        arguments: further keyword arguments of `gymnasium.make`.

    Raises:
        ConfigError: nothing is registered under the id.
    """
    gymnasium = gymnasium_module()
    try:
        gymnasium.spec(env_id)
    except (gymnasium.error.Error, ImportError) as error:
        remedy = "Correct the id, or name the module that registers it with --import."
        raise ConfigError("id", env_id, f"registered ({error})", remedy) from error
    given = dict(arguments or {})
    return EnvSubject(lambda: gymnasium.make(env_id, disable_env_checker=True, **given), env_id)


def subject_of_object(thing: Any, name: str) -> EnvSubject:
    """The subject that an object is: itself, a maker, or a class of environments."""
    if isinstance(thing, EnvSubject):
        return thing
    if not callable(thing):
        raise ConfigError(name, type(thing).__name__, "an EnvSubject, a maker or a class", MAKER_REMEDY)
    return EnvSubject(thing, name)


def wandering(rows: int, slots: int, random: np.random.Generator) -> Floats:
    """Closes that move by about 2 % a row."""
    steps = random.normal(0.0, 0.02, (rows, slots))
    steps[0] = 0.0
    return np.ascontiguousarray(100.0 * np.exp(np.cumsum(steps, axis=0)))


def level(rows: int, slots: int) -> Floats:
    """Closes that never move."""
    return np.full((rows, slots), 100.0)


def spliced(closes: Floats, others: Floats, cut: int) -> Floats:
    """The same closes with the moves of others from row `cut` on."""
    out = closes.copy()
    out[cut:] = others[cut:] * (closes[cut - 1] / others[cut - 1])
    return out
