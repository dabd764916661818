"""Watching an environment: one episode played by a policy, as a record for plots and pages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyfolio.core.codes import Act
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.errors import ConfigError
from polyfolio.report.episode_record import EpisodeRecord, EpisodeRecorder


def recorder_of(env: MultiTickerRLEnvironment) -> EpisodeRecorder:
    """A recorder for the episodes of an environment.

    Raises:
        ConfigError: it says nothing of its steps.
    """
    if env.core.info == "off":
        raise ConfigError("info", "off", "summary or full", "Make the environment with info='full' to record it.")
    section = env.run.environment
    signals = section is not None and section.action.kind is Act.SIGNALS
    return EpisodeRecorder(
        env.run.name,
        env.tickers,
        currency=env.tape.universe.base_currency,
        bars_per_year=env.tape.calendar.bars_per_year,
        says="signals" if signals else "weights",
    )


def record_episode(
    env: Any,
    policy: Callable[[Any], Any] | None = None,
    *,
    seed: int | None = None,
    options: Mapping[str, Any] | None = None,
    steps: int | None = None,
) -> EpisodeRecord:
    """Play one episode and keep what was said of it.

    Args:
        env: one environment of ours, wrapped or not; with info="full" the record has the reasons too.
        policy: observation -> action; None samples the action space.
        seed: of the reset, and of the action space where no policy is given.
        options: of the reset.
        steps: most steps; None plays to the episode's end.

    Example:
        >>> env = MultiTickerRLEnvironment("teaching.yaml", info="full")
        >>> record = record_episode(env, lambda seen: model.predict(seen, deterministic=True)[0], seed=0)
        >>> save_page(record, "episode.html")
    """
    inner = getattr(env, "unwrapped", None)
    if not isinstance(inner, MultiTickerRLEnvironment):
        raise ConfigError("env", type(env).__name__, "one environment of ours", "Make polyfolio/MultiTicker-v0.")
    if steps is not None and steps < 1:
        raise ConfigError("steps", steps, "a whole number of at least 1, or None", "Leave it out for a whole episode.")
    recorder = recorder_of(inner)
    if policy is None:
        env.action_space.seed(seed)
    seen, said = env.reset(seed=seed, options=options)
    recorder.begin(said)
    ended, done = False, 0
    while not ended and done != steps:
        action = env.action_space.sample() if policy is None else policy(seen)
        seen, reward, terminated, truncated, said = env.step(action)
        recorder.step(float(reward), said)
        ended, done = terminated or truncated, done + 1
    return recorder.record()
