"""What is asked: every kind of object as one question, "what do you say of this tape?"."""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature
from polyfolio.features.learned import Learned
from polyfolio.features.normalise.base import Normaliser
from polyfolio.features.regimes.base import Regime
from polyfolio.market.window import window
from polyfolio.rules.spec import Spec
from polyfolio.strategies.base import Strategy
from polyfolio.testing.futures import VALUE_COLUMNS, values_of

Answer = Callable[[Tape], Floats]

KINDS = ("feature", "normaliser", "regime", "strategy", "run", "trades", "function", "split")
NO_ROWS = (0, 0)  # of what learns nothing: every row is in question
TRAINING_SHARE = 0.4  # of the rows, where the caller names no training rows


@dataclass(frozen=True, eq=False)
class Subject:
    """An object and the way to ask it.

    Attributes:
        thing: the object.
        name: how it is called in a report.
        kind: one of KINDS.
        columns: a name per column, as far as they are known.
        train: the training rows; (0, 0) where it learns nothing.
        across: False where a slot's answer may depend on that slot alone; None where that is not said.
        warmup: rows before its first answer as it declares them, None where it declares nothing.
        remembers: True where it declares that every row since the first counts.
        learn: learns from the training rows of a tape and gives the answer for any tape.
    """

    thing: Any
    name: str
    kind: str
    columns: tuple[str, ...]
    learn: Callable[[Tape], Answer]
    train: tuple[int, int] = NO_ROWS
    across: bool | None = None
    warmup: int | None = None
    remembers: bool = False

    def ask(self, tape: Tape) -> Floats:
        """What it learns on the training rows and then says of the tape, float64[columns, rows, slots or 1]."""
        return self.learn(tape)(tape)

    def column(self, number: int) -> str:
        """The name of a column."""
        return self.columns[number] if number < len(self.columns) else f"column {number}"


def subject_of(
    thing: Any, tape: Tape, *, kind: str | None = None, train: tuple[int, int] | None = None, across: bool | None = None
) -> Subject:
    """The subject that an object is; a class is made with its defaults.

    Raises:
        ConfigError: an object of no known kind, or training rows the tape does not have.
    """
    if inspect.isclass(thing):
        thing = made(thing, {})
    kind = kind_of(thing) if kind is None else kind
    if kind not in KINDS:
        raise ConfigError("kind", kind, "one of " + ", ".join(KINDS), "Correct the word.")
    rows = training_rows(train, tape)
    name = name_of(thing)
    if kind == "feature":
        return _feature(thing, name)
    if kind == "normaliser":
        return _normaliser(thing, name, rows)
    if kind == "regime":
        return _regime(thing, name, rows)
    if kind == "strategy":
        return _strategy(thing, name, rows)
    if kind == "run":
        lanes = tuple(lane.name for lane in thing.lanes)
        return Subject(thing, f"run {thing.name}", kind, lanes, lambda _: lambda asked: journalled(thing, asked))
    answer = thing.trades if kind == "trades" else thing
    columns = (kind,) if kind == "trades" else (name,)
    return Subject(thing, name, kind, columns, lambda _: lambda asked: grid(answer(asked), asked, name), across=across)


def made(cls: type[Any], arguments: Mapping[str, Any]) -> Any:
    """An instance of a class; an argument that it does not take, or needs and is not given, is refused by name."""
    try:
        inspect.signature(cls).bind(**arguments)
    except TypeError as error:
        bound = f"those of {cls.__name__}{inspect.signature(cls)} ({error})"
        raise ConfigError("arguments", dict(arguments), bound, "Give an instance, or the arguments by --set.") from None
    return cls(**arguments)


def name_of(thing: Any) -> str:
    """A function's name, or what an object says of itself beyond its address."""
    if hasattr(thing, "__name__"):
        return str(thing.__name__)
    return type(thing).__name__ if " object at 0x" in repr(thing) else repr(thing)


def kind_of(thing: Any) -> str:
    """The kind of an object."""
    kinds = {Feature: "feature", Normaliser: "normaliser", Regime: "regime", Strategy: "strategy", Spec: "run"}
    for base, kind in kinds.items():
        if isinstance(thing, base):
            return kind
    if callable(getattr(thing, "trades", None)):
        return "trades"
    if callable(thing):
        return "function"
    raise ConfigError(
        "object",
        type(thing).__name__,
        "a feature, normaliser, regime, strategy, configuration, an object with trades(tape), or a function of a tape",
        "Wrap it in a function that takes a tape and returns an array of (rows, slots).",
    )


def training_rows(train: tuple[int, int] | None, tape: Tape) -> tuple[int, int]:
    """The training rows given, or a span that leaves rows before and after it."""
    first, end = train if train is not None else (0, int(TRAINING_SHARE * tape.rows))
    if not 0 <= first < end < tape.rows:
        remedy = "Give a longer tape." if train is None else "Leave rows after it."
        raise ConfigError("train", (first, end), f"(first, end) inside the tape's {tape.rows} rows", remedy)
    return first, end


def grid(values: Any, tape: Tape, name: str) -> Floats:
    """Answers as [columns, rows, slots or 1], from an array of rows, of (rows, slots) or of (columns, rows, slots)."""
    array = np.asarray(list(values.values()) if isinstance(values, Mapping) else values)
    if array.dtype.kind not in "fiub":
        remedy = "Return an array of numbers; where it gives folds, say so with kind `split`."
        raise ConfigError(f"{name}: answer", str(array.dtype), "numbers", remedy)
    shape = (tape.rows, tape.slots)
    if array.ndim == 1 and array.shape == shape[:1]:
        array = array[None, :, None]
    elif array.ndim == 2 and array.shape == shape:
        array = array[None]
    elif array.ndim == 2 and array.shape[0] == shape[0]:
        array = array.T[:, :, None]
    if array.ndim != 3 or array.shape[1] != shape[0] or array.shape[2] not in (1, shape[1]):
        bound = f"of shape {shape[:1]}, {shape} or (columns, {shape[0]}, {shape[1]})"
        raise ConfigError(f"{name}: answer", array.shape, bound, "Return one value per row and slot.")
    return np.ascontiguousarray(array, dtype=np.float64)


def _feature(feature: Feature, name: str) -> Subject:
    return Subject(
        feature,
        name,
        "feature",
        feature.columns(),
        lambda _: lambda tape: grid(feature.compute(tape), tape, name),
        across=feature.across,
        warmup=feature.warmup,
        remembers=feature.remembers,
    )


def _normaliser(given: Normaliser, name: str, rows: tuple[int, int]) -> Subject:
    def learn(tape: Tape) -> Answer:
        learned = fitted(given, tape, rows)
        names = {"columns": VALUE_COLUMNS, "symbols": tape.symbols}
        return lambda asked: grid(learned.transform(values_of(asked), **names), asked, name)

    return Subject(
        given,
        name,
        "normaliser",
        VALUE_COLUMNS,
        learn,
        rows,
        across=None if given.pooled else False,
        warmup=given.warmup,
    )


def fitted(given: Normaliser, tape: Tape, rows: tuple[int, int]) -> Normaliser:
    """A clone that was shown a tape's values and told its training rows."""
    return given.clone().fit(values_of(tape), slice(*rows), columns=VALUE_COLUMNS, symbols=tape.symbols)


def _regime(given: Regime, name: str, rows: tuple[int, int]) -> Subject:
    if type(given).fit is Regime.fit and type(given).learn is Regime.learn:
        rows = NO_ROWS

    def learn(tape: Tape) -> Answer:
        learned = given if rows == NO_ROWS else given.clone().fit(window(tape, *rows))

        def answer(asked: Tape) -> Floats:
            columns = np.column_stack([learned.labels(asked), learned.probabilities(asked)])
            return grid(columns.T[:, :, None], asked, name)

        return answer

    columns = ("label", *given.states)
    return Subject(
        given, name, "regime", columns, learn, rows, across=True, warmup=given.warmup, remembers=given.remembers
    )


def _strategy(given: Strategy, name: str, rows: tuple[int, int]) -> Subject:
    if type(given).fit is Strategy.fit:
        rows = NO_ROWS

    def learn(tape: Tape) -> Answer:
        learned = given if rows == NO_ROWS else given.clone().fit(window(tape, *rows))
        return lambda asked: grid(learned.signals(asked), asked, name)

    # A strategy counts the last row itself as a row of its warm-up.
    warmup = given.warmup - 1
    return Subject(given, name, "strategy", ("signal",), learn, rows, warmup=warmup, remembers=given.remembers)


def journalled(spec: Spec, tape: Tape) -> Floats:
    """A checksum of every lane's fills and mark of each row, float64[lanes, rows, 1]: equal where the books are.

    Decisions are told by the fills they lead to: the last row of a tape takes none.
    """
    journal = backtest(spec, tape).journal
    out = np.zeros((len(spec.lanes), tape.rows, 1))
    for records in (journal.fills, journal.marks):
        for record in records:
            place = (int(record["lane"]), int(record["row"]), 0)
            out[place] = zlib.crc32(record.tobytes(), int(out[place]))
    return out


def learned_values(thing: Any) -> dict[str, Any]:
    """Learned values of a normaliser or a regime."""
    return thing.learned() if isinstance(thing, Learned) else {}
