"""What an agent says, as the signals of its lane.

Numbers of a box are cut to -1..1. A choice of a multi-discrete action is a number of the same range; a discrete action
is one entry of a list. With c the cash's number (kind weights) and L the leverage:

    softmax, long only    w_i = exp(k a_i) / (sum_j exp(k a_j) + exp(k c))
    clip, long only       w_i = max(a_i, 0) / (sum_j max(a_j, 0) + max(c, 0)); all cash where nothing is asked for
    both, with shorts     w_i = L a_i / (sum_j abs(a_j) + (c + 1) / 2)
    raw                   w_i = a_i, scaled down together where the gross exceeds L
    changes               w_i = weight held + max_change a_i; a change of 0 keeps the quantity
    signals               -1, 1, or no opinion, which keeps the quantity; 0 to hold nothing where `flat` is on
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Act, Simplex, Space
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop

_WEIGHTS = int(Act.WEIGHTS)
_CHANGES = int(Act.CHANGES)
_BOX = int(Space.BOX)
_DISCRETE = int(Space.DISCRETE)
_SOFTMAX = int(Simplex.SOFTMAX)
_RAW = int(Simplex.RAW)
_SELL, _HOLD, _BUY = 0, 1, 2
_THIRD = 1.0 / 3.0


@kernel
def choices(agent: Any, slots: int) -> int:
    """Entries of a discrete action's list."""
    if agent.kind == _WEIGHTS:
        return 2 + slots * (2 if agent.allow_short else 1)
    if agent.kind == _CHANGES:
        return 1 + 2 * slots
    return 3 + 2 * slots + (slots + 1 if agent.flat else 0)


@kernel
def levels_of(agent: Any) -> int:
    """Values one number of a multi-discrete action may take."""
    return agent.levels if agent.kind <= _CHANGES else (4 if agent.flat else 3)


@kernel
def is_valid(agent: Any, action: Floats, slots: int) -> bool:
    """Whether an action is finite, and a choice one of those there are."""
    if agent.space == _BOX:
        for i in range(action.size):
            if not (abs(action[i]) < math.inf):
                return False
        return True
    most = choices(agent, slots) if agent.space == _DISCRETE else levels_of(agent)
    for i in range(action.size):
        if not (0.0 <= action[i] < most) or action[i] != math.floor(action[i]):
            return False
    return True


@kernel
def number_of(said: float, box: bool, low: float, step: float) -> float:
    """One number of a box or a multi-discrete action, -1..1."""
    return min(max(said, -1.0), 1.0) if box else low + step * said


@loop
def numbers_of(said: Floats, box: bool, low: float, step: float, out: Floats) -> None:
    """The numbers of an action; the fields of the agent are arguments so that the loop reads arrays alone."""
    for i in range(out.size):
        out[i] = number_of(said[i], box, low, step)


@kernel
def lowest_level(agent: Any) -> float:
    """Where the levels of a multi-discrete action begin; without shorts `clip` and `raw` ones at 0."""
    return 0.0 if agent.kind == _WEIGHTS and agent.simplex != _SOFTMAX and not agent.allow_short else -1.0


@kernel
def soft_weights(agent: Any, out: Floats, cash: float) -> None:
    """Softmax over the numbers in `out` and cash, in place; the largest is taken off first, so nothing overflows."""
    top = cash if agent.cash else out[0]
    for i in range(out.size):
        top = max(top, out[i])
    raise_all(out, agent.sharpness, top)
    total = raised(agent.sharpness * (cash - top)) if agent.cash else 0.0
    for i in range(out.size):
        total += out[i]
    scale_all(out, 1.0 / total)


@kernel
def raised(power: float) -> float:
    """exp of a power from -10 to 0, to 1e-13 (at -200 to 1e-7): a Taylor series of a 1024th of it, squared ten times.

    The library's exp takes one number at a time; this form is taken for several at once.
    """
    x = power * 0.0009765625
    y = 1.0 + x * (1.0 + x * (0.5 + x * (1 / 6 + x * (1 / 24 + x * (1 / 120 + x * (1 / 720 + x / 5040))))))
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    y = y * y
    return y * y


@loop
def raise_all(out: Floats, sharpness: float, top: float) -> None:
    """exp(k (a - top)), in place."""
    for i in range(out.size):
        out[i] = raised(sharpness * (out[i] - top))


@loop
def scale_all(out: Floats, size: float) -> None:
    """Times a number, in place."""
    for i in range(out.size):
        out[i] *= size


@kernel
def weights_from(agent: Any, leverage: float, out: Floats, cash: float) -> None:
    """Numbers in `out` to weights, in place."""
    if agent.simplex == _SOFTMAX and not agent.allow_short:
        soft_weights(agent, out, cash)
        return
    total = 0.0
    for i in range(out.size):
        if not agent.allow_short:
            out[i] = max(out[i], 0.0)
        total += abs(out[i])
    size = 1.0
    if agent.simplex == _RAW:
        size = leverage / total if total > leverage else 1.0
    else:
        kept = 0.0
        if agent.cash:
            kept = (cash + 1.0) / 2.0 if agent.allow_short else max(cash, 0.0)
        whole = total + kept
        size = (leverage if agent.allow_short else 1.0) / whole if whole > 0.0 else 0.0
    scale_all(out, size)


@kernel
def said_of(agent: Any, said: float) -> float:
    """A trade signal: -1 sell, 1 buy, 0 hold nothing, NaN keep."""
    if agent.space == _BOX:
        if agent.flat:
            if -0.5 <= said < 0.0:
                return 0.0
            return -1.0 if said < 0.0 else (1.0 if said > 0.5 else math.nan)
        return -1.0 if said < -_THIRD else (1.0 if said > _THIRD else math.nan)
    if said == _SELL:
        return -1.0
    if said == _BUY:
        return 1.0
    return math.nan if said == _HOLD else 0.0


@kernel
def listed(agent: Any, choice: int, out: Floats, weight: Floats) -> None:
    """An entry of a discrete action's list.

    weights: all cash; all in one slot, for each; all slots alike; with shorts, short one slot, for each.
    changes: none; one slot up, for each; one slot down, for each.
    signals: hold; buy one, for each; sell one, for each; buy all; sell all; flat one, for each; flat all.
    """
    n = out.size
    for i in range(n):
        out[i] = 0.0 if agent.kind == _WEIGHTS else math.nan
    if agent.kind == _WEIGHTS:
        if 1 <= choice <= n:
            out[choice - 1] = 1.0
        elif choice == n + 1:
            for i in range(n):
                out[i] = 1.0 / n
        elif choice > n + 1:
            out[choice - n - 2] = -1.0
        return
    if choice == 0:
        return
    at = choice - 1
    if agent.kind == _CHANGES:
        up = 1.0 if at < n else -1.0
        out[at % n] = weight[at % n] + up * agent.max_change
        return
    block = at // n
    if at < 2 * n:
        out[at % n] = 1.0 if block == 0 else -1.0
        return
    at -= 2 * n
    if at < 2:
        for i in range(n):
            out[i] = 1.0 if at == 0 else -1.0
    elif at < 2 + n:
        out[at - 2] = 0.0
    else:
        for i in range(n):
            out[i] = 0.0


@loop
def move_weights(weight: Floats, most: float, out: Floats) -> None:
    """Numbers to weights moved; a number of 0 keeps the quantity."""
    for i in range(out.size):
        out[i] = weight[i] + most * out[i] if out[i] != 0.0 else math.nan


@kernel
def say(agent: Any, action: Floats, weight: Floats, leverage: float, out: Floats) -> None:
    """The action as signals into `out`; `weight` holds the weights held."""
    n = out.size
    if agent.space == _DISCRETE:
        listed(agent, int(action[0]), out, weight)
    elif agent.kind <= _CHANGES:
        box = agent.space == _BOX
        low = lowest_level(agent)
        step = (1.0 - low) / (agent.levels - 1)
        numbers_of(action, box, low, step, out)
        if agent.kind == _CHANGES:
            move_weights(weight, agent.max_change, out)
        else:
            weights_from(agent, leverage, out, number_of(action[n], box, low, step) if agent.cash else 0.0)
    else:
        for i in range(n):
            out[i] = said_of(agent, action[i])
    if agent.kind == _CHANGES and not agent.allow_short:
        for i in range(n):
            out[i] = max(out[i], 0.0) if out[i] == out[i] else math.nan
