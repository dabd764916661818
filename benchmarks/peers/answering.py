"""What the scripts of this folder share: they are told a task as JSON, time it, and print their answer as JSON."""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

Run = Callable[[], list[float]]  # final equity of every system


def answer(version: str, ready: Callable[[Any, Any, dict[str, Any]], Run], *, warm: bool = False) -> None:
    """Make the runs, time them, print.

    Args:
        version: of the library.
        ready: from opens, closes (bars, assets) and the task to a run; its own time is not counted.
        warm: run once before the clock starts, where the library compiles.
    """
    task = json.loads(sys.argv[1])
    with np.load(task["prices"]) as given:
        opens, closes = given["opens"], given["closes"]
    if warm:
        ready(opens, closes, task)()
    seconds: list[float] = []
    equities: list[float] = []
    for _ in range(task["repeats"]):
        run = ready(opens, closes, task)
        gc.collect()
        start = time.perf_counter()
        equities = run()
        seconds.append(time.perf_counter() - start)
        del run
    print(json.dumps({"version": version, "seconds": seconds, "final_equities": [float(each) for each in equities]}))
