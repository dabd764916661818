"""Checks of the account: what fees, flat prices and shorts cost, and what a reward is of it."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.testing.audit_play import Trial, Walk
from polyfolio.testing.audit_report import Verdict, failed, passed, skipped

RATE = 1e-4  # small, so that what is left for the next trade stays the same to a part in 1e4
NEAR_TWO = (1.8, 2.2)  # twice the fee costs so many times as much, also where orders are whole units
CARRY = 1e-5  # per row
SETTLED = 5  # rows until a short is open, whatever waits for the next bar
EXACT = 1e-6  # of the worth; some environments keep it in float32
ROUNDING = 1e-9  # of the account or of the rewards
DRAWS = 3
ENOUGH = 5  # informative steps


def traded(trial: Trial, draw: int = 0, **knobs: Any) -> Walk:
    """A walk of drawn trades over prices that never move, or over the environment's own."""
    flat = trial.still() if "prices" in trial.subject.knobs else {}
    return trial.walk(trial.actions(trial.subject.rows, draw), **flat, **knobs)


def check_fee(trial: Trial) -> Verdict:
    """For the same actions a higher fee leaves less, twice the fee costs twice as much, and the reward falls too."""
    free, once, twice = (traded(trial, fee=rate) for rate in (0.0, RATE, 2.0 * RATE))
    lost = [free.outcome[-1] - walk.outcome[-1] for walk in (once, twice)]
    unpaid = [free.total - walk.total for walk in (once, twice)]
    figures = {"fee": RATE, "cost": lost[0], "cost at twice": lost[1], "lost reward": unpaid[0], "steps": once.steps}
    moving = trial.walk(trial.actions(trial.subject.rows), **trial.prices())
    paid = float(np.abs(moving.rewards).sum())
    if len(set(moving.outcome)) == 1:
        return skipped("the drawn actions never trade", **figures)
    wrong = _fee_fault(lost, max(np.abs(free.outcome).max(), paid * (not free.valued)), "account")
    wrong = wrong or _fee_fault(unpaid, paid, "summed reward")
    times = lost[1] / lost[0] if lost[0] else np.nan
    # On prices of its own the account may lose other trades by a higher fee, so only the direction is asked for.
    if not wrong and "prices" in trial.subject.knobs and not NEAR_TWO[0] <= times <= NEAR_TWO[1]:
        wrong = f"twice the fee costs {times:.4g} times as much"
    if wrong:
        return failed(wrong, **figures)
    return passed(f"twice the fee costs {times:.4g} times as much, and rewards fall", **figures)


def _fee_fault(lost: list[float], scale: float, what: str) -> str:
    """What is wrong with what a fee and twice the fee take; empty where nothing is."""
    if not np.isfinite(lost).all():
        return f"the {what} is not finite"
    if max(abs(part) for part in lost) <= ROUNDING * scale:
        return f"the fee changes nothing in the {what}"
    if not ROUNDING * scale < lost[0] < lost[1] - ROUNDING * scale:
        return f"fees of 1 and 2 bp take {lost[0]:.6g} and {lost[1]:.6g} from the {what}"
    return ""


def check_flat(trial: Trial) -> Verdict:
    """Where no price moves, the account only ever pays; where trading is free, it stays what it was."""
    worst, cost = 0.0, 0.0
    for draw in range(DRAWS):
        walk = traded(trial, draw)
        if not walk.valued:
            return skipped("the worth of the account is not known at every step")
        changes = np.diff(walk.values) / np.abs(walk.values[:-1])
        worst, cost = max(worst, float(changes.max(initial=0.0))), cost + walk.values[0] - walk.values[-1]
        if worst > EXACT:
            step = int(np.argmax(changes)) + 1
            return failed(f"step {step} earns {changes[step - 1]:.3g} of the account", draw=draw, step=step)
    if "fee" not in trial.subject.knobs:
        return passed(f"{DRAWS} walks of trades never earned", cost=cost)
    for draw in range(DRAWS):
        free = traded(trial, draw, fee=0.0)
        off = float(np.abs(np.asarray(free.values) / free.values[0] - 1.0).max())
        if off > EXACT:
            return failed(f"with a fee of 0 the account still moves by {off:.3g}", draw=draw)
    return passed(f"{DRAWS} walks of trades never earned, and cost nothing where the fee is 0", cost=cost)


def check_carry(trial: Trial) -> Verdict:
    """A short pays the same for each row it is held, twice as much at twice the fee, and nothing at none."""
    actions = [trial.subject.short] * (trial.subject.rows - 1)
    off: dict[str, Any] = {"fee": 0.0} if "fee" in trial.subject.knobs else {}
    walks = [trial.walk(actions, **trial.still(), **off, borrow=rate) for rate in (0.0, CARRY, 2.0 * CARRY)]
    if not all(walk.valued for walk in walks) or min(walk.steps for walk in walks) < 2 * SETTLED:
        return skipped("the worth of the account is not known at enough steps")
    if not _is_short(trial, actions):
        return skipped("the action `short` opens no short")
    paid = [-np.diff(walk.values)[SETTLED:] / walk.values[0] for walk in walks]
    figures = {"rows": int(paid[1].size), "paid a row": float(paid[1][0]), "at twice": float(paid[2][0])}
    wrong = _carry_fault(*paid)
    if wrong:
        return failed(wrong, **figures)
    return passed(f"{paid[1].size} rows of a short cost the same each", **figures)


def _carry_fault(free: Floats, once: Floats, twice: Floats) -> str:
    """What is wrong with what the rows of a short pay at no, the once and the double fee; empty where nothing is."""
    if np.abs(free).max() > 0.01 * CARRY:
        return "a short that borrows for nothing still pays"
    if not (once > 0.0).all():
        return f"row {int(np.argmax(once <= 0.0)) + SETTLED + 1} of a short costs nothing"
    spread, ratio = float(once.max() / once.min()), float(twice.sum() / once.sum())
    if spread > 1.02:
        return f"one row of a short costs {spread:.4g} times what another does"
    return "" if 1.96 < ratio < 2.04 else f"twice the fee on shorts costs {ratio:.4g} times as much"


def _is_short(trial: Trial, actions: list[object]) -> bool:
    """Whether the account falls while prices rise."""
    rows, slots = trial.subject.rows, trial.subject.slots
    rising = np.repeat(100.0 * 1.001 ** np.arange(rows)[:, None], slots, axis=1)
    values = trial.walk(actions, prices=rising).values
    return bool(values[-1] < values[0])


def check_reward(trial: Trial) -> Verdict:
    """Every change of the worth is paid once: the rewards add up to it, the last one too."""
    if trial.subject.reward == "other":
        return skipped("its rewards are said to be no change of the worth")
    count = trial.subject.rows if "prices" in trial.subject.knobs else trial.steps
    walk = trial.walk(trial.actions(count), **trial.prices())
    if not walk.valued:
        return skipped("the worth of the account is not known at every step")
    kinds = [trial.subject.reward] if trial.subject.reward else ["change", "log", "return"]
    rewards = np.asarray(walk.rewards)
    found = [(kind, factor, wrong) for kind in kinds for factor, wrong in _fits(kind, walk.values, rewards)]
    if not found:
        if trial.subject.reward:
            return failed(f"the rewards are no multiple of the {trial.subject.reward} of the worth")
        return skipped("the rewards are no change, log change or return of the worth; say which they are meant to be")
    kind, factor, wrong = min(found, key=lambda fit: fit[2].size)
    changes = _changes(kind, walk.values) * factor
    figures: dict[str, Any] = {
        "reward": kind,
        "factor": factor,
        "sum of rewards": walk.total,
        "sum of changes": float(changes.sum()),
    }
    if wrong.size:
        step = int(wrong[0]) + 1
        seen = f"step {step} of {walk.steps} pays {rewards[step - 1]:.6g} for a change of {changes[step - 1]:.6g}"
        return failed(f"{seen} ({wrong.size} such steps)", **figures)
    return passed(f"{walk.steps} rewards are each {factor:.6g} x the {kind} of the worth", **figures)


def _changes(kind: str, values: list[float]) -> Floats:
    worth = np.asarray(values, np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "log":
            return np.asarray(np.diff(np.log(worth)))
        return np.asarray(np.diff(worth) / worth[:-1] if kind == "return" else np.diff(worth))


def _fits(kind: str, values: list[float], rewards: Floats) -> list[tuple[float, np.ndarray]]:
    """The factor by which rewards are changes in at least four of five steps, and the steps where they are not."""
    changes = _changes(kind, values)
    noise = EXACT * (np.abs(np.asarray(values)).max() if kind == "change" else 1.0)
    told = np.abs(changes) > 100.0 * noise
    if told.sum() < ENOUGH or not np.isfinite(changes).all():
        return []
    factor = float(np.median(rewards[told] / changes[told]))
    if factor <= 0.0:
        return []
    off = np.abs(rewards - factor * changes) > factor * (noise + 1e-4 * np.abs(changes))
    return [(factor, np.flatnonzero(off))] if off.sum() <= 0.2 * rewards.size else []
