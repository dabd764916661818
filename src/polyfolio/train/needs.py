"""Libraries that learning needs and the engine does not, each imported when it is first asked for."""

from __future__ import annotations

from functools import cache
from typing import Any

from polyfolio.errors import ConfigError


@cache
def torch() -> Any:
    """PyTorch."""
    try:
        import torch as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("torch", "rl", error) from error
    return found


@cache
def learners() -> Any:
    """Stable-Baselines3."""
    try:
        import stable_baselines3 as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("stable_baselines3", "rl", error) from error
    return found


@cache
def callbacks() -> Any:
    """Stable-Baselines3's callbacks."""
    try:
        from stable_baselines3.common import callbacks as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("stable_baselines3", "rl", error) from error
    return found


@cache
def loggers() -> Any:
    """Stable-Baselines3's logger."""
    try:
        from stable_baselines3.common import logger as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("stable_baselines3", "rl", error) from error
    return found


@cache
def saving() -> Any:
    """How Stable-Baselines3 reads what it saved."""
    try:
        from stable_baselines3.common import save_util as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("stable_baselines3", "rl", error) from error
    return found


@cache
def curves() -> Any:
    """TensorBoard's writer."""
    try:
        import torch.utils.tensorboard as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("tensorboard", "rl", error) from error
    return found


@cache
def mlflow() -> Any:
    """MLflow."""
    try:
        import mlflow as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("mlflow", "tracking", error) from error
    return found


@cache
def wandb() -> Any:
    """Weights & Biases."""
    try:
        import wandb as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("wandb", "tracking", error) from error
    return found


@cache
def optuna() -> Any:
    """Optuna."""
    try:
        import optuna as found  # noqa: PLC0415
    except ImportError as error:
        raise missing("optuna", "search", error) from error
    return found


def missing(library: str, extra: str, error: ImportError) -> ConfigError:
    """The refusal that names the extra to install."""
    return ConfigError(library, None, f"installed ({error})", f"Install the extra: pip install 'polyfolio[{extra}]'.")
