"""Our own environments under audit: knobs for everything, and checks of what only they say of themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.lib.recfunctions import structured_to_unstructured

from polyfolio.core.codes import Act
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.envs.core import Source, spec_of
from polyfolio.envs.registration import IDS
from polyfolio.envs.single import IntradayRLEnv, MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError, StopTrading
from polyfolio.market.frame import tape_from_arrays
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.testing.audit_play import Check, Trial, begun, close, differs, first_number, numbers_of, stepped
from polyfolio.testing.audit_report import Outcome, Verdict, failed, passed, skipped
from polyfolio.testing.audit_seeds import check_seeds
from polyfolio.testing.audit_subject import EnvSubject

SYMBOLS = ("A", "B")
DAY = 86_400_000_000_000
START = 1_704_067_200_000_000_000  # 2024-01-01
DAYS_A_YEAR = 360  # of borrow, which is counted by ACT/360
ROWS = 200
TRAIN = 0.3  # of the rows: what is learned is learned before every cut of the future
# Terms of the accounting identity in a record of a step, with their signs.
TERMS = {
    "gain": 1.0,
    "dividends": 1.0,
    "interest": 1.0,
    "commission": -1.0,
    "slippage": -1.0,
    "impact": -1.0,
    "borrow": -1.0,
    "funding": -1.0,
}
EXACT = 1e-9
DRAWN = {
    "start": "random",
    "length": 60,
    "randomise": {"costs": [0.5, 2.0], "capital": [0.5, 2.0], "positions": 0.5},
}
COPIES = 3

CONFIG: dict[str, Any] = {
    "name": "audited",
    "lanes": [
        {
            "name": "agent",
            "account": {"initial_capital": 100_000.0},
            "sizing": {"allow_short": True},
            "limits": {"max_position": 0.6, "max_leverage": 1.0},
            "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
        }
    ],
    "environment": {"action": {"simplex": "raw", "cash": False}},
}


def check_conservation(trial: Trial) -> Verdict:
    """Every change of equity is price gains, dividends and interest minus costs, step by step, to 1e-9 of it."""
    env = trial.subject.fresh(**trial.prices())
    arena = env.unwrapped.core.arena
    begun(env, trial.seed)
    worst, steps, last = 0.0, 0, np.nan
    for action in trial.actions(trial.subject.rows):
        _, _, terminated, truncated, info = stepped(env, action)
        after, before, *terms = structured_to_unstructured(arena.steps[["equity", "equity_before", *TERMS]])[0].tolist()
        steps += 1
        off = abs(after - before - float(np.dot(terms, list(TERMS.values())))) / abs(before)
        worst = max(worst, off)
        if not off <= EXACT:
            return failed(f"step {steps} leaves {off:.3g} of equity unexplained", step=steps, off=off)
        if differs([after], [info["equity"]]) or (steps > 1 and differs([before], [last])):
            return failed(f"the equity of step {steps} is told in two ways", step=steps)
        last = after
        try:
            arena.check()
        except StopTrading as error:
            return failed(f"step {steps}: {error}", step=steps)
        if terminated or truncated:
            break
    close(env)
    return passed(f"{steps} steps add up to {worst:.2g} of equity", steps=steps, worst=worst)


def check_reasons(trial: Trial) -> Verdict:
    """Where less or more is wanted than was asked for, a reason says why, for the symbol or the whole lane."""
    env = trial.subject.fresh(**trial.prices())
    begun(env, trial.seed)
    signals = bool(env.unwrapped.core.agents["kind"][0] == Act.SIGNALS)
    cut = 0
    for step, action in enumerate(trial.actions(trial.subject.rows), 1):
        _, _, terminated, truncated, info = stepped(env, action)
        said = {reason["symbol"] for reason in info["reasons"]}
        for symbol, asked, wanted in zip(env.unwrapped.tickers, info["asked"], info["projected"], strict=True):
            if not was_cut(asked, wanted, signals):
                continue
            cut += 1
            if not said & {symbol, ""}:
                return failed(f"step {step}: {symbol} was asked {asked:.4g}, got {wanted:.4g}, and no reason says why")
        if terminated or truncated:
            break
    close(env)
    if not cut:
        return skipped("no drawn action was cut")
    return passed(f"{cut} cuts had their reasons", cuts=cut)


def was_cut(asked: float, wanted: float, signals: bool) -> bool:
    """Whether another weight is wanted than was asked for; NaN is no opinion, or a slot that is frozen.

    A signal is no weight: how much it means is the sizing's to say, but not whether.
    """
    if signals:
        return abs(asked) > 0.0 and wanted == 0.0
    return abs(asked - wanted) > EXACT


def check_twins(trial: Trial) -> Verdict:
    """Environment i of a vector plays what a single one with seed + i plays, byte for byte, on any threads."""
    lone = trial.subject.fresh(**trial.prices()).unwrapped
    actions = trial.actions(trial.subject.rows)
    many = TradingVectorEnv(lone.run, COPIES, tape=lone.tape, split=lone.core.split, autoreset="disabled", threads=2)
    shown, _ = many.reset(seed=trial.seed)
    rows = [shown]
    paid, ended = [], np.zeros(COPIES, bool)
    for step in range(len(actions)):
        shown, rewards, terminated, truncated, _ = many.step(np.stack([actions[step - lane] for lane in range(COPIES)]))
        rows.append(shown)
        paid.append(rewards)
        ended = terminated | truncated
        if ended.any():
            break
    many.close()
    for lane in range(COPIES):
        observation, _ = begun(lone, trial.seed + lane)
        for step in range(len(paid) + 1):
            found = first_number(numbers_of(lane_of(rows[step], lane)), numbers_of(observation))
            if found:
                return failed(f"environment {lane}, observation of step {step}, {found}")
            if step == len(paid):
                break
            observation, reward, *_ = stepped(lone, actions[step - lane])
            if differs([paid[step][lane]], [reward]):
                return failed(f"environment {lane}, reward of step {step + 1}: {paid[step][lane]} became {reward}")
    close(lone)
    return passed(f"{COPIES} environments were equal to single ones over {len(paid)} steps", steps=len(paid))


def check_draws(trial: Trial) -> Verdict:
    """Starts, costs, capital and positions that episodes draw are functions of the seed alone."""
    subject = trial.subject

    def make(**knobs: Any) -> Any:
        lone = subject.make(**knobs)
        said = lone.run.model_dump(exclude_unset=True, exclude={"defaults"})
        said["environment"]["episode"] = DRAWN
        return MultiTickerRLEnvironment(load(said), tape=lone.tape, split="all", info="full")

    def make_drawing(prices: Floats | None = None) -> Any:
        return make() if prices is None else make(prices=prices)

    found = check_seeds(replace(trial, subject=replace(subject, make=make_drawing)))
    if found.outcome is Outcome.PASSED and found.figures["trajectories"] == 1:
        return failed("random starts, costs, capital and positions are all the same")
    return found


def lane_of(shown: Any, lane: int) -> Any:
    """What one environment of a vector shows."""
    return {name: part[lane] for name, part in shown.items()} if isinstance(shown, dict) else shown[lane]


OWN_CHECKS = {
    "conservation": Check(check_conservation, "Find the term that the kernels charge and do not record."),
    "reasons": Check(check_reasons, "Let the stage that cuts write its reason."),
    "draws": Check(check_draws, "Key what is drawn by seed, lane, episode and row.", steady=False),
    "twins": Check(check_twins, "Let both step the same arena."),
}


def own_subject(name: str, *, config: Source | None = None, **arguments: Any) -> EnvSubject:
    """An id of ours with its knobs.

    Args:
        name: the id.
        config: rules, actions, observations and rewards to audit; a lane that goes long and short by weights where
            none is given. What its tape shows is replaced by drawn prices of the same symbols' number.
        **arguments: refused; the knobs set the rest.

    Raises:
        ConfigError: an id that is not ours, an argument, or several lanes.
    """
    if name not in IDS:
        raise ConfigError("id", name, "one of " + ", ".join(IDS), "Correct the id.")
    if arguments:
        raise ConfigError("--set", sorted(arguments), "config alone", "Write the rest into the configuration.")
    spec = load(CONFIG) if config is None else spec_of(config)
    if len(spec.lanes) != 1:
        raise ConfigError("lanes", len(spec.lanes), "one", "Audit the lanes one by one.")
    intraday = name.endswith("Intraday-v0")
    kind, slots = (IntradayRLEnv, 1) if intraday else (MultiTickerRLEnvironment, len(SYMBOLS))

    def make(prices: Floats | None = None, fee: float | None = None, borrow: float | None = None) -> Any:
        closes = drawn_closes(slots) if prices is None else prices
        return kind(with_costs(spec, fee, borrow), tape=still_bars(closes), split="all", info="full")

    close(make())  # a configuration that cannot be played is refused here, and is no verdict
    weights = {"flat": np.zeros(slots), "long": np.full(slots, 0.9 / slots), "short": np.full(slots, -0.4 / slots)}
    known: dict[str, Any] = {key: value.astype(np.float32) for key, value in weights.items()} if config is None else {}
    return EnvSubject(
        make,
        name,
        value=lambda _, info: info["equity"],
        row=lambda _, info: info["row"],
        slots=slots,
        rows=ROWS,
        further=OWN_CHECKS,
        **known,
    )


def drawn_closes(slots: int) -> Floats:
    """Prices of the environment where the knob is not turned."""
    moves = np.random.default_rng(11).normal(0.0, 0.02, (ROWS, slots))
    return np.ascontiguousarray(100.0 * np.exp(np.cumsum(moves, axis=0)))


def still_bars(closes: Floats) -> Tape:
    """Daily bars, on every day of the week, that open where they close: carry is counted in days."""
    rows, slots = closes.shape
    fields = dict.fromkeys(("open", "high", "low", "close"), closes)
    volume = np.full((rows, slots), 1e9)
    return tape_from_arrays(START + DAY * np.arange(1, rows + 1), SYMBOLS[:slots], {**fields, "volume": volume})


def with_costs(spec: Spec, fee: float | None, borrow: float | None) -> Spec:
    """The configuration over the whole tape, with this fee as the only cost of a trade, and this fee on shorts."""
    said = spec.model_dump(exclude_unset=True, exclude={"defaults", "tape", "training"})
    lane = said["lanes"][0]
    if fee is not None:
        execution = dict(lane.get("execution", {}))
        for cost in ("slippage", "market_impact"):
            execution.pop(cost, None)
        lane["execution"] = {**execution, "commission": {"model": "percentage", "percentage_fee": fee}}
    if borrow is not None:
        lane["account"] = {**lane.get("account", {}), "borrow_rate": a_year(borrow)}
    environment = said["environment"]
    environment["split"] = {"train": TRAIN, "validation": 0.0, "test": 1.0 - TRAIN}
    environment["episode"] = {}
    return load(said)


def a_year(daily: float) -> float:
    """A rate per day as the configuration has it, per year."""
    return DAYS_A_YEAR * daily
