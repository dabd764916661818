"""The dominant cycle by Hilbert transform (J. Ehlers): phase, sine, trend line and trend mode in one pass.

TA-Lib computes each of the four from the start and takes up to 100 sines a bar: 785 us for 2,400 bars and one of them,
against 140 us here for all. The numbers are TA-Lib's: the operations and their order are the same, and the sines come
from a table of the same arguments.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel

LONGEST = 50  # bars of the longest cycle
FIRST = 37  # bars before the transform starts, to warm the weighted average up
WARMUP = 63
OUTPUTS = 5  # phase, sine, lead sine, trend line, trend mode

# Places in a slot's state.
SEEN, WEIGHTED, TAKEN, TURN = 0, 1, 2, 3
PERIOD, SMOOTH, RE, IM, LAST_I, LAST_Q = 4, 5, 6, 7, 8, 9
EVEN_2, EVEN_3, ODD_2, ODD_3 = 10, 11, 12, 13
LINE_1, LINE_2, LINE_3 = 14, 15, 16
PHASE, SINE, LEAD, DAYS = 17, 18, 19, 20
# Four transforms of 10 numbers: three of even and of odd bars, and their previous inputs and outputs.
TRANSFORMS = 21
PRICES = 61
SMOOTHED = PRICES + LONGEST
STATE = SMOOTHED + LONGEST

_angle = math.atan(1.0) * 8.0
SINES = np.array([[math.sin(i * _angle / n) if n else 0.0 for i in range(LONGEST)] for n in range(LONGEST + 1)])
COSINES = np.array([[math.cos(i * _angle / n) if n else 0.0 for i in range(LONGEST)] for n in range(LONGEST + 1)])


@kernel
def transform(m: Floats, place: int, x: float, odd: int, speed: float) -> Any:
    """One step of a Hilbert transform whose ten numbers start at `place`."""
    turn = place + 3 * odd + int(m[TURN])
    previous = place + 6 + 2 * odd
    scaled = 0.0962 * x
    y = -m[turn]
    m[turn] = scaled
    y += scaled
    y -= m[previous]
    m[previous] = 0.5769 * m[previous + 1]
    y += m[previous]
    m[previous + 1] = x
    return y * speed


@kernel
def averaged(m: Floats, t: int, x: float) -> Any:
    """The average of four bars with weights 4, 3, 2, 1."""
    m[TAKEN] += x
    m[WEIGHTED] += x * 4.0
    m[TAKEN] -= m[PRICES + (t - 4) % LONGEST] if t > 3 else 0.0
    y = m[WEIGHTED] * 0.1
    m[WEIGHTED] -= m[TAKEN]
    return y


@kernel
def quadrature(m: Floats, t: int, x: float) -> None:
    """The cycle's period from the phase difference of two bars."""
    odd = t % 2
    speed = 0.075 * m[PERIOD] + 0.54
    first = EVEN_2 if odd == 1 else ODD_2
    inphase = m[ODD_3] if odd == 1 else m[EVEN_3]
    detrended = transform(m, TRANSFORMS, x, odd, speed)
    q = transform(m, TRANSFORMS + 10, detrended, odd, speed)
    turned_i = transform(m, TRANSFORMS + 20, inphase, odd, speed)
    turned_q = transform(m, TRANSFORMS + 30, q, odd, speed)
    if odd == 0:
        m[TURN] = (m[TURN] + 1.0) % 3.0
    new_q = 0.2 * (q + turned_i) + 0.8 * m[LAST_Q]
    new_i = 0.2 * (inphase - turned_q) + 0.8 * m[LAST_I]
    m[first + 1] = m[first]
    m[first] = detrended
    m[RE] = 0.2 * (new_i * m[LAST_I] + new_q * m[LAST_Q]) + 0.8 * m[RE]
    m[IM] = 0.2 * (new_i * m[LAST_Q] - new_q * m[LAST_I]) + 0.8 * m[IM]
    m[LAST_Q] = new_q
    m[LAST_I] = new_i
    last = m[PERIOD]
    period = last
    if m[IM] != 0.0 and m[RE] != 0.0:
        period = 360.0 / (math.atan(m[IM] / m[RE]) * (45.0 / math.atan(1.0)))
    period = max(min(period, 1.5 * last), 0.67 * last)
    period = max(min(period, 50.0), 6.0)
    m[PERIOD] = 0.2 * period + 0.8 * last
    m[SMOOTH] = 0.33 * m[PERIOD] + 0.67 * m[SMOOTH]


@kernel
def phase(m: Floats, t: int, sines: Floats, cosines: Floats) -> None:
    """The phase from the correlation with one cycle's sine and cosine; then its sine, now and 45 degrees ahead."""
    bars = int(m[SMOOTH] + 0.5)
    real, imaginary = 0.0, 0.0
    for i in range(bars):
        x = m[SMOOTHED + (t - i) % LONGEST]
        real += sines[bars, i] * x
        imaginary += cosines[bars, i] * x
    angle = m[PHASE]
    if abs(imaginary) > 0.0:
        angle = math.atan(real / imaginary) * (45.0 / math.atan(1.0))
    elif real < 0.0:
        angle -= 90.0
    elif real > 0.0:
        angle += 90.0
    angle += 90.0
    angle += 360.0 / m[SMOOTH]
    if imaginary < 0.0:
        angle += 180.0
    if angle > 315.0:
        angle -= 360.0
    m[PHASE] = angle
    radians = 1.0 / (45.0 / math.atan(1.0))
    m[SINE] = math.sin(angle * radians)
    m[LEAD] = math.sin((angle + 45.0) * radians)


@kernel
def trendline(m: Floats, t: int) -> Any:
    """The average over one cycle, itself averaged with weights 4, 3, 2, 1."""
    bars = int(m[SMOOTH] + 0.5)
    mean = 0.0
    for i in range(bars):
        mean += m[PRICES + (t - i) % LONGEST]
    if bars > 0:
        mean /= bars
    line = (4.0 * mean + 3.0 * m[LINE_1] + 2.0 * m[LINE_2] + m[LINE_3]) / 10.0
    m[LINE_3] = m[LINE_2]
    m[LINE_2] = m[LINE_1]
    m[LINE_1] = mean
    return line


@kernel
def mode(m: Floats, before: tuple[float, float, float], line: float, x: float) -> Any:
    """1 in a trend, 0 in a cycle."""
    last_phase, last_sine, last_lead = before
    trend = 1.0
    rose = m[SINE] > m[LEAD] and last_sine <= last_lead
    fell = m[SINE] < m[LEAD] and last_sine >= last_lead
    if rose or fell:
        m[DAYS] = 0.0
        trend = 0.0
    m[DAYS] += 1.0
    if m[DAYS] < 0.5 * m[SMOOTH]:
        trend = 0.0
    change = m[PHASE] - last_phase
    steady = change > 0.67 * 360.0 / m[SMOOTH] and change < 1.5 * 360.0 / m[SMOOTH]
    if m[SMOOTH] != 0.0 and steady:
        trend = 0.0
    if line != 0.0 and abs((x - line) / line) >= 0.015:
        trend = 1.0
    return trend


@entry
def cycle(closes: Floats, counts: Ints, sines: Floats, cosines: Floats, state: Floats, out: Floats) -> None:
    """Values of each bar, out[5, slots, bars], from state[slots, STATE], which carries on from call to call."""
    for slot in range(counts.size):
        m = state[slot]
        for k in range(counts[slot]):
            t = int(m[SEEN])
            m[SEEN] += 1.0
            x = closes[slot, k]
            if t < 3:
                m[TAKEN] += x
                m[WEIGHTED] += x * (t + 1.0)
                m[PRICES + t] = x
                continue
            y = averaged(m, t, x)
            m[PRICES + t % LONGEST] = x
            if t < FIRST:
                continue
            m[SMOOTHED + t % LONGEST] = y
            quadrature(m, t, y)
            before = (m[PHASE], m[SINE], m[LEAD])
            phase(m, t, sines, cosines)
            line = trendline(m, t)
            out[0, slot, k] = m[PHASE]
            out[1, slot, k] = m[SINE]
            out[2, slot, k] = m[LEAD]
            out[3, slot, k] = line
            out[4, slot, k] = mode(m, before, line, y)
