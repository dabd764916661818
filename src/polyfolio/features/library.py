"""TA-Lib: its functions, its streaming handles, its warm-up lengths, and the addresses of its compiled code."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError

Options = tuple[float | int, ...]


@cache
def library() -> Any:
    """The package, with its parts `abstract` and `stream`.

    Raises:
        ConfigError: it is not installed, or has settings that change its numbers.
    """
    try:
        import talib  # noqa: PLC0415
        from talib import abstract, stream  # noqa: F401, PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[data]'."
        raise ConfigError("features", "TA-Lib", f"importable ({error})", remedy) from error
    return talib


def version() -> str:
    """The version of TA-Lib: part of what a column depends on."""
    return str(library().__version__)


def unchanged() -> None:
    """Refuse settings of the process that change TA-Lib's numbers: a column's name would not say so."""
    talib = library()
    if talib.get_compatibility() != 0:
        remedy = "Call talib.set_compatibility(0)."
        raise ConfigError("TA-Lib compatibility", talib.get_compatibility(), "0", remedy)
    for name in UNSTABLE:
        period = talib.get_unstable_period(name)
        if period != 0:
            raise ConfigError(
                f"TA-Lib unstable period of {name}", period, "0", "Call talib.set_unstable_period(.., 0)."
            )


# fmt: off
UNSTABLE = (
    "ADX", "ATR", "CMO", "DX", "EMA", "HT_DCPERIOD", "HT_DCPHASE", "HT_PHASOR", "HT_SINE", "HT_TRENDLINE",
    "HT_TRENDMODE", "KAMA", "MAMA", "MINUS_DI", "MINUS_DM", "NATR", "PLUS_DI", "PLUS_DM", "RSI", "T3", "RMA",
    "HA", "RVI",
)
# fmt: on


@cache
def warmup(function: str, options: Options) -> int:
    """Bars before the first value; -1 where TA-Lib refuses the options."""
    abstract = library().abstract.Function(function)
    abstract.set_parameters(dict(zip(abstract.parameters, options, strict=True)))
    return int(abstract.lookback)


def values(function: str, inputs: Sequence[Floats], options: Options) -> tuple[Floats, ...]:
    """Whole columns for one slot: one array per output."""
    found = getattr(library(), function)(*inputs, *options)
    return found if isinstance(found, tuple) else (found,)


@cache
def address(function: str) -> int:
    """Where the C function lies, 0 where the wheel does not show it (the functions are then called one by one)."""
    try:
        shown = ctypes.CDLL(library()._ta_lib.__file__)
        return int(ctypes.cast(getattr(shown, f"TA_{function}"), ctypes.c_void_p).value or 0)
    except (OSError, AttributeError):
        return 0


def native_options(options: Options) -> tuple[Any, ...]:
    """Options as the C function takes them."""
    return tuple(np.float64(value) if isinstance(value, float) else np.int32(value) for value in options)
