"""Steps of gym-anytrading's StocksEnv; started by benchmarks/env_peers.py with the task as JSON."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pandas as pd
from gym_anytrading.envs import StocksEnv
from stepping import measured


def make(closes: Any, features: int, steps: int) -> Any:  # noqa: ARG001  (it has two features of its own)
    frame = pd.DataFrame({"Close": closes[:, 0]})
    actions = np.random.default_rng(0).integers(0, 2, steps)
    return StocksEnv(frame, window_size=10, frame_bound=(10, len(frame))), actions.tolist()


if __name__ == "__main__":
    print(measured(sys.argv[1], "gym-anytrading", make))
