"""Indicators of TA-Lib as features: one statement makes each, the tables are in `averages`, `oscillators`, `others`.

A whole tape is computed by TA-Lib's C functions, a row by its streaming handles, which give the same bits.
"""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features import library
from polyfolio.features.base import Stream
from polyfolio.features.compiled.native import run
from polyfolio.features.compiled.placing import whole
from polyfolio.features.own import OwnBars, own_bars
from polyfolio.features.slotwise import SlotWise
from polyfolio.features.talib_stream import TalibStream
from polyfolio.rules.arguments import at_least

FIELDS = ("open", "high", "low", "close", "volume")
# Kinds of moving average with TA-Lib's numbers for them.
AVERAGES = {"sma": 0, "ema": 1, "wma": 2, "dema": 3, "tema": 4, "trima": 5, "kama": 6, "t3": 8, "hma": 9, "rma": 13}

RECURSIVE = {"ema", "dema", "tema", "kama", "t3", "rma"}


class Talib(SlotWise):
    """Base of TA-Lib's indicators.

    Attributes:
        function: TA-Lib's name.
        defaults: the arguments in the order of the C function, with what they are when not given.
        whole_outputs: outputs that are whole numbers in TA-Lib.
        least: the smallest value of an argument where it is not 2 for a whole number and 0 for another.
    """

    function: ClassVar[str]
    defaults: ClassVar[Mapping[str, Any]]
    whole_outputs: ClassVar[tuple[str, ...]] = ()
    least: ClassVar[Mapping[str, float]] = {}

    def __init__(self, **arguments: Any) -> None:
        for name in arguments:
            if name not in self.defaults:
                near = difflib.get_close_matches(name, self.defaults, n=1)
                bound = "one of " + ", ".join(self.defaults) if self.defaults else "left out: it takes none"
                remedy = f"Did you mean `{near[0]}`?" if near else "Correct the argument."
                raise ConfigError(f"{self.name} argument", name, bound, remedy)
        for name, default in self.defaults.items():
            value = arguments.get(name, default)
            self._check(name, value, default)
            setattr(self, name, float(value) if isinstance(default, float) else value)
        if "of" in self.defaults:
            read = (self.params()["of"], self.params().get("against"))
            vars(self)["inputs"] = tuple(name for name in read if name)
        if RECURSIVE & {value for name, value in self.params().items() if name.endswith("average")}:
            vars(self)["remembers"] = True

    def _check(self, name: str, value: Any, default: Any) -> None:
        if isinstance(default, str):
            known = tuple(AVERAGES) if name.endswith("average") else FIELDS
            if value not in known:
                raise ConfigError(f"{self.name} {name}", value, "one of " + ", ".join(known), "Correct the argument.")
        else:
            is_whole = isinstance(default, int)
            at_least(f"{self.name} {name}", value, self.least.get(name, 2 if is_whole else 0.0), is_whole)

    @property
    def options(self) -> library.Options:
        """The arguments as TA-Lib takes them."""
        given = {name: value for name, value in self.params().items() if name not in ("of", "against")}
        return tuple(AVERAGES[value] if isinstance(value, str) else value for value in given.values())

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        found = library.warmup(self.function, self.options)
        if found < 0:
            raise ConfigError(f"{self.name} arguments", self.params(), "in TA-Lib's range", "Correct the arguments.")
        return found

    def fill(self, own: OwnBars, out: Floats) -> None:
        """Call TA-Lib for every slot."""
        library.unchanged()
        inputs = [own.fields[name] for name in self.inputs]
        if not library.address(self.function):
            self._one_by_one(own, inputs, out)
            return
        kinds = [np.int32 if word in self.whole_outputs else np.float64 for word in self.outputs]
        sinks = [
            column if kind is np.float64 else np.empty(column.shape, kind)
            for column, kind in zip(out, kinds, strict=True)
        ]
        code = run(
            library.address(self.function),
            tuple(array.ctypes.data for array in inputs),
            library.native_options(self.options),
            (tuple(sink.ctypes.data for sink in sinks), tuple(sink.itemsize for sink in sinks)),
            (out.shape[2], self.warmup),
            own.counts,
            np.zeros(2, np.int32),
        )
        if code:
            raise ConfigError(
                f"{self.name} arguments", self.params(), f"taken by TA-Lib (code {code})", "Correct them."
            )
        for column, sink in zip(out, sinks, strict=True):
            if sink is not column and sink.dtype == np.int32:
                whole(sink, own.counts, self.warmup, column)

    def _one_by_one(self, own: OwnBars, inputs: list[Floats], out: Floats) -> None:
        for slot, count in enumerate(own.counts):
            if count > self.warmup:
                columns = library.values(self.function, [array[slot, :count] for array in inputs], self.options)
                for sink, column in zip(out, columns, strict=True):
                    sink[slot, :count] = column

    def start(self, tape: Tape) -> Stream:
        """TA-Lib's handles, one per slot, opened on its bars."""
        own = own_bars(tape, self.inputs)
        history = [[own.fields[name][slot, :count] for name in self.inputs] for slot, count in enumerate(own.counts)]
        return TalibStream(self.function, self.inputs, self.options, len(self.outputs), history)


def indicator(
    name: str,
    function: str,
    meaning: str,
    inputs: tuple[str, ...],
    defaults: Mapping[str, Any] | None = None,
    **others: Any,
) -> type[Talib]:
    """The feature class of a TA-Lib function.

    Args:
        name: the registered name.
        function: TA-Lib's name.
        meaning: one line.
        inputs: fields in the order of the C function; one argument `of` (and `against`) lets the user choose them.
        defaults: the other arguments in the order of the C function.
        **others: further attributes of `Talib`.
    """
    arguments = dict(defaults or {})
    if inputs in (("close",), ("close", "volume")) and others.pop("choose", inputs == ("close",)):
        arguments |= dict(zip(("of", "against"), inputs, strict=False))
    kinds = {int: "int", float: "float", str: "str"}
    parameters = [
        inspect.Parameter(word, inspect.Parameter.KEYWORD_ONLY, default=value, annotation=kinds[type(value)])
        for word, value in arguments.items()
    ]
    return type(
        "".join(part.capitalize() for part in name.split("_")),
        (Talib,),
        {
            "__doc__": meaning,
            "__module__": sys._getframe(1).f_globals["__name__"],  # `inspect.stack` reads every source file
            "__signature__": inspect.Signature(parameters),
            "name": name,
            "function": function,
            "meaning": meaning,
            "inputs": inputs,
            "defaults": arguments,
            **others,
        },
    )
