"""Which columns a panel has per slot: the bars themselves, and the features a configuration names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.features import oscillators, prices, sets, volatility, volume, windows
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import feature_of
from polyfolio.features.compute import column_names
from polyfolio.features.identity import parts_of
from polyfolio.features.slotwise import Windowed
from polyfolio.rules.arguments import closest
from polyfolio.rules.observation import ObservationSection

UNDEFINED = "undefined"
KEY = "environment.observation.technical"
# What a tape may not know at all; a column that reads it is left out then.
FIELDS = ("volume", "spread")
LEAST_VOLUME = 0.001  # of the mean: a bar without volume has the logarithm -6.9, not minus infinity


class BarReturns(Windowed):
    """A bar's open, high, low and close over the close before, as logarithms."""

    name = "bar_returns"
    meaning = "Logarithms of the bar's open, high, low and close over the close before."
    inputs: ClassVar[tuple[str, ...]] = ("open", "high", "low", "close")
    outputs: ClassVar[tuple[str, ...]] = ("open", "high", "low", "close")
    warmup = 1

    def columns(self) -> tuple[str, ...]:
        """The fields' own names."""
        return self.outputs

    def values(self, bars: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Values of each bar."""
        before = windows.lagged(bars["close"], 1)
        return tuple(windows.log(bars[name] / before) for name in self.outputs)


class BarVolume(volume.RelativeVolume):
    """A bar's volume over its mean of 20 bars, as logarithm."""

    name = "bar_volume"
    meaning = "Logarithm of the volume over its mean of 20 bars, this one included, the ratio at least 0.001."

    def columns(self) -> tuple[str, ...]:
        """The field's own name."""
        return ("volume",)

    def values(self, bars: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (windows.log(np.maximum(super().values(bars)[0], LEAST_VOLUME)),)


class BarSpread(Windowed):
    """A bar's quoted spread as a share of its close."""

    name = "bar_spread"
    meaning = "Quoted spread over the close."
    inputs: ClassVar[tuple[str, ...]] = ("spread", "close")
    warmup = 0

    def columns(self) -> tuple[str, ...]:
        """The field's own name."""
        return ("spread",)

    def values(self, bars: Mapping[str, Floats]) -> tuple[Floats, ...]:
        """Values of each bar."""
        return (bars["spread"] / bars["close"],)


def basic() -> tuple[Feature, ...]:
    """Eight columns without a price level in them: they say the same of a stock at 5 and at 500."""
    return (
        *(prices.Returns(period=period) for period in (1, 5, 20)),
        volatility.CloseVolatility(period=20),
        oscillators.Rsi(period=14),
        prices.DistanceAverage(period=20),
        prices.RangePosition(period=20),
        volume.RelativeVolume(period=20),
    )


SETS: dict[str, Callable[[], tuple[Feature, ...]]] = {"basic": basic, **sets.SETS}


@dataclass(frozen=True, eq=False)
class Recipe:
    """The columns per slot.

    Attributes:
        features: what is computed, market columns first.
        market: columns of the block, the flag included where it stands there; () where it is off.
        technical: the same.
    """

    features: tuple[Feature, ...]
    market: tuple[str, ...]
    technical: tuple[str, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What is computed and scaled: all but the flag."""
        return tuple(column for column in (*self.market, *self.technical) if column != UNDEFINED)


def recipe_of(observation: ObservationSection, fields: tuple[str, ...]) -> Recipe:
    """The recipe of a section on tapes that know these fields.

    Raises:
        ConfigError: an unknown set or feature, or two columns of one name.
        DataError: a feature that is listed reads a field the tape does not know.
    """
    market = market_features(fields) if observation.market else ()
    technical = technical_features(observation.technical, fields)
    names = column_names((*market, *technical))
    if UNDEFINED in names:
        raise ConfigError(KEY, UNDEFINED, "columns of other names", "Rename the feature: the name is a flag's.")
    split = len(column_names(market))
    shown, named = names[:split], names[split:]
    return Recipe(
        (*market, *technical),
        (*shown, UNDEFINED) if shown else (),
        (*named, UNDEFINED) if named and not shown else named,
    )


def market_features(fields: tuple[str, ...]) -> tuple[Feature, ...]:
    """The bars themselves, as far as the tape knows them."""
    every: tuple[Feature, ...] = (BarReturns(), BarVolume(period=20), BarSpread())
    return tuple(feature for feature in every if lacking(feature, fields) is None)


def technical_features(written: Any, fields: tuple[str, ...]) -> tuple[Feature, ...]:
    """Features from the name of a set, or from a list of features; of a set, those that the tape allows."""
    if not written:
        return ()
    if isinstance(written, str):
        if written not in SETS:
            remedy = closest(written, SETS, "Name a set, or list features.")
            raise ConfigError(KEY, written, "one of " + ", ".join(SETS), remedy)
        return tuple(feature for feature in SETS[written]() if lacking(feature, fields) is None)
    features = tuple(_listed(one, f"{KEY}[{number}]") for number, one in enumerate(written))
    for number, feature in enumerate(features):
        field = lacking(feature, fields)
        if field is not None:
            remedy = f"Give the tape {field}, or leave {feature.name} out."
            raise DataError(
                f"{KEY}[{number}]", feature.name, f"of fields the training rows know; {field} is not", remedy
            )
    return features


def reads(feature: Feature) -> tuple[str, ...]:
    """The fields that a feature's innermost part reads."""
    inner = parts_of(feature)[-1]
    inputs: tuple[str, ...] = inner.inputs if isinstance(inner, Feature) else feature.inputs
    return tuple(name for name in inputs if name not in ("times", "day"))


def lacking(feature: Feature, fields: tuple[str, ...]) -> str | None:
    """A field that a feature reads and the tape does not know."""
    return next((name for name in reads(feature) if name in FIELDS and name not in fields), None)


def known_fields(tape: Tape, span: tuple[int, int]) -> tuple[str, ...]:
    """The fields that have a number in the training rows."""
    arrays = {name: getattr(tape, name) for name in FIELDS}
    return tuple(name for name, array in arrays.items() if array is not None and np.isfinite(array[slice(*span)]).any())


def refuse_unknown_fields(tape: Tape, fields: tuple[str, ...]) -> None:
    """Refuse a tape that knows less than the one that was learned from."""
    for name in fields:
        array = getattr(tape, name)
        if array is None or not np.isfinite(array).any():
            remedy = f"Give the tape {name}, or learn anew without it."
            raise DataError(name, "unknown", "known, as on the tape the panel learned from", remedy)


def _listed(written: Any, key: str) -> Feature:
    """A feature as a list names it; an error names its place in the list."""
    try:
        return feature_of(_folded(written))
    except ConfigError as error:
        raise ConfigError(f"{key}: {error.field}", error.value, error.bound, error.remedy) from error


def _folded(written: Any) -> Any:
    """`{"name": "sma", "period": 20}` as `{"sma": {"period": 20}}`, a feature in a feature too."""
    if not isinstance(written, Mapping) or not isinstance(written.get("name"), str):
        return written
    return {written["name"]: {key: _folded(value) for key, value in written.items() if key != "name"}}
