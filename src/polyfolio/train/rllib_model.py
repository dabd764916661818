"""RLlib's algorithm as the sessions of this package drive a learner: it collects, learns, acts, and can be kept."""

from __future__ import annotations

import re
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from polyfolio.errors import DataError, PolyfolioError, RetryError
from polyfolio.policy.graph import graph
from polyfolio.policy.network import ACTIVATIONS, WORDS, Activation, Dense, Layer, Network, Numbers
from polyfolio.policy.sealed import chosen
from polyfolio.policy.session import Session
from polyfolio.rules.training import TrainingSection
from polyfolio.train import ray_library, trees

Weights = Mapping[str, np.ndarray]
RESUME = "What was learned is kept: repeat the command with --resume to go on from the last checkpoint."
# RLlib starts processes that fail again and again, whatever failed in them, and says nothing of it.
WHERE = "With training.workers: 0 an error of the environment is raised where it happens."
WAIT = 300.0  # seconds without a step before that is said; a process takes up to a minute to start
PAUSE = 1.0  # seconds between two looks at processes that start again
LOSSES = {"policy_loss": "policy_gradient_loss", "vf_loss": "value_loss", "total_loss": "loss", "alpha_value": "alpha"}


class RLlibModel:
    """An algorithm of RLlib.

    Args:
        config: see `rllib_config.config_of`.
        section: the section it was made from.
        numbers: how each policy's actions are written, by name of the policy.
        steering: says which policy each row of an observation belongs to that `predict` gets; None where there is
            one policy.
        done: steps made before.

    Attributes:
        num_timesteps: made, with those before.
        logger: `name_to_value` has what the last update said of itself.
    """

    def __init__(
        self,
        config: Any,
        section: TrainingSection,
        numbers: Mapping[str, Numbers],
        steering: Callable[[], Sequence[str]] | None,
        done: int,
    ) -> None:
        self.section, self.numbers, self.steering, self.done = section, numbers, steering, done
        self.algorithm: Any = built(config)
        self.num_timesteps = done
        self.logger = SimpleNamespace(name_to_value={})
        self._acting: dict[str, Session] = {}

    def collect(self) -> tuple[float, float]:
        """Collect once and learn from it; mean reward and length of recent episodes, NaN before the first end.

        Raises:
            RetryError: collecting or learning failed and could not be started again.
        """
        before, since = self.num_timesteps, time.monotonic()
        while True:
            said = asking(self.algorithm.train)
            self.num_timesteps = self.done + int(said["num_env_steps_sampled_lifetime"])
            if self.num_timesteps > before:
                break
            waited = time.monotonic() - since
            if waited > WAIT:
                found = f"no step in {waited:.0f} seconds"
                raise RetryError("training", found, "collecting in at least one process", f"{WHERE} {RESUME}")
            time.sleep(PAUSE)
        self._acting = {}
        self.logger.name_to_value = learned(said.get("learners", {}))
        runners = said["env_runners"]
        rewards = runners.get("agent_episode_returns_mean") or {"": runners.get("episode_return_mean", np.nan)}
        return float(np.mean(list(rewards.values()))), float(runners.get("episode_len_mean", np.nan))

    def networks(self, path: Path | None = None) -> dict[str, Network]:
        """The policies as they act without noise: those of now, or those that `save` wrote to a file."""
        weights = self._learner()["rl_module"] if path is None else load_weights(path)
        return {name: network_of(weights[name], self.section, numbers) for name, numbers in self.numbers.items()}

    def predict(self, observations: np.ndarray, deterministic: bool = True) -> tuple[np.ndarray, None]:  # noqa: ARG002
        """Actions without noise, row by row of the policy that steers the row's agent."""
        if not self._acting:
            width = observations.shape[1]
            self._acting = {name: Session(graph(network, width)) for name, network in self.networks().items()}
        names = self.steering() if self.steering is not None else [next(iter(self.numbers))] * len(observations)
        rows = [
            chosen(self._acting[name].run(row[None]), self.numbers[name].choices, self.numbers[name].single)[0]
            for name, row in zip(names, observations, strict=True)
        ]
        return np.stack(rows), None

    def save(self, path: Path) -> None:
        """Weights by name as arrays; `load_weights` reads them."""
        weights = self._learner()["rl_module"]
        flat = {f"{name}/{key}": value for name, part in weights.items() for key, value in part.items()}
        with Path(path).open("wb") as file:
            np.savez(file, **flat)

    def state(self) -> tuple[trees.Arrays, Any]:
        """Networks, optimisers and what RLlib itself leaves out, as arrays and JSON."""
        kept = self._learner()
        return trees.taken_apart({**{name: kept[name] for name in ("rl_module", "optimizer")}, "alpha": self._alphas()})

    def restore(self, arrays: Weights, facts: Any) -> None:
        """Go on from what `state` gave."""
        kept = trees.put_together(arrays, facts)
        alphas = kept.pop("alpha")
        self.algorithm.learner_group.set_state({"learner": kept})
        self.algorithm.learner_group.foreach_learner(lambda learner: _set_alphas(learner, alphas))
        self._send()

    def widen(self, deviation: float) -> None:
        """Set the standard deviation of a box action's numbers, which RLlib starts at 1."""
        weights = self._learner()["rl_module"]
        for part in weights.values():
            if "pi.log_std" in part:
                part["pi.log_std"] = np.full_like(part["pi.log_std"], np.log(deviation))
        self.algorithm.learner_group.set_state({"learner": {"rl_module": weights}})
        self._send()

    def close(self) -> None:
        """End the processes that collect."""
        self.algorithm.stop()

    def _learner(self) -> Any:
        return self.algorithm.learner_group.get_state()["learner"]

    def _alphas(self) -> dict[str, float]:
        answers: list[Any] = list(self.algorithm.learner_group.foreach_learner(_alphas_of))
        alphas: dict[str, float] = answers[0].get()
        return alphas

    def _send(self) -> None:
        group = self.algorithm.learner_group
        self.algorithm.env_runner_group.sync_weights(from_worker_or_learner_group=group, inference_only=True)


def load_weights(path: Path) -> dict[str, dict[str, np.ndarray]]:
    """Policy to its weights by name, from a file that `RLlibModel.save` wrote.

    Raises:
        DataError: it is another file.
    """
    found: dict[str, dict[str, np.ndarray]] = {}
    try:
        with np.load(path, allow_pickle=False) as kept:
            for name in kept.files:
                policy, _, key = name.rpartition("/")
                found.setdefault(policy, {})[key] = kept[name]
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError("model", str(path), f"weights as they were written ({error})", "Name another one.") from error
    return found


def built(config: Any) -> Any:
    """The algorithm of a configuration.

    Raises:
        PolyfolioError: see `asking`.
        RetryError: no process that collects could make the environment.
    """
    try:
        return asking(config.build_algo)
    except IndexError as error:
        # RLlib takes the spaces of the first process that stands, and looks into an empty list where none does.
        if not config.num_env_runners:
            raise
        bound = "processes that can make the environment; each of them failed"
        remedy = f"{WHERE} On a cluster install the same packages and modules on each machine."
        raise RetryError("training.workers", config.num_env_runners, bound, remedy) from error


def asking(call: Any) -> Any:
    """Call Ray; what fails there is an error of ours, with what was learned kept.

    Raises:
        PolyfolioError: the error an environment raised, as it was raised there.
        RetryError: anything else that Ray reports.
    """
    try:
        return call()
    except (ray_library.ray().exceptions.RayError, RuntimeError) as error:
        cause: BaseException | None = error
        while cause is not None and not isinstance(cause, PolyfolioError):
            cause = getattr(cause, "cause", None) or cause.__cause__
        if isinstance(cause, PolyfolioError):
            raise cause from error
        if isinstance(error, RuntimeError) and not isinstance(error, ray_library.ray().exceptions.RayError):
            raise
        first = str(error).strip().splitlines()[0][:200]
        raise RetryError(
            "training", f"{type(error).__name__}: {first}", "collecting on every process", RESUME
        ) from error


def learned(learners: Mapping[str, Any]) -> dict[str, float]:
    """What an update said of itself, averaged over the policies, by Stable-Baselines3's names."""
    policies = [part for name, part in learners.items() if not name.startswith("__")]
    found = {}
    for name, ours in LOSSES.items():
        values = [float(part[name]) for part in policies if name in part]
        if values:
            found[f"train/{ours}"] = float(np.mean(values))
    entropies = [float(part["entropy"]) for part in policies if "entropy" in part]
    return found | ({"train/entropy_loss": -float(np.mean(entropies))} if entropies else {})


def network_of(weights: Weights, section: TrainingSection, numbers: Numbers) -> Network:
    """The layers of a policy from RLlib's names of its weights."""
    soft = section.algorithm == "sac"
    hidden = _stack(weights, "pi_encoder.net" if soft else "encoder.actor_encoder.net")
    operator = ACTIVATIONS[WORDS[section.network.activation]][0]
    between = Activation(operator, (("alpha", 1.0),) if operator == "Elu" else ())
    layers: list[Layer] = [part for layer in hidden for part in (layer, between)]
    (last,) = _stack(weights, "pi.net")
    # SAC writes means and deviations side by side; the action without noise is the mean.
    layers.append(Dense(last.weight[: numbers.width], last.bias[: numbers.width]))
    if numbers.choices:
        return Network(tuple(layers), "logits", numbers)
    return Network(tuple(layers), "squash" if soft else "clip", numbers)


def _stack(weights: Weights, prefix: str) -> list[Dense]:
    pattern = re.compile(re.escape(prefix) + r"\.mlp\.(\d+)\.weight")
    places = sorted(int(match[1]) for name in weights if (match := pattern.fullmatch(name)))
    names = [f"{prefix}.mlp.{place}" for place in places]
    return [Dense(_single(weights[f"{name}.weight"]), _single(weights[f"{name}.bias"])) for name in names]


def _single(array: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(array, dtype=np.float32)


def _alphas_of(learner: Any) -> dict[str, float]:
    """Logarithms of the entropy's weights: SAC learns them outside its networks, and RLlib keeps only networks."""
    return {name: float(value.detach()) for name, value in getattr(learner, "curr_log_alpha", {}).items()}


def _set_alphas(learner: Any, alphas: Mapping[str, float]) -> None:
    for name, value in alphas.items():
        learner.curr_log_alpha[name].data.fill_(value)
