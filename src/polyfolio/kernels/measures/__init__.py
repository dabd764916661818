"""Every statistic of a run, one family per file: `init`, `update`, `finish` on a small state the caller owns.

The whole-series form is a loop over `update`, so a number computed bar by bar in a sweep and the number of a report
are equal to the last bit. `NAMES` in each file is the order of its output array; `cards.py` says what each one means.
"""
