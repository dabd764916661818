"""Where an indicator has a number but says nothing: its inputs stood still over its whole span.

On a constant price TA-Lib gives RSI 0, CMO 0, CCI 0, Williams 0, ADX 0, a correlation of 0 and both Aroon lines 100.
The numbers are kept as they are; these flags tell them from real ones.
"""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.types import Flags, Floats
from polyfolio.features.own import own_bars
from polyfolio.features.slotwise import SlotWise


def degenerate(feature: SlotWise, tape: Tape) -> Flags:
    """1 where a slot has a value over whose `warmup + 1` bars the prices it reads stood still; uint8[rows, slots].

    Volume counts where no price is read. Of two fields that are compared (`of` and `against`) one is enough.
    """
    own = own_bars(tape, feature.inputs)
    read = [name for name in feature.inputs if name in PRICES or "against" in feature.params()] or feature.inputs
    span = max(feature.warmup + 1, 2)
    still = np.stack([_unchanged(own.fields[name]) for name in read]) >= span
    agreed = still.any(axis=0) if "against" in feature.params() else still.all(axis=0)
    flags = np.asarray(agreed, dtype=np.float64)
    own.to_rows(flags, feature.warmup)
    found: Flags = (flags.T == 1.0).astype(np.uint8)
    return found


def _unchanged(field: Floats) -> Floats:
    """How many bars, this one included, have had its value without a break."""
    bars = np.arange(field.shape[1])
    changed = np.zeros(field.shape, bool)
    changed[:, 1:] = field[:, 1:] != field[:, :-1]
    return np.asarray(bars - np.maximum.accumulate(np.where(changed, bars, 0), axis=1) + 1, dtype=np.float64)
