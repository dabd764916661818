"""What purgedcv makes of random events: run once, with an interpreter that has it.

    python tests/market/build/generate_folds.py

Made with Python 3.11.7, numpy 2.4.6, pandas 3.1.1, purgedcv 0.1.11. Times are whole minutes, so that gaps and embargoes
of minutes meet the edges of labels. Files, beside this script:
    folds.json   cases: the events, what was asked, and the rows to learn from and to test on of every fold
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import purgedcv

MINUTE = 60_000_000_000


def events(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Decisions minutes apart, some at one time; labels known 0 to 40 minutes later, seldom much later."""
    draws = np.random.default_rng(seed)
    decided = np.cumsum(draws.integers(0, 6, 60))
    known = decided + draws.integers(0, 40, 60) * (draws.random(60) < 0.4) + 200 * (draws.random(60) < 0.02)
    return decided, known


def series(minutes: np.ndarray) -> pd.Series:
    return pd.Series(pd.to_datetime(minutes * MINUTE, unit="ns"))


def split(splitter: Any, rows: int) -> list[list[list[int]]]:
    found = splitter.split(np.zeros((rows, 1)))
    return [[[int(row) for row in part] for part in fold] for fold in found]


def cases() -> list[dict[str, Any]]:
    made = []
    for seed in range(6):
        decided, known = events(seed)
        times = {"prediction_times": series(decided), "evaluation_times": series(known)}
        for gap in (0, 7):
            common = times | {"purge_horizon": pd.Timedelta(minutes=gap)}
            head = {"decided": decided.tolist(), "known": known.tolist(), "gap": gap}
            for train in (None, 12):
                splitter = purgedcv.WalkForwardSplit(
                    4, 8, train_size=train, window="sliding" if train else "expanding", **common
                )
                made.append(head | {"kind": "walk", "folds": 4, "test": 8, "train": train, "made": split(splitter, 60)})
            for embargo, words in (
                (0, {}),
                (3, {"embargo_observations": 3}),
                ("9min", {"embargo": pd.Timedelta("9min")}),
            ):
                splitter = purgedcv.PurgedKFold(5, **common, **words)
                made.append(head | {"kind": "purged", "folds": 5, "embargo": embargo, "made": split(splitter, 60)})
                splitter = purgedcv.CombinatorialPurgedCV(5, 2, **common, **words)
                made.append(
                    head
                    | {
                        "kind": "combinatorial",
                        "groups": 5,
                        "chosen": 2,
                        "embargo": embargo,
                        "made": split(splitter, 60),
                    }
                )
    return made


if __name__ == "__main__":
    text = {"purgedcv": purgedcv.__version__, "cases": cases()}
    (Path(__file__).parent / "folds.json").write_text(json.dumps(text, separators=(",", ":")) + "\n", encoding="utf-8")
