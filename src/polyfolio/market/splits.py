"""Which rows belong to which split."""

from __future__ import annotations

import math

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.environment import SplitSection
from polyfolio.rules.spec import Spec

SPLITS = ("train", "validation", "test", "all")


# A split's name, or the first row and the one after the last, such as those of a walk-forward fold.
Split = str | tuple[int, int]


def rows_of_split(spec: Spec, tape: Tape, name: Split) -> tuple[int, int]:
    """First and last (exclusive) row of a split.

    Args:
        spec: a run; the defaults hold where it has no environment.
        tape: its rows.
        name: train, validation, test, all, or the two rows themselves.

    Raises:
        ConfigError: another name.
        DataError: a split without rows, or rows that are not the tape's.
    """
    if not isinstance(name, str):
        return _given(tuple(name), tape)
    if name not in SPLITS:
        raise ConfigError("split", name, "one of " + ", ".join(SPLITS), "Name a part of the tape.")
    split = spec.environment.split if spec.environment is not None else SplitSection()
    ends = [split.train, split.train + split.validation, split.train + split.validation + split.test]
    # A share of 0.6 of 1,000 rows is 600 of them, whatever 0.6 is in binary.
    cuts = [0, *(math.floor(tape.rows * end + 1e-9) for end in ends)]
    first, last = (0, tape.rows) if name == "all" else (cuts[SPLITS.index(name)], cuts[SPLITS.index(name) + 1])
    if last - first < 2:
        raise DataError(
            f"split {name}",
            last - first,
            f"at least 2 of the tape's {tape.rows} rows",
            f"Give environment.split.{name} a larger share, or take a longer tape.",
        )
    return first, last


def _given(rows: tuple[int, ...], tape: Tape) -> tuple[int, int]:
    """Rows that were named one by one."""
    if len(rows) != 2 or not 0 <= rows[0] < rows[1] - 1 < tape.rows:
        raise DataError(
            "split",
            rows,
            f"a first row and the one after the last, two rows apart at least, of the tape's {tape.rows}",
            "Give fold.test[0] and fold.test[-1] + 1, or the name of a split.",
        )
    return int(rows[0]), int(rows[1])
