"""Bits of `rows.flags`: what a row brings beyond prices, so that a plain row skips the rest."""

from __future__ import annotations

SPLIT = 1
DIVIDEND = 2
FUNDING = 4
CLOSED = 8  # some slot is not tradable in this row
DAY_END = 16  # the last row of its session day: day orders end here
