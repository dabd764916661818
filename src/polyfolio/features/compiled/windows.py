"""Sums over trailing windows, each computed from its window alone.

The order of additions is fixed. The loop over the window is the outer one, so that the inner one runs over neighbouring
results and uses vector instructions without changing a bit; a running sum would be faster still, but its last bits
depend on where the tape began. Plain sums are made of sums of 1, 2, 4, ... neighbours.
"""

from __future__ import annotations

import math

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry


@entry
def logarithm(values: Floats, out: Floats) -> None:
    """out = ln(values). NumPy's has other last bits for other strides."""
    for i in range(values.shape[0]):
        for t in range(values.shape[1]):
            out[i, t] = math.log(values[i, t])


@entry
def tangent(values: Floats, out: Floats) -> None:
    """out = tanh(values)."""
    for i in range(values.shape[0]):
        for t in range(values.shape[1]):
            out[i, t] = math.tanh(values[i, t])


@entry
def sums(values: Floats, period: int, blocks: Floats, out: Floats) -> None:
    """out[t] = sum of values[t - period + 1 .. t]; NaN before the first whole window.

    Sums of 1, 2, 4, ... neighbours, and of them those that make up the period: 8 additions for 129 values. blocks:
    scratch, float64[2, bars].
    """
    for i in range(values.shape[0]):
        row, sink = values[i], out[i]
        for t in range(min(period - 1, row.size)):
            sink[t] = np.nan
        for t in range(period - 1, row.size):
            sink[t] = 0.0
        for t in range(row.size):
            blocks[0, t] = row[t]
        now, length, taken = 0, 1, 0
        while length <= period:
            block, longer = blocks[now], blocks[1 - now]
            if period & length:
                for t in range(period - 1, row.size):
                    sink[t] += block[t - taken]
                taken += length
            for t in range(2 * length - 1, row.size):
                longer[t] = block[t - length] + block[t]
            now, length = 1 - now, 2 * length


@entry
def products(one: Floats, one_mean: Floats, other: Floats, other_mean: Floats, period: int, out: Floats) -> None:
    """out[t] = sum over the window of (one - its mean) x (other - its mean)."""
    for i in range(one.shape[0]):
        a, b, sink = one[i], other[i], out[i]
        mean, mean_b = one_mean[i], other_mean[i]
        for t in range(min(period - 1, a.size)):
            sink[t] = np.nan
        for t in range(period - 1, a.size):
            sink[t] = (a[t - period + 1] - mean[t]) * (b[t - period + 1] - mean_b[t])
        for k in range(1, period):
            for t in range(period - 1, a.size):
                sink[t] += (a[t - period + 1 + k] - mean[t]) * (b[t - period + 1 + k] - mean_b[t])


@entry
def powers(values: Floats, means: Floats, period: int, power: int, out: Floats) -> None:
    """out[t] = sum over the window of (value - mean) ** power, power 3 or 4."""
    for i in range(values.shape[0]):
        row, mean, sink = values[i], means[i], out[i]
        for t in range(min(period - 1, row.size)):
            sink[t] = np.nan
        for t in range(period - 1, row.size):
            sink[t] = 0.0
        for k in range(period):
            for t in range(period - 1, row.size):
                x = row[t - period + 1 + k] - mean[t]
                sink[t] += x * x * x if power == 3 else x * x * x * x


@entry
def slopes(values: Floats, means: Floats, period: int, out: Floats) -> None:
    """out[t] = sum over the window of (k - middle) x (value - mean), k from 0 at the oldest."""
    middle = (period - 1) / 2.0
    for i in range(values.shape[0]):
        row, mean, sink = values[i], means[i], out[i]
        for t in range(min(period - 1, row.size)):
            sink[t] = np.nan
        for t in range(period - 1, row.size):
            sink[t] = 0.0
        for k in range(period):
            for t in range(period - 1, row.size):
                sink[t] += (k - middle) * (row[t - period + 1 + k] - mean[t])


@entry
def largest(values: Floats, period: int, sign: float, out: Floats) -> None:
    """out[t] = largest value of the window; with sign -1 the smallest. NaN where the window holds one.

    The place of the largest is kept and searched anew only when it leaves the window.
    """
    for i in range(values.shape[0]):
        row, sink = values[i], out[i]
        for t in range(min(period - 1, row.size)):
            sink[t] = np.nan
        best, empty = -1, -1
        for t in range(row.size):
            if math.isnan(row[t]):
                empty = t
            elif best < 0 or sign * row[t] >= sign * row[best]:
                best = t
            if t < period - 1:
                continue
            first = t - period + 1
            if empty >= first:
                sink[t] = np.nan
                continue
            if best < first:
                best = first
                for k in range(first + 1, t + 1):
                    if sign * row[k] >= sign * row[best]:
                        best = k
            sink[t] = row[best]


@entry
def smoothed(terms: Floats, decay: float, state: Floats, out: Floats) -> None:
    """out[t] = decay x out[t - 1] + (1 - decay) x term, started at the first term that is a number.

    state[i] carries the last value from one call to the next; NaN where there is none yet.
    """
    for i in range(terms.shape[0]):
        last = state[i]
        for t in range(terms.shape[1]):
            x = terms[i, t]
            if not math.isnan(x):
                last = x if math.isnan(last) else decay * last + (1.0 - decay) * x
            out[i, t] = last
        state[i] = last
