"""Third parties' stages. Compiled ones take part in the walk through generated modules; plain Python ones bar by bar.

A compiled stage is a function under `polyfolio.kernels.compile.kernel` with the signature
`stage(want, lane, bar, risk)`; it changes `want` in place. The walk that knows it is a copy of the three modules
between the stages and the entry, written beside the compiled kernels, so that Numba's disk cache serves it too.
A Python stage is any other callable, `stage(want, view)`, or a class of such, made anew for every engine; see
`StageView`. It may return the reason that the journal gives for what it changed.
"""

from __future__ import annotations

import hashlib
import importlib.util
import inspect
import logging
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, FillAt, Level, Reason, Sizing, Stage
from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.core.views import Market
from polyfolio.errors import ConfigError
from polyfolio.kernels import compile as compiling
from polyfolio.kernels import walk as plain
from polyfolio.kernels.linking import KERNELS
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.plan import Plan

log = logging.getLogger("polyfolio")

# The modules between a stage and the entry, callee first.
CHAIN = ("extension", "program", "decide", "walk")
# Where in `scratch.codes` a decision says that a rebalancing rule holds the book.
HELD = 3
_announced: set[str] = set()


@dataclass(frozen=True)
class StageView:
    """What a Python stage may look at.

    Attributes:
        tape: the tape; use rows up to `row`.
        row: the row decided at.
        lane: the lane's name.
        symbols: symbol of each slot.
        held: weights held now, float64[slots].
        signal: the lane's signals, float64[sleeves].
        frozen: uint8[slots], 1 where the quantity stays whatever the stage says.
        equity: the lane's, at the row's close.
        plan: the compiled configuration.
        number: the lane's number in it.
        market: the tape as the engine reads it, arrays of (row, slot).
        covariance: of one risk observation as known at the row: packed lower triangle, NaN where unknown.
        sigma: the deviation of one risk observation, float64[slots].
    """

    tape: Tape
    row: int
    lane: str
    symbols: tuple[str, ...]
    held: Floats
    signal: Floats
    frozen: Flags
    equity: float
    plan: Plan
    number: int
    market: Market
    covariance: Floats
    sigma: Floats


def walk_for(names: tuple[str, ...]) -> tuple[Any, dict[int, Callable[..., Any]]]:
    """The walk that knows these stages, and the stages that are plain Python, by code."""
    stages = {int(Stage.EXTENSION) + k: registry.resolve("stage", name, "program") for k, name in enumerate(names)}
    compiled = {code: stage for code, stage in stages.items() if is_kernel(stage)}
    python = {code: instance(stage) for code, stage in stages.items() if code not in compiled}
    for code in python:
        name = names[code - int(Stage.EXTENSION)]
        if name not in _announced and name not in BUILT_IN["stage"]:
            _announced.add(name)
            log.warning(
                "stage %r is plain Python: it runs bar by bar, some hundred times slower than a compiled one; "
                "see skeletons/stage.py",
                name,
            )
    return (_generated(compiled) if compiled else plain.walk), python


def instance(stage: Any) -> Any:
    """A class of stages made for one engine; a function is its own."""
    return stage() if inspect.isclass(stage) else stage


def is_kernel(stage: Any) -> bool:
    """Whether a stage stands under `kernel`; where nothing is compiled the decorator leaves only its list."""
    return hasattr(stage, "py_func") or getattr(stage, "__qualname__", "") in KERNELS


def _generated(stages: dict[int, Any]) -> Any:
    """The walk of the generated modules."""
    functions = {code: getattr(stage, "py_func", stage) for code, stage in stages.items()}
    for function in functions.values():
        if "<locals>" in function.__qualname__ or getattr(sys.modules[function.__module__], "__file__", None) is None:
            raise ConfigError(
                f"stage {function.__qualname__!r}",
                function.__module__,
                "a function of a module in a file",
                "Move it to the top of a module: generated code imports it by its name.",
            )
    source = _dispatch(functions)
    sources = [inspect.getsource(sys.modules[function.__module__]) for function in functions.values()]
    digest = hashlib.sha256("\n".join([source, *sources, compiling.machine_digest()]).encode()).hexdigest()[:16]
    package = f"polyfolio_stages_{digest}"
    folder = Path(compiling.CACHE) / package
    folder.mkdir(parents=True, exist_ok=True)
    texts = {"extension": source}
    for name in CHAIN[1:]:
        text = Path(str(plain.__file__)).with_name(f"{name}.py").read_text(encoding="utf-8")
        for other in CHAIN:
            text = text.replace(f"from polyfolio.kernels.{other} import", f"from {package}.{other} import")
        texts[name] = text
    for name in CHAIN:
        _write(folder / f"{name}.py", texts[name])
    _make_package(package, folder)
    return [_load(f"{package}.{name}", folder / f"{name}.py") for name in CHAIN][-1].walk


def _dispatch(functions: dict[int, Any]) -> str:
    """Source of the module that calls each stage by its code."""
    lines = ["from polyfolio.kernels.compile import kernel"]
    lines += [
        f"from {function.__module__} import {function.__name__} as stage_{code}" for code, function in functions.items()
    ]
    lines += ["", "", "@kernel", "def extension_stage(code, want, lane, bar, risk):"]
    lines += [f"    if code == {code}:\n        stage_{code}(want, lane, bar, risk)" for code in functions]
    return "\n".join(lines) + "\n"


def _write(path: Path, text: str) -> None:
    """Write once; Numba's cache goes by the file's time, so a file that says the same stays."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(path)


def _make_package(name: str, folder: Path) -> None:
    """The package that holds generated modules."""
    if name not in sys.modules:
        package = ModuleType(name)
        package.__path__ = [str(folder)]
        sys.modules[name] = package


def _load(name: str, path: Path) -> ModuleType:
    """Import a generated module."""
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ConfigError(
            "stage", str(path), "a module that Python can import", "Clear the cache folder and try again."
        )
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def check_python(plan: Plan, python: dict[int, Any]) -> None:
    """Python stages step out of the walk, so they cannot stand where lanes meet or fill at the same close."""
    for lane in np.flatnonzero(np.isin(plan.program, list(python)).any(axis=1)):
        if plan.group_of[lane] >= 0:
            raise ConfigError(
                f"lanes[{plan.names[lane]}].program",
                "a Python stage",
                "compiled stages inside a group",
                "Put the stage under polyfolio.kernels.compile.kernel, or take the lane out of its group.",
            )
        if plan.rules["fill"][lane] == int(FillAt.SAME_CLOSE):
            raise ConfigError(
                f"lanes[{plan.names[lane]}].execution.fill",
                "same_close",
                "a later fill for a Python stage",
                "Use next_open, or compile the stage.",
            )


def decide_in_python(engine: Any, row: int, work: tuple[Any, Any], walk: Callable[[int, int, int, int], None]) -> None:
    """Decide at one row, lane by lane.

    Args:
        engine: the engine.
        row: the row decided at.
        work: scratch memory and journal buffers.
        walk: `walk(lane, row, first, last)` runs the compiled stages first..last-1 of a lane's program.
    """
    codes = list(engine.python_stages)
    for lane in range(engine.plan.lanes):
        program = engine.plan.program[lane]
        takes_orders = engine.plan.rules["method"][lane] == int(Sizing.ORDERS)
        first = 0
        for at in [] if takes_orders else np.flatnonzero(np.isin(program, codes)):
            walk(lane, row, first, int(at))
            if engine.book.account["decided"][lane] == row and work[0].codes[HELD] == 0:
                _call(engine, lane, row, int(program[at]), work)
            first = int(at) + 1
        walk(lane, row, first, 1 << 30)
        engine.empty_buffers()


def _view(engine: Any, lane: int, row: int, scratch: Any) -> StageView:
    """What a stage is shown."""
    heard = engine.signals[engine.plan.rules["signal"][lane]]
    observation = int(engine.rows.observations[row])
    shared = engine._covariances.shared(observation, engine._needed)
    place = int(engine.plan.rules["covariance_model"][lane]), observation - shared.first
    return StageView(
        tape=engine.tape,
        row=row,
        lane=engine.plan.names[lane],
        symbols=engine.tape.symbols,
        held=scratch.weight.copy(),
        signal=heard[row if heard.shape[0] > 1 else 0].copy(),
        frozen=scratch.frozen.copy(),
        equity=float(engine.book.account["equity"][lane]),
        plan=engine.plan,
        number=lane,
        market=engine.rows.market,
        covariance=shared.covariance[place],
        sigma=shared.sigma[place],
    )


def _call(engine: Any, lane: int, row: int, code: int, work: tuple[Any, Any]) -> None:
    """One Python stage, journalled like any other."""
    scratch, buffers = work
    view = _view(engine, lane, row, scratch)
    before = scratch.want.copy()
    reason = engine.python_stages[code](scratch.want, view)
    if not np.isfinite(scratch.want).all():
        raise ConfigError(
            f"stage {engine.plan.extensions[code - int(Stage.EXTENSION)]!r}",
            scratch.want.tolist(),
            "finite weights",
            "Correct the stage.",
        )
    scratch.want[scratch.frozen != 0] = before[scratch.frozen != 0]
    if engine.plan.level >= Level.FULL:
        told = Reason.EXTENSION if reason is None else Reason(int(reason))
        changed = scratch.want != before
        if told is Reason.FALLBACK:  # it decided what stands here, changed or not
            changed |= (scratch.frozen == 0) & (scratch.want != 0.0)
        for slot in np.flatnonzero(changed):
            cut = (int(Event.CUT), int(told), code, before[slot], scratch.want[slot])
            buffers.events[buffers.cursor[0]] = (row, lane, slot, *cut)
            buffers.cursor[0] += 1
        scratch.before[:] = scratch.want
