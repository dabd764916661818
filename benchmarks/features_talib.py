"""TA-Lib called for each ticker and indicator: what one writes who knows the library and wants no more than a loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import talib


def called_one_by_one(features: Any, tape: Any) -> int:
    """Compute every column; returns the bytes of the results."""
    columns = []
    for slot in range(tape.slots):
        fields = {
            name: np.ascontiguousarray(getattr(tape, name)[:, slot])
            for name in ("open", "high", "low", "close", "volume")
        }
        for feature in features:
            function = getattr(talib, feature.name.upper() if feature.name.startswith("ht_") else feature.function)
            options = getattr(feature, "options", ())
            found = function(*(fields[name] for name in feature.inputs), *options)
            columns.append(found if isinstance(found, tuple) else (found,))
    return sum(array.nbytes for group in columns for array in group)
