"""The aggregator contract: what several members say becomes one signal per row and slot.

Arrays are float64[members, rows, slots]. NaN is a member that is silent: it has no opinion, or does not speak of that
slot. Row t of every answer uses the rows up to t. An answer of NaN is no opinion: it keeps what is held.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest

# Weight of each member by name, the same by symbol and name, or one number per member in their order.
Weights = Mapping[str, float] | Mapping[str, Mapping[str, float]] | Sequence[float]


class Aggregator(ABC):
    """Base of aggregators.

    Attributes:
        space: values a search may try, by parameter: a list, or a map of `low`, `high`, `log`, `whole`.
    """

    space: ClassVar[Mapping[str, Any]] = {}

    def fit(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Self:  # noqa: ARG002
        """Learn from what the members said of the training rows. This one learns nothing beforehand."""
        return self

    @abstractmethod
    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The one signal, float64[rows, slots]: -1 to 1, NaN where nobody speaks.

        Args:
            signals: float64[members, rows, slots], -1 to 1, NaN where a member is silent.
            confidences: the same shape, 0 to 1; None where everybody is certain.
            tape: the rows that the signals are of.
            names: of the members, where weights are given by name.
        """

    @abstractmethod
    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """How much each member counts, float64[members, rows, slots]; 0 where it is silent.

        Weight times signal is what a member adds to the answer, so weights may be negative where an aggregator has
        learned to read a member the other way round.
        """

    def contributions(
        self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()
    ) -> Floats:
        """What each member adds to the answer: weight times signal; NaN where it is silent."""
        return np.asarray(self.weigh(signals, confidences, tape, names) * signals)

    def params(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def clone(self) -> Self:
        """One with the same arguments that has learned nothing."""
        return type(self)(**self.params())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.params().items())})"


def aggregator_of(name: str, params: Mapping[str, Any] | None = None, field: str = "aggregator") -> Aggregator:
    """An aggregator by its registered name.

    Args:
        name: registered name, or module:Class.
        params: keyword arguments of its constructor.
        field: path of the configuration's key, for messages.

    Raises:
        ConfigError: the name is unknown, or an argument is one it does not take.
    """
    cls = registry.resolve("aggregator", name, f"{field}.name")
    given, known = dict(params or {}), list(inspect.signature(cls).parameters)
    for word, value in given.items():
        if word not in known:
            bound = f"an argument of {name}: " + ", ".join(known) if known else f"absent: {name} takes no arguments"
            raise ConfigError(f"{field}.params.{word}", value, bound, closest(word, known, "Remove it."))
    try:
        made: Aggregator = cls(**given)
    except TypeError as error:
        used = f"It is used like {cls.__name__}{inspect.signature(cls)}."
        raise ConfigError(f"{field}.params", given, f"the arguments of {cls.__name__} ({error})", used) from None
    return made


def weights_of(weights: Weights | None, names: Sequence[str], tape: Tape, members: int) -> Floats:
    """Given weights as float64[members, slots]; 1 each where none are given.

    Raises:
        ConfigError: weights that do not fit the members, or are negative.
    """
    out = np.ones((members, tape.slots))
    if weights is None:
        return out
    if not isinstance(weights, Mapping):
        if not hasattr(weights, "__len__") or len(weights) != members:
            raise ConfigError("weights", weights, f"one for each of {members} members", "Give one number per member.")
        pairs = enumerate(weights)
        out[:] = np.array([_weight(f"weights[{at}]", value) for at, value in pairs])[:, None]
        return out
    if any(isinstance(value, Mapping) for value in weights.values()):
        for symbol, own in weights.items():
            if symbol not in tape.symbols:
                bound = "of a symbol of the tape: " + ", ".join(tape.symbols[:12])
                raise ConfigError(f"weights.{symbol}", own, bound, closest(symbol, tape.symbols))
            out[:, tape.symbols.index(symbol)] = by_name(own, names, f"weights.{symbol}", every=False)
        return out
    out[:] = by_name(weights, names, "weights", every=True)[:, None]
    return out


def by_name(weights: Any, names: Sequence[str], field: str, *, every: bool) -> Floats:
    """One weight per member; without `every`, members that are not named weigh nothing."""
    if not isinstance(weights, Mapping):
        raise ConfigError(field, weights, "a map of member to weight", "Write each member with its weight.")
    for name, value in weights.items():
        if name not in names:
            bound = "of a member: " + ", ".join(names) if names else "absent: the members have no names here"
            raise ConfigError(f"{field}.{name}", value, bound, closest(name, names, "Remove it."))
    missing = [name for name in names if name not in weights]
    if every and missing:
        bound = f"given for each member ({', '.join(names)})"
        raise ConfigError(f"{field}.{missing[0]}", None, bound, "Give its weight; 0 leaves a member out.")
    return np.array([_weight(f"{field}.{name}", weights.get(name, 0.0)) for name in names])


def _weight(field: str, value: Any) -> float:
    good = not isinstance(value, bool) and isinstance(value, (int, float)) and 0.0 <= value < np.inf
    if not good:
        raise ConfigError(field, value, "a finite number >= 0", "Turn the strategy's signal round to count against it.")
    return float(value)


def refuse_bad_voices(signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> None:
    """Refuse arrays of another shape, signals beyond -1 and 1, confidences beyond 0 and 1."""
    shape = (*signals.shape[:1], tape.rows, tape.slots)
    if signals.ndim != 3 or signals.shape != shape or (names and len(names) != shape[0]):
        bound = f"of shape (members, {tape.rows}, {tape.slots}), a name for each member"
        raise ConfigError("signals", signals.shape, bound, "Give one array of (rows, slots) per member.")
    # Member by member: temporary arrays of one stay in the cache, those of fifty took four times as long.
    for member, said in enumerate(signals):
        wrong = (said > 1.0) | (said < -1.0)
        if wrong.any():
            place = _place("signals", member, wrong, (tape, names))
            raise ConfigError(place, float(said[wrong][0]), "from -1 to 1, or NaN", "Scale the signal.")
    if confidences is None:
        return
    if confidences.shape != shape:
        raise ConfigError("confidences", confidences.shape, f"of shape {shape}", "Give one per signal.")
    for member, sure in enumerate(confidences):
        wrong = ~((sure >= 0.0) & (sure <= 1.0)) & ~np.isnan(signals[member])
        if wrong.any():
            place = _place("confidences", member, wrong, (tape, names))
            raise ConfigError(place, float(sure[wrong][0]), "from 0 to 1", "Give a share, such as 0.8.")


def _place(field: str, member: int, wrong: Any, among: tuple[Tape, Sequence[str]]) -> str:
    tape, names = among
    row, slot = (int(index) for index in np.argwhere(wrong)[0])
    return f"{field}[{names[member] if names else member}, row {row}, {tape.symbols[slot]}]"


def returns_of(tape: Tape) -> Floats:
    """The return of each bar, payouts and splits followed, float64[rows, slots]; NaN in the first row."""
    out = np.full((tape.rows, tape.slots), np.nan)
    out[1:] = rows_of(tape, "bar").returns.T
    return out
