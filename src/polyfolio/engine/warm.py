"""Compiling ahead of time: every entry that Python calls, found by walking the modules of the kernels."""

from __future__ import annotations

import importlib
import pkgutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numba.core import event
from numba.core.caching import NullCache
from numba.core.dispatcher import Dispatcher

from polyfolio import kernels
from polyfolio.core.episodes import AGENT
from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table
from polyfolio.engine.arena import Arena
from polyfolio.engine.engine import Engine
from polyfolio.engine.markets import Market
from polyfolio.kernels import attribution, volatility
from polyfolio.kernels.compile import CACHE
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

MODULES = tuple(
    importlib.import_module(info.name) for info in pkgutil.walk_packages(kernels.__path__, "polyfolio.kernels.")
)

Started = Callable[[str], None]
Finished = Callable[[str, float], None]


def cache_folder() -> Path:
    """Where compiled code is kept."""
    return CACHE


def entries() -> dict[str, Dispatcher]:
    """Every compiled function that Python calls, by module and name: the ones that are cached on disk."""
    found = {}
    for module in MODULES:
        for name, thing in vars(module).items():
            cached = isinstance(thing, Dispatcher) and not isinstance(getattr(thing, "_cache", None), NullCache)
            if cached and thing.py_func.__module__ == module.__name__:
                found[f"{module.__name__.removeprefix('polyfolio.kernels.')}.{name}"] = thing
    return found


def cold() -> list[str]:
    """Entries that this process has neither compiled nor read from the cache."""
    return [name for name, thing in entries().items() if not thing.signatures]


@contextmanager
def watched(started: Started, finished: Finished) -> Iterator[None]:
    """Tell when the compiler begins with an entry, and how long it took. What comes from the cache is not told."""
    listener = _Listener({thing.py_func: name for name, thing in entries().items()}, started, finished)
    with event.install_listener("numba:compile", listener):
        yield


class _Listener(event.Listener):  # type: ignore[misc]
    def __init__(self, names: dict[Any, str], started: Started, finished: Finished) -> None:
        self.names, self.started, self.finished = names, started, finished
        self.since: dict[str, float] = {}

    def on_start(self, event: Any) -> None:
        name = self._name(event)
        if name is not None:
            self.since[name] = time.perf_counter()
            self.started(name)

    def on_end(self, event: Any) -> None:
        name = self._name(event)
        if name in self.since:
            self.finished(name, time.perf_counter() - self.since.pop(name))

    def _name(self, event: Any) -> str | None:
        return self.names.get(event.data["dispatcher"].py_func)


ROWS, SLOTS = 90, 3
DAY = 86_400_000_000_000


def tiny_tape() -> Tape:
    """Ninety days of three prices."""
    day = np.arange(ROWS) + 19_000
    close = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, (ROWS, SLOTS)), axis=0))
    calendar = Calendar("24/7", 365.25, 365.25, "given", day.astype(np.int64))
    universe = Universe(tuple("ABC"))
    return Tape(
        (day * DAY).astype(np.int64),
        close,
        close * 1.01,
        close * 0.99,
        close,
        np.full((ROWS, SLOTS), 1e6),
        np.ones((ROWS, SLOTS), np.uint8),
        calendar,
        universe,
        instrument_table(SLOTS),
    )


def tiny_spec() -> Spec:
    """Two lanes; the covariance of the second needs the volatility models too."""
    risk = {"max_var": 0.02, "var_window": 30, "min_history": 10}
    costs = {"commission": {"model": "percentage", "percentage_fee": 0.001}}
    return load(
        {
            "name": "warm",
            "journal": "full",
            "checked": True,
            "defaults": {"execution": costs, "exits": {"stop_loss": 0.02}},
            "lanes": [
                {"name": "a", "signal": "a", "risk": {**risk, "covariance": {"window": 30}}},
                {"name": "b", "signal": "a", "risk": {**risk, "covariance": {"method": "garch", "window": 30}}},
            ],
        }
    )


def exercise() -> Engine:
    """Walk the tiny tape: every entry that a run needs."""
    tape, spec = tiny_tape(), tiny_spec()
    return Engine(compile_spec(spec, tape.universe), tape, np.ones((1, 1, SLOTS))).run()


def exercise_agents() -> None:
    """Steer two lanes over the tiny tape: what environments and sealed policies need."""
    tape, spec = tiny_tape(), tiny_spec()
    plan = compile_spec(spec, tape.universe).repeated(2)
    agents = np.zeros(2, AGENT)
    agents["last"], agents["clip"], agents["reward_scaling"] = ROWS - 1, 1.0, 1.0
    for name in ("costs_low", "costs_high", "capital_low", "capital_high"):
        agents[name] = 1.0
    market = Market(tape, np.zeros((ROWS, 1), np.float32))
    arena = Arena(plan, [market, market], agents)
    arena.reset()
    arena.step()
    arena.close()


def exercise_the_rest() -> None:
    """Settle a fill from elsewhere, split what came out: the other entries below the reports."""
    tape, spec = tiny_tape(), tiny_spec()
    engine = Engine(compile_spec(spec, tape.universe), tape, np.ones((1, 1, SLOTS))).run(ROWS - 1)
    engine.fill().settle("a", "A", 1.0, 100.0, commission=0.1).mark().decide()
    values, out = np.zeros((ROWS, SLOTS)), np.empty((ROWS, SLOTS))
    volatility.ewma_volatility(values, 0.94, out)
    fills = engine.journal.fills
    attribution.timing(fills, np.full(fills.size, 100.0), np.ones(SLOTS), np.empty(SLOTS))
    attribution.by_asset(np.zeros((SLOTS, len(attribution.ASSET_KINDS))), 0.0, np.empty(SLOTS))
    half, none = np.full(2, 0.5), np.zeros(2)
    attribution.brinson(half, half, none, none, np.empty((2, 3)), np.empty(4))
    attribution.carino(np.zeros((2, 3)), none, none, np.empty(3), np.empty(4))
