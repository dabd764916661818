"""The parts of Ray that training uses, each imported when it is first asked for."""

from __future__ import annotations

import logging
from functools import cache
from types import SimpleNamespace
from typing import Any

from polyfolio.train.needs import missing


@cache
def ray() -> Any:
    """Ray."""
    try:
        import ray as found  # noqa: PLC0415
        import ray.exceptions  # noqa: PLC0415
    except ImportError as error:
        raise missing("ray", "distributed", error) from error
    return found


@cache
def rllib() -> Any:
    """RLlib's algorithms, its networks and its table of environments."""
    ray()
    try:
        from ray.rllib.algorithms import ppo, sac  # noqa: PLC0415
        from ray.rllib.core.rl_module import default_model_config as models  # noqa: PLC0415
        from ray.tune import registry  # noqa: PLC0415
    except ImportError as error:
        raise missing("ray[rllib]", "distributed", error) from error
    # It tells users of RLlib which of its two generations runs; those of a command line did not choose one.
    logging.getLogger("ray.rllib").setLevel(logging.ERROR)
    return SimpleNamespace(ppo=ppo, sac=sac, models=models, registry=registry)


@cache
def tune() -> Any:
    """Ray Tune."""
    ray()
    try:
        from ray import tune as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("ray[tune]", "distributed", error) from error
    return found


@cache
def optuna_search() -> Any:
    """Ray Tune's search by Optuna."""
    ray()
    try:
        from ray.tune.search.optuna import OptunaSearch  # noqa: PLC0415
    except ImportError as error:
        raise missing("optuna", "search", error) from error
    return OptunaSearch
