"""A source of bars of your own. Copy this file, rename the class, write `rows`.

Use it by its place, `polyfolio data download my_module:Folder ...`, and prove that it keeps the contract with
`polyfolio.testing.sources.check_source`.
"""

from __future__ import annotations

import csv
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars, Moment
from polyfolio.market.intervals import nanoseconds
from polyfolio.market.received import Origin, bars_from
from polyfolio.market.span import span_of

FIELDS = ("timestamp", "open", "high", "low", "close", "volume")


class Folder:
    """Bars from a folder with one CSV file per symbol, stamped with the opening of each bar.

    Args:
        folder: where the files are.
        calendar: of the bars.
    """

    name = "folder"
    streams: ClassVar[bool] = False

    def __init__(self, folder: str, *, calendar: str = "24/7") -> None:
        # Store, nothing else: the folder may not be there yet.
        self.folder, self.calendar = folder, calendar

    @property
    def identity(self) -> str:
        """What answers depend on besides the question: kept ones are told apart by it."""
        return f"{self.name} {self.folder} {self.calendar}"

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included."""
        span = span_of(start, end, nanoseconds(interval), self.calendar)
        found = {}
        for symbol in symbols:
            columns = self.rows(symbol)
            # Sorts, drops what has not closed or lies outside the span, refuses what is no number, tells gaps.
            found[symbol] = bars_from(columns, Origin(self.name, symbol, interval, opens=True), span, time.time_ns())
        return found

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """Files do not close bars. Where a venue answers at once, `polyfolio.market.polling.polled` streams."""
        raise DataError("stream", f"{symbols}, {interval}", "asked of a source that streams", "Read the files again.")

    def rows(self, symbol: str) -> dict[str, list[Any]]:
        """Each field as a list, as it came."""
        file = Path(self.folder) / f"{symbol}.csv"
        if not file.is_file():
            raise DataError("symbol", symbol, f"the name of a file in {self.folder}", "Correct its spelling.")
        with file.open(encoding="utf-8", newline="") as stream:
            table = list(csv.DictReader(stream))
        return {name: [row[name] or None for row in table] for name in FIELDS}
