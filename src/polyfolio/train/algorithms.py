"""PPO, A2C and SAC of Stable-Baselines3, made from the section `training`."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.training import TrainingSection
from polyfolio.train import needs

BOX_ONLY = ("sac",)


def make(section: TrainingSection, env: Any, seed: int) -> Any:
    """A fresh learner.

    Args:
        section: algorithm, network and their settings.
        env: Stable-Baselines3's VecEnv to collect in.
        seed: of weights and exploration; the environments' seeds follow from it.

    Raises:
        ConfigError: the action space is none the algorithm knows, or an extra is missing.
    """
    refuse_space(section.algorithm, env.action_space)
    kind, settings = _LEARNERS[section.algorithm](section)
    flat = type(env.observation_space).__name__ != "Dict"
    model: Any = getattr(needs.learners(), kind)(
        "MlpPolicy" if flat else "MultiInputPolicy",
        env,
        gamma=section.gamma,
        seed=seed,
        device=section.device,
        policy_kwargs=_network(section),
        **settings,
    )
    model.set_logger(needs.loggers().Logger(None, []))
    return model


def refuse_space(algorithm: str, space: Any) -> None:
    """Refuse an algorithm that cannot act in a space."""
    kind = type(space).__name__
    if algorithm in BOX_ONLY and kind != "Box":
        remedy = "Write `environment.action.space: box`, or take ppo or a2c."
        raise ConfigError("training.algorithm", algorithm, f"ppo or a2c for {kind} actions", remedy)


def _rate(section: TrainingSection, start: float) -> float | Callable[[float], float]:
    """A constant, or a line that falls to 0 with the part of the training that is left."""
    return start if section.schedule == "constant" else lambda left: left * start


def _network(section: TrainingSection) -> dict[str, Any]:
    network, layers = section.network, needs.torch().nn
    activation = {"tanh": layers.Tanh, "relu": layers.ReLU, "elu": layers.ELU}[network.activation]
    critic = list(network.layers if network.critic is None else network.critic)
    policy = list(network.layers)
    if section.algorithm == "sac":
        return {"activation_fn": activation, "net_arch": {"pi": policy, "qf": critic}}
    arch = {"pi": policy, "vf": critic}
    return {"activation_fn": activation, "net_arch": arch, "log_std_init": math.log(network.deviation)}


def _ppo(section: TrainingSection) -> tuple[str, dict[str, Any]]:
    own = section.ppo
    return "PPO", {
        "learning_rate": _rate(section, own.learning_rate),
        "n_steps": own.rollout,
        "batch_size": own.batch,
        "n_epochs": own.epochs,
        "gae_lambda": own.gae_lambda,
        "clip_range": own.clip,
        "ent_coef": own.entropy,
        "vf_coef": own.value,
        "max_grad_norm": own.max_gradient,
        "target_kl": own.target_kl,
    }


def _a2c(section: TrainingSection) -> tuple[str, dict[str, Any]]:
    own = section.a2c
    return "A2C", {
        "learning_rate": _rate(section, own.learning_rate),
        "n_steps": own.rollout,
        "gae_lambda": own.gae_lambda,
        "ent_coef": own.entropy,
        "vf_coef": own.value,
        "max_grad_norm": own.max_gradient,
        "normalize_advantage": own.normalise_advantage,
    }


def _sac(section: TrainingSection) -> tuple[str, dict[str, Any]]:
    own = section.sac
    return "SAC", {
        "learning_rate": _rate(section, own.learning_rate),
        "buffer_size": own.buffer,
        "batch_size": own.batch,
        "learning_starts": own.learning_starts,
        "tau": own.tau,
        "train_freq": own.train_every,
        "gradient_steps": own.updates,
        "ent_coef": own.entropy,
    }


_LEARNERS: dict[str, Callable[[TrainingSection], tuple[str, dict[str, Any]]]] = {"ppo": _ppo, "a2c": _a2c, "sac": _sac}
