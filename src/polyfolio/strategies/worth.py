"""What one unit of the first row has become: through splits, and with its dividends put back into it."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats


def worth(tape: Tape) -> Floats:
    """Close of one unit of the first row held through splits, every payout put back into it, float64[rows, slots].

    NaN where the slot does not trade. A tape without dividends gives the closes, held through splits.
    """
    held = np.where(tape.tradable != 0, tape.close, np.nan)
    if tape.splits is not None:
        # One unit becomes this many; later splits never reach back into earlier rows.
        held = held * units_of(tape.splits)
    if tape.dividends is not None:
        held = held * reinvested(tape.dividends, held, tape.splits)
    return held


def units_of(splits: Floats) -> Floats:
    """What one unit of the first row has become by each row."""
    return np.asarray(np.cumprod(np.where(splits > 0.0, splits, 1.0), axis=0))


def reinvested(payouts: Floats, held: Floats, splits: Floats | None) -> Floats:
    """What one holding has become by each row where every payout buys more of it at the close.

    Args:
        payouts: money per unit on the ex-date; NaN = none.
        held: worth of one unit of the first row, NaN where it has no close; the last one stands in there.
        splits: new units per old.
    """
    rows = np.arange(held.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(held), 0, rows), axis=0)
    standing = np.take_along_axis(held, last, axis=0)
    paid = np.nan_to_num(payouts) if splits is None else np.nan_to_num(payouts) * units_of(splits)
    more = np.where(paid != 0.0, 1.0 + paid / standing, 1.0)
    return np.asarray(np.cumprod(np.where(np.isnan(more), 1.0, more), axis=0))
