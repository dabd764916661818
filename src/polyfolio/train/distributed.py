"""Training through RLlib: several agents, or one agent collected for by many processes, here or on a cluster.

The session between rollouts is the one of every training: evaluation on the validation rows, the best policies kept,
checkpoints, an early end. A checkpoint holds networks and optimisers. Episodes begin anew after it, and a learner of
the kind SAC fills its memory again.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.envs.adapters import rllib
from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from polyfolio.envs.policies import PolicyMap
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import DataError, RetryError
from polyfolio.policy.manifest import Lineage
from polyfolio.policy.sealed import seal
from polyfolio.policy.world import learning_digest, versions
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.train import checkpoint, folder, ray_library
from polyfolio.train.agents import Agents, open_agents
from polyfolio.train.checkpoint import Checkpoint
from polyfolio.train.cluster import cluster
from polyfolio.train.randomness import private
from polyfolio.train.rllib_config import config_of
from polyfolio.train.rllib_model import RLlibModel
from polyfolio.train.run import Note, Trained, Training
from polyfolio.train.session import PROGRESS, Progress, Session, Watcher, forget_after
from polyfolio.train.worlds import open_tape, section_of

log = logging.getLogger("polyfolio")

ENVIRONMENT = "polyfolio"
POLICIES = "policies"  # folder of the sealed policies of several lanes


class RaySession(Session):
    """A training whose learner is RLlib's: it collects and learns in rounds."""

    def run(self) -> Progress:
        """Learn until the steps are made, patience ends or a watcher ends it.

        Raises:
            RetryError: collecting failed for good; what was learned until then stands in a checkpoint.
        """
        if self.progress.ended:
            return self.progress
        self._told, self._told_at = time.perf_counter(), self.model.num_timesteps
        try:
            while self._is_unfinished():
                self._collect()
                self._between()
        except RetryError:
            self._save()
            raise
        self._finish()
        return self.progress

    def resume(self, kept: Checkpoint) -> None:
        """Go on from a checkpoint.

        Raises:
            DataError: it belongs to something else, or holds the networks alone.
        """
        if not kept.complete:
            remedy = "Name a folder below checkpoints/; best/ can be evaluated and exported."
            raise DataError("checkpoint", str(kept.place), "one with the state to go on from", remedy)
        checkpoint.refuse_other(kept.belongs, self.belongs, kept.place)
        self.model.restore(kept.arrays, kept.facts["learner"])
        self.progress = Progress(**kept.facts["progress"])
        if self._may_go_on():
            self.progress.ended = ""
        forget_after(self.folder / PROGRESS, kept.steps)

    def _is_unfinished(self) -> bool:
        return not self.progress.ended and self.model.num_timesteps < self.section.steps

    def _finish(self) -> None:
        if not self.progress.ended:
            self.progress.ended = "steps"
            self._evaluate()
            self._save()
            self._tell(True)

    def _collect(self) -> None:
        reward, length = self.model.collect()
        if math.isfinite(reward):
            # RLlib's figure is a mean over recent episodes already.
            self.rewards.clear()
            self.rewards.append((reward, length))

    def _save(self) -> None:
        steps, progress = self.model.num_timesteps, self.progress
        progress.saved = steps
        arrays, facts = self.model.state()
        kept = Checkpoint(steps, self.belongs, {"learner": facts, "progress": vars(progress)}, arrays)
        checkpoint.write(checkpoint.place_of(self.folder, steps), self.model, kept)
        checkpoint.prune(self.folder, self.section.checkpoints.keep)


@dataclass(frozen=True, eq=False)
class RayTraining(Training):
    """One seed's training through RLlib, in its folder.

    Attributes:
        address: of a Ray cluster; None starts one on this machine.
    """

    address: str | None = None

    def _learned(self, watchers: Sequence[Watcher], going_on: bool) -> Trained:
        section = section_of(self.spec)
        with private(section.threads), cluster(self.address, section.workers + 1) as ray:
            world = open_agents(self.spec, self.tape, self.seed)
            folder.write_panel(self.place, world.state)
            kept = checkpoint.newest(self.place) if going_on else None
            done = kept.steps if kept is not None else 0
            _register(self.spec, ray.put(self.tape), world.agents, self.seed)
            config = config_of(section, ENVIRONMENT, self.seed, done, world.numbers, world.mapping)
            with closing(RLlibModel(config, section, world.numbers, world.steering, done)) as model:
                session = RaySession(model, section, self.place, world.belongs, world.validate, watchers)
                if kept is not None:
                    session.resume(kept)
                elif section.algorithm != "sac" and section.network.deviation != 1.0:
                    model.widen(section.network.deviation)
                return self._ended(world, model, session.run())

    def _ended(self, world: Agents, model: RLlibModel, progress: Progress) -> Trained:
        """Seal the best policies, and say in training.json what came of them."""
        steps, best = model.num_timesteps, self.place / checkpoint.BEST
        at = progress.best_steps if progress.best is not None else steps
        networks = model.networks() if progress.best is None else model.networks(checkpoint.read(best).model)
        lineage = Lineage(
            algorithm=section_of(self.spec).algorithm,
            seed=self.seed,
            steps=at,
            config=learning_digest(self.spec),
            versions=versions(),
        )
        written = []
        for name, policy, sealed in world.sealed:
            path = self.place / folder.POLICY if len(self.spec.lanes) == 1 else self.place / POLICIES / f"{name}.policy"
            path.parent.mkdir(exist_ok=True)
            made = seal(networks[policy], sealed, world.state, lineage, name=name, validation=progress.best)
            written.append(made.save(path))
        said = {"steps": steps, "ended": progress.ended, "best": {"score": progress.best, "steps": at}}
        files = [path.relative_to(self.place).as_posix() for path in written]
        folder.note(self.place, {**said, "validation": progress.numbers, "policies": files})
        one = written[0] if len(self.spec.lanes) == 1 and written else None
        return Trained(self.place, self.seed, steps, progress.ended, progress.best, at, one)


def train_rllib(  # noqa: PLR0913 - what is trained, where, and who watches
    source: Spec | str | os.PathLike[str] | Mapping[str, Any],
    tape: Tape | None = None,
    *,
    experiment: str | None = None,
    resume: bool | Path = False,
    address: str | None = None,
    watchers: Callable[[int], Sequence[Watcher]] | None = None,
    note: Note = log.warning,
) -> list[Trained]:
    """Train the policies of a run's lanes with RLlib, once for each seed.

    Several processes answer in no fixed order: the same seed gives the same policies with `training.workers: 0` alone.

    Args:
        source: a Spec, a YAML file, or a dict of its keys, with a section `environment`.
        tape: market rows; None reads what the section `tape` describes.
        experiment: name of the training's folder; `training.tracking.experiment`, else the run's name.
        resume: True goes on from the newest checkpoint, and begins where there is none yet; a checkpoint's folder goes
            on from that one, and forgets later ones.
        address: of a Ray cluster; None starts one on this machine.
        watchers: those told of a seed's training.
        note: called with what a reader should know.

    Returns:
        What came of each seed's training. One agent's policy is sealed as `policy.policy`; those of several lanes
        stand in `policies/`, one file per lane, or per lane and regime. Lanes that see each other are not sealed:
        a policy alone would see nothing of the others.

    Raises:
        ConfigError: something in the configuration that RLlib has no counterpart for; Ray is not installed.
        DataError: the folder holds a training already, or a checkpoint of something else.
        RetryError: no cluster answers, or collecting failed for good; what was learned stands in a checkpoint.
    """
    spec = source if isinstance(source, Spec) else load(source)
    section, rows = section_of(spec), open_tape(spec, tape)
    name = experiment or section.tracking.experiment or spec.name
    place, seeds = folder.place_of(section, name), folder.seeds_of(spec)
    found = []
    for seed in seeds:
        one = place if len(seeds) == 1 else place / f"seed-{seed}"
        watching = watchers(seed) if watchers is not None else ()
        training = RayTraining(spec, rows, one, seed, note, address=address)
        found.append(training.run(name, watching, resume=resume))
    return found


def _register(spec: Spec, tape: Any, agents: PolicyMap | None, seed: int) -> None:
    """Name the creator of environments. The tape is shared by the processes of a machine, not copied to each."""
    make = partial(_alone, spec, tape, seed) if agents is None else partial(_together, spec, tape, agents)
    ray_library.rllib().registry.register_env(ENVIRONMENT, make)


def _alone(spec: Spec, tape: Any, seed: int, context: Any) -> Any:
    rows = ray_library.ray().get(tape)
    env = TradingVectorEnv(spec, int(context["num_envs"]), tape=rows, autoreset="next_step", info="off")
    return rllib.OwnSeeds(env, seed)


def _together(spec: Spec, tape: Any, agents: PolicyMap, context: Any) -> Any:
    env = MultiAgentTradingEnv(spec, tape=ray_library.ray().get(tape), info="off")
    return rllib.RLlibAgents(env, agents, context.worker_index)
