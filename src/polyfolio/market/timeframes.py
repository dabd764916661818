"""Several timeframes on one tape: what a row may know of longer bars, which is what has closed by then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.resample import resample


@dataclass(frozen=True, eq=False)
class Timeframe:
    """Longer bars of a tape, and the last of them that each row of the tape knows.

    Attributes:
        interval: length of a bar.
        tape: the longer bars.
        known: for each row of the fast tape the last row here that has closed by then, its own close included; -1
            before the first.
    """

    interval: str
    tape: Tape
    known: Ints

    def on_rows(self, values: Floats) -> Floats:
        """Values of the longer bars on the rows of the fast tape, NaN before the first has closed.

        Args:
            values: shape [..., rows of the longer bars, slots].
        """
        if values.ndim < 2 or values.shape[-2] != self.tape.rows:
            raise DataError(
                f"values of {self.interval}",
                values.shape,
                f"of shape (..., {self.tape.rows}, slots)",
                "Compute them on the tape of this timeframe.",
            )
        found = values[..., np.maximum(self.known, 0), :]
        return np.where((self.known >= 0)[:, None], found, np.nan)

    def age(self, tape: Tape) -> Ints:
        """Nanoseconds since the known bar closed, for each row of the fast tape; -1 before the first."""
        return np.where(self.known >= 0, tape.times - self.tape.times[np.maximum(self.known, 0)], -1)


def timeframes(tape: Tape, intervals: Sequence[str], *, outside: str = "refuse") -> dict[str, Timeframe]:
    """Longer bars of a tape by their interval.

    Args:
        tape: market rows.
        intervals: such as ["15min", "1h", "1d"].
        outside: as for `resample`.

    Example:
        >>> hour = timeframes(minutes, ["1h"])["1h"]
        >>> hour.on_rows(hour.tape.close)
    """
    made = {}
    for interval in intervals:
        slow = resample(tape, interval, outside=outside)
        made[interval] = Timeframe(interval, slow, latest(slow.times, tape.times))
    return made


def latest(known: Ints, times: Ints) -> Ints:
    """The last of the ascending times `known` that is not after each of `times`; -1 where all are after it."""
    return np.asarray(np.searchsorted(known, times, side="right") - 1, dtype=np.int64)
