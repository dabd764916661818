"""A tape as a table again: CSV or Parquet in long form, and as bars by symbol."""

from __future__ import annotations

import io
import logging
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.columns import NOTHING
from polyfolio.market.disk import write_file
from polyfolio.market.instruments import NUMBERS
from polyfolio.market.tables import ENDINGS

log = logging.getLogger("polyfolio.market")

WRITTEN = tuple(ending for endings in ENDINGS.values() for ending in endings)


def long_frame(tape: Tape) -> Any:
    """One row per symbol and closing time, for bars and for events without one; read with `stamps="close"`."""
    import pandas as pd  # noqa: PLC0415

    fields = {name: array for name in (*PRICES, "volume", *OPTIONAL) if (array := getattr(tape, name)) is not None}
    bears = ~np.isnan(tape.close)
    for name in ("dividends", "splits", "funding"):
        if name in fields:
            bears = bears | (~np.isnan(fields[name]) & (fields[name] != NOTHING.get(name, 0.0)))
    hidden = int((~np.isnan(tape.close) & (tape.tradable == 0)).sum())
    if hidden:
        log.warning("%d bars have prices and are not tradable, which a table cannot say: store the tape", hidden)
    slot, row = np.nonzero(bears.T)
    columns: dict[str, Any] = {
        "timestamp": pd.to_datetime(tape.times[row], utc=True),
        "symbol": np.array(tape.symbols, dtype=object)[slot],
    }
    return pd.DataFrame(columns | {name: array[row, slot] for name, array in fields.items()})


def write_table(tape: Tape, path: str | PathLike[str]) -> Path | None:
    """Write the tape as CSV or Parquet, by the ending of the name; the file of its instruments, where it needs one."""
    place = Path(path)
    frame = long_frame(tape)
    if place.name.endswith(ENDINGS["parquet"]):
        sink = io.BytesIO()
        frame.to_parquet(sink, index=False, compression="zstd")
        write_file(place, sink.getvalue(), "table")
    elif place.name.endswith(ENDINGS["csv"]):
        import gzip  # noqa: PLC0415

        frame["timestamp"] = frame["timestamp"].map(lambda stamp: stamp.isoformat())
        content = frame.to_csv(index=False).encode()
        write_file(place, gzip.compress(content, mtime=0) if place.name.endswith(".gz") else content, "table")
    else:
        raise DataError("file", str(place), "one that ends in " + ", ".join(WRITTEN), "Correct the ending.")
    return _instruments(tape, place)


def _instruments(tape: Tape, place: Path) -> Path | None:
    import pandas as pd  # noqa: PLC0415

    plain = all((tape.instruments[name] == value).all() for name, value in NUMBERS.items())
    foreign = any(word != tape.universe.base_currency for word in tape.universe.currencies)
    if plain and not foreign and not tape.universe.labels:
        return None
    columns: dict[str, Any] = {"symbol": tape.symbols}
    if tape.universe.currencies:
        columns["currency"] = tape.universe.currencies
    columns |= {name: tape.instruments[name] for name in NUMBERS}
    beside = place.with_name(place.name.split(".")[0] + ".instruments.csv")
    write_file(beside, pd.DataFrame(columns | dict(tape.universe.labels)).to_csv(index=False).encode(), "instruments")
    return beside


def bars_of_tape(tape: Tape, interval: str, source: str) -> dict[str, Bars]:
    """The bars of each symbol, as a source would give them. Spread, borrow and funding are no part of bars."""
    for name in ("spread", "borrow", "funding"):
        if getattr(tape, name) is not None:
            log.warning("bars have no %s: it is left out; a stored tape keeps it", name)
    found = {}
    for slot, symbol in enumerate(tape.symbols):
        bears = ~np.isnan(tape.close[:, slot])
        for name in ("dividends", "splits"):
            if getattr(tape, name) is not None:
                bears |= getattr(tape, name)[:, slot] != NOTHING[name]
        arrays = {
            name: getattr(tape, name)[bears, slot]
            for name in (*PRICES, "volume", "dividends", "splits")
            if getattr(tape, name) is not None
        }
        found[symbol] = Bars(symbol=symbol, times=tape.times[bears], interval=interval, source=source, **arrays)
    return found
