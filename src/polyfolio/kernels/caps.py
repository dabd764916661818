"""Limits on single names and on labels. What is cut stays in cash: no other weight grows.

`want` holds weights of equity and is reshaped in place. `frozen` marks slots that cannot trade now: their want is the
weight held, which no limit can change and which takes its share of a limit first.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import kernel, loop


@loop
def cap_position(want: Floats, max_position: float, frozen: Flags) -> None:
    """abs(w_i) <= max_position."""
    for i in range(want.size):
        if frozen[i] == 0:
            want[i] = min(max(want[i], -max_position), max_position)


@kernel
def cap_position_risk(
    want: Floats, sigma: Floats, periods_per_year: float, max_position_risk: float, frozen: Flags
) -> int:
    """abs(w_i) sigma_i sqrt(periods per year) <= max_position_risk; sigma is per risk observation.

    100 shares at a risk of 0.07 with a limit of 0.05 become floor(100 x 0.05 / 0.07) = 71 after rounding to zero.
    Gives back how many wanted names have no sigma yet; those are left as they are, warm-up is the caller's rule.
    """
    unknown = 0
    year = math.sqrt(periods_per_year)
    for i in range(want.size):
        if want[i] == 0.0 or frozen[i] != 0:
            continue
        risk = abs(want[i]) * (sigma[i] * year)
        if math.isnan(risk):
            unknown += 1
        elif risk > max_position_risk:
            want[i] *= max_position_risk / risk
    return unknown


@kernel
def cap_label(want: Floats, labels: Ints, label: int, cap: float, order: Ints, frozen: Flags) -> None:
    """Sum of abs(w_i) over slots with labels[i] == label is at most cap.

    Greedy in `order` (largest first): names are kept whole while they fit, the one that crosses the bound is shrunk to
    fit, later ones become 0.
    """
    used = 0.0
    for i in range(want.size):
        if frozen[i] != 0 and labels[i] == label:
            used += abs(want[i])
    for k in range(order.size):
        i = order[k]
        if labels[i] != label or frozen[i] != 0:
            continue
        room = max(cap - used, 0.0)
        if abs(want[i]) > room:
            want[i] = math.copysign(room, want[i]) if room > 0.0 else 0.0
        used += abs(want[i])


@kernel
def cap_labels(want: Floats, labels: Ints, caps: Floats, rules: Any, order: Ints, frozen: Flags) -> None:
    """Every cap of this lane in turn: rows [label_caps, label_caps_end) of (label vector, label, cap).

    A cap only shrinks, so a later one never undoes an earlier one.
    """
    for row in range(rules.label_caps, rules.label_caps_end):
        cap_label(want, labels[int(caps[row, 0])], int(caps[row, 1]), caps[row, 2], order, frozen)


@loop
def min_position(want: Floats, smallest: float, frozen: Flags) -> None:
    """A want with abs(w_i) below `smallest` becomes 0."""
    for i in range(want.size):
        if abs(want[i]) < smallest and frozen[i] == 0:
            want[i] = 0.0


@loop
def no_short(want: Floats, frozen: Flags) -> None:
    """Negative wants become 0."""
    for i in range(want.size):
        if want[i] < 0.0 and frozen[i] == 0:
            want[i] = 0.0


@loop
def reduce_only(want: Floats, held: Floats, frozen: Flags) -> None:
    """No new risk in any name: w_i is brought between 0 and the weight held."""
    for i in range(want.size):
        if frozen[i] == 0:
            want[i] = min(max(want[i], min(held[i], 0.0)), max(held[i], 0.0))
