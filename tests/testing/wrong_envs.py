"""A small environment that keeps its accounts right, and twins of it that each break one law."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np

from polyfolio.testing.audit import EnvSubject

CAPITAL = 1_000.0
FLAT, LONG, SHORT = 0, 1, 2
SIDES = (0.0, 1.0, -1.0)


class RightEnv(gymnasium.Env):
    """One instrument, flat, long or short, traded at the next row; what is drawn is one number of the observation."""

    def __init__(
        self,
        prices: np.ndarray | None = None,
        fee: float = 1e-3,
        borrow: float = 0.0,
        features: np.ndarray | None = None,
    ) -> None:
        rows = 120 if prices is None else len(prices)
        walk = 100.0 * np.exp(np.cumsum(np.random.default_rng(5).normal(0.0, 0.01, rows)))
        self.closes = walk if prices is None else np.asarray(prices, float)[:, 0]
        self.features = np.zeros((rows, 1)) if features is None else features
        self.fee, self.borrow = fee, borrow
        self.action_space = gymnasium.spaces.Discrete(3)
        self.observation_space = gymnasium.spaces.Box(-1e3, 1e3, (4,), np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        super().reset(seed=seed)
        self.row, self.cash, self.held = 0, CAPITAL, 0.0
        self.drawn = self.draw()
        return self.observe(), self.info()

    def draw(self) -> float:
        return float(self.np_random.normal())

    def step(self, action: Any) -> tuple[Any, ...]:
        before = self.worth()
        self.row += 1
        self.carry()
        self.trade(SIDES[int(action)])
        ended = self.row == len(self.closes) - 1
        return self.observe(), self.pay(before), self.worth() <= 0.0, ended, self.info()

    def carry(self) -> None:
        self.cash -= self.borrow * max(0.0, -self.held) * self.closes[self.row]

    def trade(self, side: float) -> None:
        price = self.price()
        change = side * self.worth_at(price) / price - self.held
        self.held += change
        self.cash -= change * price + self.cost(change * price)

    def price(self) -> float:
        return float(self.closes[self.row])

    def cost(self, traded: float) -> float:
        return self.fee * abs(traded)

    def pay(self, before: float) -> float:
        return self.worth() - before

    def worth_at(self, price: float) -> float:
        return self.cash + self.held * price

    def worth(self) -> float:
        return self.worth_at(float(self.closes[self.row]))

    def observe(self) -> Any:
        last = self.closes[max(self.row - 1, 0)]
        move = np.log(self.closes[self.row] / last)
        return np.array([move, np.sign(self.held), self.drawn, self.features[self.row, 0]], np.float32)

    def info(self) -> dict[str, Any]:
        return {"equity": self.worth()}


class BoxEnv(RightEnv):
    """The same, told by the share of the account that is held."""

    def __init__(self, prices: np.ndarray | None = None, fee: float = 1e-3) -> None:
        super().__init__(prices, fee)
        self.action_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)

    def step(self, action: Any) -> tuple[Any, ...]:
        if not self.action_space.contains(action):
            raise ValueError(f"no action: {action}")
        return self.move(float(action[0]))

    def move(self, share: float) -> tuple[Any, ...]:
        before = self.worth()
        self.row += 1
        self.trade(share)
        return self.observe(), self.pay(before), False, self.row == len(self.closes) - 1, self.info()


class TakesNan(BoxEnv):
    def step(self, action: Any) -> tuple[Any, ...]:
        return self.move(float(np.nan_to_num(action[0])))


# manners


class FourValues(RightEnv):
    def step(self, action: Any) -> tuple[Any, ...]:
        observation, reward, terminated, truncated, info = super().step(action)
        return observation, reward, terminated or truncated, info


class ResetsToOne(RightEnv):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        return super().reset(seed=seed)[0]


class PaysNan(RightEnv):
    def pay(self, before: float) -> float:
        return float("nan") if self.row == 7 else super().pay(before)


class ShowsList(RightEnv):
    def observe(self) -> Any:
        return super().observe().tolist()


class ShowsDoubles(RightEnv):
    def observe(self) -> Any:
        return super().observe().astype(np.float64)


class ShowsBeyondBounds(RightEnv):
    def observe(self) -> Any:
        return super().observe() + np.float32(2e3 * (self.row == 9))


class OverwritesObservations(RightEnv):
    buffer = None

    def observe(self) -> Any:
        if self.buffer is None:
            self.buffer = np.zeros(4, np.float32)
        self.buffer[:] = super().observe()
        return self.buffer


class ChangesActions(BoxEnv):
    def step(self, action: Any) -> tuple[Any, ...]:
        action *= np.float32(0.5)
        return super().step(action)


# repeatability


class DrawsFromEverybody(RightEnv):
    def draw(self) -> float:
        return float(np.random.normal())  # noqa: NPY002 - the fault


class SetsEverybodysSeed(RightEnv):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        np.random.seed(seed)  # noqa: NPY002 - the fault
        return super().reset(seed=seed)


class ForgetsSeeds(RightEnv):
    """Every instance draws the same numbers, whatever it is told."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.own = np.random.default_rng(0)

    def draw(self) -> float:
        return float(self.own.normal())


class CountsForAll(RightEnv):
    """Keeps a counter in the class."""

    count = 0

    def step(self, action: Any) -> tuple[Any, ...]:
        type(self).count += 1
        self.drawn = float(type(self).count)
        return super().step(action)


class RemembersPositions(RightEnv):
    """Shows a position of the former episode."""

    last = 0.0

    def observe(self) -> Any:
        observation = super().observe()
        observation[1], self.last = self.last, float(np.sign(self.held))
        return observation


# money


class NoFee(RightEnv):
    def cost(self, traded: float) -> float:
        return 0.0


class WholeTurnover(RightEnv):
    """Takes a thousandth of what is traded, whatever the rate is."""

    def cost(self, traded: float) -> float:
        return 1e-3 * abs(traded) * (self.fee > 0.0)


class PaysBeforeCosts(RightEnv):
    paid = 0.0

    def cost(self, traded: float) -> float:
        self.paid = super().cost(traded)
        return self.paid

    def pay(self, before: float) -> float:
        return super().pay(before) + self.paid


class RandomSlippage(RightEnv):
    """As often a gift as a cost."""

    def cost(self, traded: float) -> float:
        return super().cost(traded) + 1e-3 * traded * self.np_random.normal()


class EarnsOnCash(RightEnv):
    def carry(self) -> None:
        super().carry()
        self.cash *= 1.0001


class OverwrittenBorrow(RightEnv):
    """What is owed for a short is set anew in each row and not added up."""

    owed = 0.0

    def carry(self) -> None:
        self.owed = self.borrow * max(0.0, -self.held) * self.closes[self.row]

    def worth_at(self, price: float) -> float:
        return super().worth_at(price) - self.owed

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self.owed = 0.0
        return super().reset(seed=seed)


class FreeShorts(RightEnv):
    def carry(self) -> None:
        self.cash -= self.borrow * abs(self.held > 0.0) * self.closes[self.row]


class PaysTheLastTwice(RightEnv):
    def pay(self, before: float) -> float:
        return super().pay(before) * (1.0 + (self.row == len(self.closes) - 1))


class PaysEarly(RightEnv):
    """Pays the next row's gain already."""

    def pay(self, before: float) -> float:
        later = self.closes[min(self.row + 1, len(self.closes) - 1)]
        return super().pay(before) + self.held * float(later - self.closes[self.row])


# time


class ShowsTomorrow(RightEnv):
    def observe(self) -> Any:
        observation = super().observe()
        later = self.closes[min(self.row + 1, len(self.closes) - 1)]
        observation[0] = np.log(later / self.closes[self.row])
        return observation


class ScalesByAll(RightEnv):
    def observe(self) -> Any:
        observation = super().observe()
        observation[0] = (self.closes[self.row] - self.closes.mean()) / (self.closes.std() + 1e-9)
        return observation


class SameClose(RightEnv):
    """Trades at the close that its observation ended with."""

    def price(self) -> float:
        return float(self.closes[self.row - 1])


class FeatureStopsTrades(RightEnv):
    """A feature of exactly 1 means that the instrument cannot be traded."""

    def trade(self, side: float) -> None:
        if self.features[self.row, 0] != 1.0:
            super().trade(side)


# growth


class SumsItsHistory(RightEnv):
    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> Any:
        self.past: list[float] = []
        return super().reset(seed=seed)

    def step(self, action: Any) -> tuple[Any, ...]:
        answer = super().step(action)
        self.past.append(self.worth())
        self.mean = sum(abs(value) for value in self.past) / len(self.past)
        return answer


class KeepsEverything(RightEnv):
    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.log: list[Any] = []

    def step(self, action: Any) -> tuple[Any, ...]:
        answer = super().step(action)
        self.log.append(answer)
        return answer


def subject(make: Callable[..., Any], **further: Any) -> EnvSubject:
    """The subject of an environment of this file."""
    discrete = not issubclass(make, BoxEnv) if isinstance(make, type) else True
    actions = {"flat": FLAT, "long": LONG, "short": SHORT}
    if not discrete:
        actions = {"flat": np.zeros(1, np.float32), "long": np.ones(1, np.float32), "short": -np.ones(1, np.float32)}
    return EnvSubject(make, make.__name__, columns=1, **{**actions, **further})
