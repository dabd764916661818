"""The proof that a strategy keeps its contract: it stores, it repeats, it never looks ahead."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.window import window
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import refuse_bad_signals

CUTS = 12  # prefixes that are tried
FREE_SIZINGS = ("weights", "units", "money", "orders")  # methods whose signals may pass 1


class LookAheadError(ConfigError):
    """A signal that changes with the rows after it."""


def check_strategy(strategy: Strategy, tape: Tape, seed: int = 0) -> None:
    """Prove on a tape that a strategy keeps its contract; the tape needs more rows than its warm-up.

    1. The constructor takes written-out keyword arguments and stores them; a clone has the same ones.
    2. Signals are float64[rows, slots], -1 to 1 or NaN, and the same when asked again.
    3. On growing prefixes, `signals` and `signal` agree with the rows of the whole, bit for bit.
    4. Changing all rows after t changes nothing up to t.
    5. `warmup` rows are enough for the last row's signal, unless the strategy `remembers`.

    Raises:
        ConfigError: the first promise that is broken, with the row and the symbol; of 3 and 4 a LookAheadError.
    """
    if tape.rows <= max(strategy.warmup, 2) + 1:
        raise ConfigError("tape", tape.rows, f"longer than the warm-up ({strategy.warmup} rows)", "Give a longer tape.")
    name = type(strategy).__name__
    _check_constructor(strategy, name)
    whole = strategy.signals(tape)
    _check_values(strategy, whole, tape, name)
    _same(strategy.signals(tape), whole, (tape, 0), f"{name}: asked twice", "Keep no state between calls.")
    random = np.random.default_rng(seed)
    first = max(strategy.warmup, 2)
    for cut in np.unique(np.linspace(first, tape.rows - 1, CUTS).astype(int)).tolist():
        prefix = window(tape, 0, cut)
        _unmoved(strategy.signals(prefix), whole, tape, cut, f"{name}: signals of the first {cut} rows")
        _same(
            strategy.signal(prefix)[None],
            whole[cut - 1 : cut],
            (tape, cut - 1),
            f"{name}: signal at row {cut - 1}",
            "signal() must answer what signals() answers for the last row.",
        )
        other = strategy.signals(_other_future(tape, cut, random))[:cut]
        _unmoved(other, whole, tape, cut, f"{name}: signals before row {cut} with another future")
        if not strategy.remembers:
            # A window starts products and sums anew, so their last bits may differ.
            _same(
                strategy.signal(window(tape, cut - first, cut))[None],
                whole[cut - 1 : cut],
                (tape, cut - 1),
                f"{name}: signal of the last {first} rows",
                "Raise warmup, or set remembers = True.",
                1e-9,
            )


def _check_constructor(strategy: Strategy, name: str) -> None:
    params = list(inspect.signature(type(strategy)).parameters.values())
    for param in params:
        if param.kind is not param.KEYWORD_ONLY:
            raise ConfigError(
                f"{name}.__init__",
                str(param),
                "a keyword argument, written out",
                "Put `*` before the arguments and take no *args or **kwargs.",
            )
        if not hasattr(strategy, param.name):
            raise ConfigError(
                f"{name}.{param.name}",
                None,
                "the argument as it was given",
                f"Store it: self.{param.name} = {param.name}.",
            )
    given, cloned = strategy.params(), strategy.clone().params()
    for param in params:
        if repr(given[param.name]) != repr(cloned[param.name]):
            raise ConfigError(
                f"{name}.{param.name}",
                cloned[param.name],
                f"as it was given: {given[param.name]!r}",
                "The constructor only stores; convert where the argument is used.",
            )


def _check_values(strategy: Strategy, signals: Floats, tape: Tape, name: str) -> None:
    kind = str(getattr(signals, "dtype", type(signals).__name__))
    if kind != "float64":
        raise ConfigError(f"{name}: signals", kind, "an array of float64", "Convert them at the end of signals().")
    refuse_bad_signals(signals, tape, name)
    wrong = np.abs(signals) > 1.0
    if wrong.any() and strategy.sizing not in FREE_SIZINGS:
        row, slot = (int(index) for index in np.argwhere(wrong)[0])
        raise ConfigError(
            f"{name}: signals[{row}, {tape.symbols[slot]}]",
            float(signals[row, slot]),
            "from -1 to 1",
            "Scale the signal, or name a sizing method that takes other numbers.",
        )


def _same(found: Floats, wanted: Floats, where: tuple[Tape, int], field: str, remedy: str, slack: float = 0.0) -> None:
    tape, start = where
    if found.shape != wanted.shape:
        raise ConfigError(field, found.shape, f"of shape {wanted.shape}", "Return one signal per row and slot.")
    equal = (found == wanted) | (np.isnan(found) & np.isnan(wanted)) | (np.abs(found - wanted) <= slack)
    if not equal.all():
        row, slot = (int(index) for index in np.argwhere(~equal)[0])
        raise ConfigError(
            f"{field}: [{start + row}, {tape.symbols[slot]}]",
            float(found[row, slot]),
            f"{float(wanted[row, slot])!r}, as in the whole",
            remedy,
        )


def _unmoved(found: Floats, whole: Floats, tape: Tape, cut: int, field: str) -> None:
    """Refuse signals before row `cut` that other rows from `cut` on have changed."""
    remedy = f"Row t may use rows up to t: look for shifts, fills or statistics that reach beyond row {cut - 1}."
    try:
        _same(found, whole[:cut], (tape, 0), field, remedy)
    except ConfigError as error:
        raise LookAheadError(error.field, error.value, error.bound, error.remedy) from None


def _other_future(tape: Tape, cut: int, random: np.random.Generator) -> Tape:
    """The tape with every row from `cut` on replaced: prices, volumes, payouts, and which slots trade."""
    shape = (tape.rows - cut, tape.slots)
    tradable = tape.tradable.copy()
    tradable[cut:] = random.random(shape) < 0.8
    close = np.exp(random.normal(3.0, 1.0, shape))
    changed = {name: getattr(tape, name).copy() for name in (*PRICES, "volume")}
    changed["open"][cut:] = np.where(tradable[cut:] != 0, close * np.exp(random.normal(0.0, 0.05, shape)), np.nan)
    changed["close"][cut:] = np.where(tradable[cut:] != 0, close, np.nan)
    changed["high"][cut:] = np.maximum(changed["open"][cut:], changed["close"][cut:]) * 1.01
    changed["low"][cut:] = np.minimum(changed["open"][cut:], changed["close"][cut:]) * 0.99
    changed["volume"][cut:] = random.integers(0, 1_000_000, shape)
    if tape.splits is not None:
        changed["splits"] = tape.splits.copy()
        changed["splits"][cut:] = np.where(random.random(shape) < 0.1, 2.0, 1.0)
    if tape.dividends is not None:
        changed["dividends"] = tape.dividends.copy()
        changed["dividends"][cut:] = np.where(random.random(shape) < 0.1, close * 0.05, 0.0)
    return replace(tape, tradable=tradable, **changed)
