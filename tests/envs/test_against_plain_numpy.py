"""One lane written out in plain NumPy against the environment: books, costs, rewards and observations agree.

The lane says weights or changes of them, pays a share of notional, is capped per name, and fills at the next open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from tests.envs.worlds import Keys, config, one
from tests.laws.tapes import Shape, make_tape

CAPITAL = 20_000.0
LENGTH = 70
DECAY = 0.94
PORTFOLIO = ("cash", "gross", "net", "wealth", "drawdown", "return", "cost", "room")
RATIOS = ("sharpe", "sortino", "calmar")
PAID = ("portfolio_pnl", "log_return", *RATIOS, "differential_sharpe", "composite")


@dataclass(frozen=True)
class Rules:
    """A lane's rules, its actions and what it is paid."""

    kind: str
    simplex: str
    cash: bool
    short: bool
    leverage: float
    fee: float
    cap: float
    paid: str
    raw: bool
    tape: Tape

    def keys(self) -> Keys:
        """As a configuration."""
        lane = {
            "account": {"initial_capital": CAPITAL},
            "sizing": {"allow_short": self.short},
            "limits": {"max_leverage": self.leverage, "max_position": self.cap},
            "execution": {"commission": {"model": "percentage", "percentage_fee": self.fee}},
        }
        reward = {"type": self.paid, "terms": "raw" if self.raw else "scaled", "risk_adjusted": True}
        penalties = {"risk_aversion": 3.0, "transaction_cost_penalty": 0.5, "drawdown_penalty": 2.0, "eta": 0.1}
        action = {"kind": self.kind, "simplex": self.simplex, "cash": self.cash, "max_change": 0.3, "sharpness": 2.0}
        return config(
            lane,
            action=action,
            observation={"episode": True},
            reward={**reward, **penalties, "reward_scaling": 10.0},
            episode={"start": "random", "length": LENGTH},
        )


def rules_of(seed: int) -> Rules:
    """Random rules on a random tape; every kind of reward in turn."""
    rng = np.random.default_rng(seed)
    short = bool(rng.random() < 0.5)
    shape = Shape(seed=seed, rows=120, slots=int(rng.integers(1, 6)), jumps=float(rng.choice([0.0, 0.01, 0.05])))
    return Rules(
        kind=str(rng.choice(["weights", "changes"], p=[0.7, 0.3])),
        simplex=str(rng.choice(["softmax", "clip", "raw"])),
        cash=bool(rng.random() < 0.6),
        short=short,
        leverage=float(rng.choice([1.0, 1.5, 2.0])) if short else 1.0,
        fee=float(rng.choice([0.0, 0.001, 0.01, -0.002])),
        cap=float(rng.choice([0.2, 0.5, 1.0])),
        paid=PAID[seed % len(PAID)],
        raw=bool(rng.random() < 0.3),
        tape=make_tape(shape),
    )


def weights_said(rules: Rules, numbers: Floats, cash: float) -> Floats:
    """Numbers of an action as weights."""
    said, cash = np.clip(numbers, -1.0, 1.0), min(max(cash, -1.0), 1.0)
    if rules.simplex == "softmax" and not rules.short:
        powers: Floats = np.exp(2.0 * said)
        shares: Floats = powers / (powers.sum() + (math.exp(2.0 * cash) if rules.cash else 0.0))
        return shares
    said = said if rules.short else np.maximum(said, 0.0)
    total = np.abs(said).sum()
    if rules.simplex == "raw":
        return said * min(1.0, rules.leverage / total) if total > 0.0 else said
    kept = ((cash + 1.0) / 2.0 if rules.short else max(cash, 0.0)) if rules.cash else 0.0
    return said * (rules.leverage / (total + kept)) if total + kept > 0.0 else 0.0 * said


def halved(low: float, high: float, above: Any) -> float:
    """Where a rising condition turns true, by bisection; the end below it."""
    for _ in range(100):
        middle = 0.5 * (low + high)
        low, high = (low, middle) if above(middle) else (middle, high)
    return low


def openings(held: Floats, order: Floats, factor: float) -> Floats:
    """The orders, what opens in them times a factor."""
    after = held + order
    opened = np.where(held * after <= 0.0, after, np.where(np.abs(after) > np.abs(held), order, 0.0))
    return np.where(opened == 0.0, order, order - opened + factor * opened)


@dataclass
class Plain:
    """The lane."""

    rules: Rules
    row: int
    money: float = CAPITAL
    worth: float = CAPITAL
    peak: float = CAPITAL
    drop: float = 0.0
    variance: float = 0.0
    moments: tuple[float, float] = (0.0, 0.0)
    ratio: float = 0.0
    changes: list[float] = field(default_factory=list)
    wealth: list[float] = field(default_factory=lambda: [1.0])

    def __post_init__(self) -> None:
        self.units = np.zeros(self.rules.tape.slots)
        self.entry = np.zeros(self.rules.tape.slots)

    @property
    def shares(self) -> Floats:
        """Weights held."""
        held: Floats = self.units * self.rules.tape.close[self.row] / self.worth
        return held

    def want(self, action: Floats) -> tuple[Floats, np.ndarray]:
        """What is asked for, and where nothing is said."""
        slots = self.rules.tape.slots
        if self.rules.kind == "weights":
            cash = float(action[slots]) if self.rules.cash else 0.0
            return weights_said(self.rules, action[:slots], cash), np.zeros(slots, np.bool_)
        moved = np.clip(action, -1.0, 1.0)
        asked = self.shares + 0.3 * moved
        asked = asked if self.rules.short else np.maximum(asked, 0.0)
        return np.where(moved == 0.0, self.shares, asked), moved == 0.0

    def limited(self, asked: Floats, silent: np.ndarray) -> Floats:
        """Within the cap of a name and the leverage; what is silent stays."""
        want = np.where(silent, asked, np.clip(asked, -self.rules.cap, self.rules.cap))
        kept, gross = np.abs(want[silent]).sum(), np.abs(want).sum()
        if silent.all() or gross <= self.rules.leverage * (1.0 + 1e-12):
            return want
        return np.where(silent, want, want * max(0.0, (self.rules.leverage - kept) / (gross - kept)))

    def orders(self, want: Floats, silent: np.ndarray) -> Floats:
        """Quantities that reach the wants of what is left after costs."""
        price, fee = self.rules.tape.close[self.row], self.rules.fee
        now = self.units * price

        def too_much(left: float) -> bool:
            spent = fee * np.abs(np.where(silent, 0.0, want * left - now)).sum()
            return bool(left - self.worth + spent > 0.0)

        left = halved(0.0, 2.0 * self.worth, too_much)
        return np.where(silent, 0.0, want * left / price - self.units)

    def fill(self, order: Floats) -> tuple[Floats, float]:
        """What fills at the next open, and its fee: openings share one factor where the money does not reach."""
        price, rules = rules_open(self.rules, self.row + 1), self.rules
        worth = self.money + (self.units * price).sum()

        def lacks(factor: float) -> bool:
            filled = openings(self.units, order, factor)
            left = worth - rules.fee * np.abs(filled * price).sum()
            short = np.abs((self.units + filled) * price).sum() - rules.leverage * left
            return bool(short > 1e-12 * abs(worth))

        filled = openings(self.units, order, halved(0.0, 1.0, lacks)) if lacks(1.0) else order
        return filled, rules.fee * float(np.abs(filled * price).sum())

    def step(self, action: Floats) -> dict[str, Any]:
        """One bar; what it was."""
        asked, silent = self.want(action)
        projected = self.limited(asked, silent)
        filled, fee = self.fill(self.orders(projected, silent))
        self.row += 1
        price = rules_open(self.rules, self.row)
        after = self.units + filled
        turned, grown = self.units * after <= 0.0, np.abs(after) > np.abs(self.units)
        mean = (self.entry * self.units + price * filled) / np.where(after == 0.0, 1.0, after)
        self.entry = np.where(filled == 0.0, self.entry, np.where(turned, price, np.where(grown, mean, self.entry)))
        self.money -= float((filled * price).sum()) + fee
        self.units, before = after, self.worth
        self.worth = self.money + float((after * self.rules.tape.close[self.row]).sum())
        turnover = float(np.abs(filled * price).sum()) / before
        return {"asked": asked, "projected": projected, **self.judged(before, fee, turnover)}

    def judged(self, before: float, fee: float, turnover: float) -> dict[str, Any]:
        """What the bar was worth."""
        change, cost = self.worth / before - 1.0, fee / before
        self.changes.append(change)
        self.wealth.append(self.worth / CAPITAL)
        self.peak = max(self.peak, self.worth)
        drop, self.drop = self.drop, self.worth / self.peak - 1.0
        self.variance = DECAY * self.variance + (1.0 - DECAY) * change * change
        paid = self.base(change, cost, turnover)
        if self.rules.paid in ("portfolio_pnl", "log_return", "composite"):
            paid -= 1.5 * self.variance
        paid -= 0.5 * cost + 2.0 * max(0.0, drop - self.drop)
        gross = float(np.abs(self.shares).sum())
        book = (self.money / self.worth, gross, self.shares.sum(), math.log(self.worth / CAPITAL), self.drop)
        seen = (*book, 100.0 * change, 100.0 * cost, 1.0 - gross / self.rules.leverage)
        said = {"equity": self.worth, "drawdown": self.drop, "turnover": turnover, "commission": fee}
        return {**said, "weights": self.shares, "reward": 10.0 * paid, "portfolio": np.clip(seen, -10.0, 10.0)}

    def base(self, change: float, cost: float, turnover: float) -> float:
        """What is paid before penalties."""
        paid = self.rules.paid
        if paid == "portfolio_pnl":
            return change
        if paid == "log_return":
            return math.log1p(change)
        if paid in RATIOS:
            last, self.ratio = self.ratio, ratio_of(paid, self.changes, self.wealth, self.years)
            return self.ratio - last
        if paid == "composite":
            return self.composite(change, cost, turnover)
        first, second = change - self.moments[0], change * change - self.moments[1]
        spread = self.moments[1] - self.moments[0] ** 2
        value = (self.moments[1] * first - 0.5 * self.moments[0] * second) / max(spread, 1e-12) ** 1.5
        self.moments = (self.moments[0] + 0.1 * first, self.moments[1] + 0.1 * second)
        return value if len(self.changes) > 20 and spread > 1e-12 else 0.0

    @property
    def years(self) -> float:
        """Bars of a year."""
        return self.rules.tape.calendar.bars_per_year

    def composite(self, change: float, cost: float, turnover: float) -> float:
        """The seven terms, weighted; volatility and drawdown have no limit, so scaled they count nothing."""
        close, raw = self.rules.tape.close, self.rules.raw
        market = (close[1:] / close[:-1] - 1.0).mean(axis=1)[self.row - 60 : self.row] if self.row >= 60 else []
        spread = float(np.std(market, ddof=1)) if len(market) else 0.0
        recent = self.changes[-60:]
        own = float(np.std(recent, ddof=1)) if len(recent) >= 20 else 0.0
        ratio = float(np.mean(recent)) / own * math.sqrt(self.years) if own > 0.0 else 0.0
        gross = float(np.abs(self.shares).sum())
        trend = np.sign(close[self.row] / close[self.row - 20] - 1.0) if self.row >= 20 else 0.0 * self.shares
        uneven = float(((self.shares / gross) ** 2).sum()) if gross > 0.0 else 1.0
        spread_out = gross * (1.0 / uneven - 1.0) / max(self.shares.size - 1, 1)
        terms = {
            2.0: change if raw else (math.tanh(change / spread) if spread > 0.0 else 0.0),
            0.5: -0.5 * (own * math.sqrt(self.years) - self.drop) if raw else 0.0,
            0.1: -cost if raw else -min(1.0, max(-1.0, cost / 0.001)),
            0.05: -turnover if raw else -min(1.0, turnover),
            1.0: ratio if raw else min(1.0, max(-1.0, ratio / 3.0)),
            0.3: float((self.shares * trend).sum()) / max(1.0, gross),
            0.2: spread_out if raw else min(1.0, spread_out),
        }
        return math.fsum(weight * term for weight, term in terms.items())


def rules_open(rules: Rules, row: int) -> Floats:
    """Opening prices."""
    prices: Floats = rules.tape.open[row]
    return prices


def ratio_of(kind: str, changes: list[float], wealth: list[float], years: float) -> float:
    """A ratio of the whole episode so far, from its definition."""
    if len(changes) < 20:
        return 0.0
    path, returns = np.array(wealth), np.array(changes)
    if kind == "calmar":
        drop = float((path / np.maximum.accumulate(path) - 1.0).min())
        return float(path[-1] ** (years / len(changes)) - 1.0) / -drop if drop < 0.0 else 0.0
    below = returns.std(ddof=1) if kind == "sharpe" else math.sqrt(np.mean(np.minimum(returns, 0.0) ** 2))
    return float(returns.mean() / below) * math.sqrt(years) if below > 0.0 else 0.0


@pytest.mark.parametrize("seed", range(28))
def test_a_lane_in_plain_numpy_keeps_the_same_book(seed: int) -> None:
    rules = rules_of(seed)
    env = one(rules.keys(), rules.tape)
    names = env.feature_names
    _, info = env.reset(seed=seed)
    lane, rng = Plain(rules, info["row"]), np.random.default_rng(seed)
    numbers = len(env.action_names)
    for number in range(1, LENGTH + 1):
        action = rng.uniform(-1.2, 1.2, numbers)
        action[: rules.tape.slots] *= rng.random() > 0.2
        seen, reward, terminated, truncated, info = env.step(action)
        wanted = lane.step(action)
        for name in ("asked", "projected", "weights", "equity", "drawdown", "turnover"):
            np.testing.assert_allclose(info[name], wanted[name], rtol=1e-7, atol=1e-8, err_msg=f"{name} {number}")
        assert info["costs"]["commission"] == pytest.approx(wanted["commission"], rel=1e-6, abs=1e-6 * CAPITAL)
        assert reward == pytest.approx(wanted["reward"], rel=1e-5, abs=1e-6), number
        shown = dict(zip(names, seen.tolist(), strict=True))
        np.testing.assert_allclose([shown[f"portfolio.{name}"] for name in PORTFOLIO], wanted["portfolio"], atol=1e-5)
        for slot, symbol in enumerate(rules.tape.symbols):
            assert shown[f"{symbol}.weight"] == pytest.approx(wanted["weights"][slot], abs=1e-6)
            if abs(wanted["weights"][slot]) > 1e-6:
                price = rules.tape.close[info["row"], slot]
                profit = math.copysign(1.0, wanted["weights"][slot]) * (price / lane.entry[slot] - 1.0)
                assert shown[f"{symbol}.profit"] == pytest.approx(profit, abs=1e-5)
        assert shown["episode.done"] == pytest.approx(number / LENGTH, abs=1e-6)
        assert not terminated
        assert truncated == (number == LENGTH)


def test_a_rebate_pays_a_composite_no_more_than_its_weight() -> None:
    rules = replace(rules_of(6), paid="composite", raw=False, fee=-0.01, kind="weights", simplex="clip", short=False)
    env = one(rules.keys(), rules.tape)
    env.reset(seed=0)
    for sign in (1.0, -1.0, 1.0):
        env.step(np.full(len(env.action_names), sign))
        assert -1.0 <= env.core.arena.steps["cost"][0] <= 1.0
    assert env.core.arena.steps["cost"][0] == 1.0
