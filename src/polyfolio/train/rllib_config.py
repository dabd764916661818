"""What the section `training` is to RLlib: PPO, SAC, and A2C as PPO with one pass, no clipping and no divergence.

What RLlib cannot do as it is written is refused, so that the same section never learns differently without a word.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.policy.network import Numbers
from polyfolio.rules.problems import Problem
from polyfolio.rules.training import TrainingSection
from polyfolio.train import ray_library

RESTART_AFTER = 1.0  # seconds until a collecting process that ended is started again


def config_of(
    section: TrainingSection,
    name: str,
    seed: int,
    done: int,
    numbers: Mapping[str, Numbers],
    mapping: Callable[..., str] | None,
) -> Any:
    """RLlib's configuration of a training.

    Args:
        section: algorithm, network and their settings.
        name: under which the environment's creator is registered.
        seed: of weights, exploration and environments.
        done: steps made before, which a falling learning rate starts at.
        numbers: how actions are written, by name of the policy; one for one agent.
        mapping: agent to policy; None for one agent.

    Raises:
        ConfigError: something in the section that RLlib has no counterpart for.
    """
    for problem in impossible(section):
        raise ConfigError(f"training.{'.'.join(map(str, problem.path))}", problem.value, problem.bound, problem.remedy)
    config = _LEARNERS[section.algorithm](section, done, mapping is not None)
    config = (
        config.environment(name, normalize_actions=section.algorithm == "sac", clip_actions=True)
        .env_runners(
            num_env_runners=section.workers,
            num_envs_per_env_runner=section.envs // max(section.workers, 1),
            gym_env_vectorize_mode="sync" if mapping else "vector_entry_point",
            batch_mode="truncate_episodes",
        )
        .learners(num_learners=0, num_gpus_per_learner=int(section.device.startswith("cuda")))
        .fault_tolerance(restart_failed_env_runners=True, delay_between_env_runner_restarts_s=RESTART_AFTER)
        .reporting(min_time_s_per_iteration=0, metrics_num_episodes_for_smoothing=100)
        .rl_module(model_config=_network(section, box=not any(one.choices for one in numbers.values())))
        .debugging(seed=seed, log_level="ERROR")
    )
    return config if mapping is None else config.multi_agent(policies=set(numbers), policy_mapping_fn=mapping)


def impossible(section: TrainingSection) -> Iterator[Problem]:
    """What RLlib has no counterpart for."""
    if section.network.critic not in (None, section.network.layers):
        yield Problem(("network", "critic"), section.network.critic, "null with Ray", "Both networks get `layers`.")
    if section.algorithm == "ppo" and section.ppo.target_kl is not None:
        yield Problem(("ppo", "target_kl"), section.ppo.target_kl, "null with Ray", "Lower `epochs` instead.")
    if section.algorithm == "a2c" and not section.a2c.normalise_advantage:
        yield Problem(("a2c", "normalise_advantage"), False, "true with Ray", "RLlib always does so.")
    if section.envs % max(section.workers, 1):
        bound = f"a multiple of workers ({section.workers})"
        yield Problem(("envs",), section.envs, bound, "Each process collects in as many environments.")


def _rate(section: TrainingSection, start: float, done: int) -> Any:
    """A constant, or a line through what is left: RLlib counts from where it was started."""
    if section.schedule == "constant":
        return start
    left = max(section.steps - done, 1)
    return [[0, start * left / section.steps], [left, 0.0]]


def _ppo(section: TrainingSection, done: int, _: bool) -> Any:
    own = section.ppo
    return _on_policy(section, own, done).training(
        clip_param=own.clip, num_epochs=own.epochs, minibatch_size=own.batch, shuffle_batch_per_epoch=True
    )


def _a2c(section: TrainingSection, done: int, _: bool) -> Any:
    return _on_policy(section, section.a2c, done).training(clip_param=math.inf, num_epochs=1, minibatch_size=None)


def _on_policy(section: TrainingSection, own: Any, done: int) -> Any:
    return (
        ray_library.rllib()
        .ppo.PPOConfig()
        .training(
            lr=_rate(section, own.learning_rate, done),
            gamma=section.gamma,
            lambda_=own.gae_lambda,
            entropy_coeff=own.entropy,
            vf_loss_coeff=own.value,
            grad_clip=own.max_gradient,
            grad_clip_by="global_norm",
            # RLlib would cut squared errors of the value at 10, and take a divergence into the loss.
            vf_clip_param=math.inf,
            use_kl_loss=False,
            train_batch_size_per_learner=own.rollout * section.envs,
        )
    )


def _sac(section: TrainingSection, done: int, several: bool) -> Any:
    own = section.sac
    rate, fixed = _rate(section, own.learning_rate, done), own.entropy != "auto"
    buffer = "MultiAgentEpisodeReplayBuffer" if several else "EpisodeReplayBuffer"
    updates = own.train_every * section.envs if own.updates < 0 else own.updates
    return (
        ray_library.rllib()
        .sac.SACConfig()
        .training(
            actor_lr=rate,
            critic_lr=rate,
            # A weight of the entropy that is given does not learn.
            alpha_lr=0.0 if fixed else rate,
            initial_alpha=own.entropy if fixed else 1.0,
            gamma=section.gamma,
            tau=own.tau,
            train_batch_size_per_learner=own.batch,
            num_steps_sampled_before_learning_starts=own.learning_starts,
            training_intensity=updates * own.batch / (own.train_every * section.envs),
            replay_buffer_config={"type": buffer, "capacity": own.buffer},
        )
    )


def _network(section: TrainingSection, *, box: bool) -> Any:
    return ray_library.rllib().models.DefaultModelConfig(
        fcnet_hiddens=list(section.network.layers),
        fcnet_activation=section.network.activation,
        vf_share_layers=False,
        free_log_std=box and section.algorithm != "sac",
    )


_LEARNERS: dict[str, Callable[[TrainingSection, int, bool], Any]] = {"ppo": _ppo, "a2c": _a2c, "sac": _sac}
