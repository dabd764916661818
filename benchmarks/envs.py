"""How fast the environments are, beside the bare loop, those of other people and a learner that waits for nothing.

    python benchmarks/envs.py [--quick] [--json FILE] [--peers] [--only KIND]

Prints, all in one run and on one core:

* steps a second of the single environment, and of the vector environment by lanes and tickers, with two sets of rules:
  `bare` (fee, slippage, a cap per name, stop and target) and `full` (parametric VaR, correlation, counts, drawdown,
  tiered fee, linear slippage, square root impact, a reward with penalties, risk in the observation);
* what each step says and keeps stands beside the figure: `info` off, summary or full (with every reason);
* the bare loop of `bare.py`: the same accounting by hand, without observations, rewards, rules or episodes;
* Gymnasium's own CartPole as a vector environment, for scale;
* PPO from end to end: frames a second of one learner on this environment and on one that does nothing;
* how much memory millions of steps add.

Each ticker shows 8 columns; the lane adds its portfolio (8 numbers) and 4 per position. Episodes have 252 steps, begin
at random rows, and begin anew in the step that ends one: resets are inside the figures. Actions are drawn beforehand.
A figure is the best of several repetitions of this thread's processor time; PPO's are by the clock.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
from bare import bare_loop
from engine import FEE, SLIPPAGE, market, signals

from polyfolio.envs.adapters.sb3 import SB3VecEnv
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv

ROWS = 2_400
PACE = {"repeats": 5, "seconds": 0.3}  # of each figure, and of one repetition
QUICK = {"repeats": 2, "seconds": 0.05}
DRAWN = 8  # sets of actions, taken in turn
# Seven features and the flag of what is undefined: eight columns a ticker.
SHOWN = (
    {"name": "returns", "period": 1},
    {"name": "returns", "period": 5},
    {"name": "returns", "period": 20},
    {"name": "close_volatility", "period": 20},
    {"name": "distance_average", "period": 20},
    {"name": "rsi"},
    {"name": "rvol"},
)
KINDS = ("single", "vector", "bare", "cartpole", "ppo", "memory")


def config(rules: str) -> dict[str, Any]:
    """The configuration of an environment with bare or full rules."""
    lane: dict[str, Any] = {
        "name": "agent",
        "limits": {"max_position": 0.2},
        "exits": {"stop_loss": 0.05, "take_profit": 0.1},
        "execution": {
            "commission": {"model": "percentage", "percentage_fee": FEE},
            "slippage": {"model": "percentage", "base_slippage": SLIPPAGE},
            "market_impact": {"participation_rate_limit": None},
        },
    }
    world: dict[str, Any] = {
        "observation": {"market": False, "technical": list(SHOWN), "time": False},
        "episode": {"length": 252, "start": "random"},
    }
    if rules == "full":
        make_full(lane, world)
    return {"name": rules, "observation": "bar", "lanes": [lane], "environment": world}


def make_full(lane: dict[str, Any], world: dict[str, Any]) -> None:
    """Every rule of the first document, VaR parametric."""
    counts = {"max_long_positions": 5, "max_short_positions": 2}
    lane["limits"] |= {"min_position": 0.01, "max_leverage": 1.0, **counts}
    lane["sizing"] = {"allow_short": True}
    lane["risk"] = {"max_var": 0.02, "var_method": "parametric", "max_drawdown": 0.1}
    lane["correlation"] = {"limit": 0.7}
    tiers = ((0.0, 1_000.0, 0.001), (1_000.0, 10_000.0, 0.0008), (10_000.0, None, 0.0005))
    rates = [{"min_volume": low, "max_volume": high, "rate": rate} for low, high, rate in tiers]
    lane["execution"] = {
        "commission": {"model": "tiered", "tiered_rates": rates},
        "slippage": {"model": "linear", "base_slippage": 1e-4, "volume_impact": 1e-8},
        "market_impact": {"model": "square_root", "permanent_impact": 0.1, "temporary_impact": 0.05},
    }
    penalties = {"risk_adjusted": True, "transaction_cost_penalty": 0.5, "drawdown_penalty": 1.0}
    world["reward"] = {"type": "portfolio_pnl", **penalties}
    world["observation"]["risk"] = True


def best(work: Callable[[int], Any], start: int = 8) -> float:
    """Processor seconds of one step: as many steps as fill a repetition, the best of all repetitions."""

    def spent(steps: int) -> float:
        begun = time.thread_time()
        work(steps)
        return time.thread_time() - begun

    work(start)  # compiles, and fills the caches
    steps = start
    while (taken := spent(steps)) < PACE["seconds"] / 4:
        steps *= 2
    steps = max(int(steps * PACE["seconds"] / taken), 1)
    return min(spent(steps) for _ in range(int(PACE["repeats"]))) / steps


def vector_speed(slots: int, lanes: int, rules: str, info: str) -> dict[str, Any]:
    """Steps of all lanes together, arrays handed over without copies."""
    env = TradingVectorEnv(config(rules), lanes, tape=market(ROWS, slots), split="all", info=info, copy=False)
    env.reset(seed=0)
    actions = np.random.default_rng(3).uniform(-1.0, 1.0, (DRAWN, *env.action_space.shape)).astype(np.float32)

    def work(steps: int) -> None:
        for step in range(steps):
            env.step(actions[step % DRAWN])

    seconds = best(work)
    return row("vector", slots, lanes, rules, info, lanes / seconds) | {"width": len(env.feature_names)}


def single_speed(slots: int, rules: str, info: str) -> dict[str, Any]:
    """Steps of one environment, the resets at episodes' ends inside."""
    env = MultiTickerRLEnvironment(config(rules), tape=market(ROWS, slots), split="all", info=info)
    env.reset(seed=0)
    actions = np.random.default_rng(3).uniform(-1.0, 1.0, (DRAWN, *env.action_space.shape)).astype(np.float32)

    def work(steps: int) -> None:
        for step in range(steps):
            ended = env.step(actions[step % DRAWN])[2:4]
            if ended[0] or ended[1]:
                env.reset()

    return row("single", slots, 1, rules, info, 1.0 / best(work, 256)) | {"width": len(env.feature_names)}


def bare_speed(slots: int, lanes: int) -> dict[str, Any]:
    """Bars of the bare loop: no observations, rewards, rules or episodes."""
    tape, sources = market(ROWS, slots), min(lanes, 64)
    given, fees = signals(sources, ROWS, slots), FEE + 1e-7 * np.arange(lanes)
    opens, closes = np.array(tape.open), np.array(tape.close)

    def work(bars: int) -> None:
        for first in range(0, bars, ROWS):
            last = min(bars - first, ROWS)
            bare_loop(opens[:last], closes[:last], given, fees, SLIPPAGE)

    return row("bare loop", slots, lanes, "fee", "none", lanes / best(work, ROWS // 8))


def cartpole_speed(lanes: int) -> dict[str, Any]:
    """Gymnasium's CartPole, its own vector form."""
    env = gymnasium.make_vec("CartPole-v1", num_envs=lanes, vectorization_mode="vector_entry_point")
    env.reset(seed=0)
    actions = np.random.default_rng(3).integers(0, 2, (DRAWN, lanes))

    def work(steps: int) -> None:
        for step in range(steps):
            env.step(actions[step % DRAWN])

    return row("CartPole vector", 0, lanes, "none", "its own", lanes / best(work))


def row(what: str, slots: int, envs: int, rules: str, info: str, rate: float) -> dict[str, Any]:
    return {"what": what, "slots": slots, "envs": envs, "rules": rules, "info": info, "steps_per_second": rate}


def idle_env(like: Any) -> Any:
    """An environment of the same spaces that does nothing: the learner's own speed."""
    from stable_baselines3.common.vec_env import VecEnv  # noqa: PLC0415

    class Idle(VecEnv):
        def __init__(self) -> None:
            super().__init__(like.num_envs, like.observation_space, like.action_space)
            self.seen = np.zeros((self.num_envs, *like.observation_space.shape), np.float32)
            self.paid, self.done = np.zeros(self.num_envs, np.float32), np.zeros(self.num_envs, np.bool_)
            self.infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]

        def reset(self) -> Any:
            return self.seen

        def step_async(self, actions: Any) -> None:
            pass

        def step_wait(self) -> Any:
            return self.seen, self.paid, self.done, self.infos

        def close(self) -> None:
            pass

        def get_attr(self, name: str, indices: Any = None) -> list[Any]:  # noqa: ARG002
            return [None] * self.num_envs

        def set_attr(self, name: str, value: Any, indices: Any = None) -> None:
            pass

        def env_method(self, name: str, *args: Any, indices: Any = None, **named: Any) -> list[Any]:  # noqa: ARG002
            return [None] * self.num_envs

        def env_is_wrapped(self, wrapper: Any, indices: Any = None) -> list[bool]:  # noqa: ARG002
            return [False] * self.num_envs

    return Idle()


def ppo_speed(slots: int, envs: int, rollouts: int) -> list[dict[str, Any]]:
    """Frames a second of PPO (64 x 64, 10 epochs), taking turns on this environment and on the idle one."""
    import torch  # noqa: PLC0415
    from stable_baselines3 import PPO  # noqa: PLC0415

    torch.set_num_threads(1)
    ours = SB3VecEnv(
        TradingVectorEnv(config("bare"), envs, tape=market(ROWS, slots), split="all", info="summary", copy=False)
    )
    frames = 128 * envs
    learners = {
        name: PPO("MlpPolicy", env, n_steps=128, batch_size=512, n_epochs=10, seed=0, device="cpu")
        for name, env in (("ours", ours), ("idle", idle_env(ours)))
    }
    taken: dict[str, list[float]] = {name: [] for name in learners}
    for _ in range(rollouts):
        for name, learner in learners.items():
            begun = time.perf_counter()
            learner.learn(frames, reset_num_timesteps=False)
            taken[name].append(time.perf_counter() - begun)
    rates = {name: frames / min(seconds) for name, seconds in taken.items()}
    return [
        row("PPO on idle env", slots, envs, "none", "none", rates["idle"]),
        row("PPO", slots, envs, "bare", "summary", rates["ours"]) | {"share_of_idle": rates["ours"] / rates["idle"]},
    ]


def resident() -> float:
    """Megabytes of this process in memory now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def memory_growth(slots: int, lanes: int, frames: int) -> dict[str, Any]:
    """Megabytes that so many steps add once the first tenth is done."""
    env = TradingVectorEnv(config("bare"), lanes, tape=market(ROWS, slots), split="all")
    env.reset(seed=0)
    actions = np.random.default_rng(3).uniform(-1.0, 1.0, (DRAWN, *env.action_space.shape)).astype(np.float32)
    steps, before = frames // lanes, 0.0
    for step in range(steps):
        if step == steps // 10:
            before = resident()
        env.step(actions[step % DRAWN])
    grown = resident() - before
    return {"what": "memory grown", "slots": slots, "envs": lanes, "steps": steps * lanes, "megabytes": grown}


def line(figure: dict[str, Any]) -> str:
    """One figure as text."""
    if "error" in figure:
        return f"{figure['what']:<22}{figure['error']}"
    place = f"{figure['what']:<22}{figure['slots']:>4} tickers {figure['envs']:>5} envs  "
    if "megabytes" in figure:
        return f"{place}{figure['steps'] / 1e6:.1f} M steps{figure['megabytes']:>20.1f} MB"
    rate = figure["steps_per_second"]
    shown = f"{rate / 1e6:>9.3f} M steps/s" if rate >= 1e6 else f"{rate / 1e3:>9.2f} k steps/s"
    said = f"rules {figure['rules']:<5} info {figure['info']:<8}" if "rules" in figure else f"{figure['timed']:<28.28}"
    width = f"  {figure['width']} numbers seen" if "width" in figure else ""
    share = f"  {figure['share_of_idle']:.0%} of idle" if "share_of_idle" in figure else ""
    return f"{place}{said}{shown}{width}{share}"


def sizes(quick: bool) -> list[tuple[int, int]]:
    """(tickers, lanes) of the vector environment."""
    if quick:
        return [(1, 64), (10, 1_024)]
    return [(slots, lanes) for slots in (1, 10, 30, 100) for lanes in (64, 1_024, 4_096)]


def measure(quick: bool, only: list[str]) -> list[dict[str, Any]]:
    """Every figure, printed as it comes."""
    rows: list[dict[str, Any]] = []
    PACE.update(QUICK if quick else PACE)

    def add(figure: dict[str, Any]) -> None:
        rows.append(figure)
        print(line(figure), flush=True)

    if "single" in only:
        for slots in (1, 10) if quick else (1, 10, 30):
            for rules, info in (("bare", "off"), ("bare", "summary"), ("full", "summary"), ("full", "full")):
                add(single_speed(slots, rules, info))
    for slots, lanes in sizes(quick):
        if "bare" in only:
            add(bare_speed(slots, lanes))
        if "vector" in only:
            for rules, info in (("bare", "off"), ("bare", "summary"), ("full", "summary")):
                add(vector_speed(slots, lanes, rules, info))
    if "vector" in only:
        add(vector_speed(10, 64 if quick else 1_024, "full", "full"))
    if "cartpole" in only:
        for lanes in (64,) if quick else (64, 1_024, 4_096):
            add(cartpole_speed(lanes))
    if "ppo" in only:
        for figure in ppo_speed(10, 16 if quick else 64, 2 if quick else 5):
            add(figure)
    if "memory" in only:
        add(memory_growth(10, 1_024, 200_000 if quick else 10_000_000))
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer sizes, shorter repetitions")
    parser.add_argument("--only", action="append", choices=KINDS, help="may be repeated; everything without it")
    parser.add_argument("--peers", action="store_true", help="time and audit other people's environments too")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    rows = measure(arguments.quick, arguments.only or list(KINDS))
    if arguments.peers:
        import audit_peers  # noqa: PLC0415  (other people's libraries, needed with --peers only)
        import env_peers  # noqa: PLC0415

        for figure in env_peers.run_all():
            rows.append(figure)
            print(line(figure), flush=True)
        for answer in audit_peers.ask_all(list(audit_peers.AUDITED), {}, None, 0):
            print(audit_peers.text(answer), flush=True)
    if arguments.json:
        machine = platform.processor() or platform.machine()
        kept = {"machine": machine, "python": platform.python_version(), "rows": rows}
        arguments.json.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
