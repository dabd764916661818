"""What an agent is paid: the section `environment.reward`, and a lane's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import model_validator

from polyfolio.core.codes import Reward
from polyfolio.rules.fields import WORD, Section, key
from polyfolio.rules.problems import Problem, refuse

RATE = "multiple"


class WeightsSection(Section):
    """Weights of the seven terms of a composite reward; penalties are negative numbers already."""

    profit: float = key(
        2.0, "tanh of the return over the market's deviation.", example=1.0, ge=0.0, le=1e6, record="", used="reward"
    )
    risk: float = key(
        0.5, "Volatility and drawdown against their limits.", example=1.0, ge=0.0, le=1e6, record="", used="reward"
    )
    cost: float = key(0.1, "Costs against 0.1 % of equity.", example=1.0, ge=0.0, le=1e6, record="", used="reward")
    stability: float = key(0.05, "Turnover of the bar.", example=1.0, ge=0.0, le=1e6, record="", used="reward")
    sharpe: float = key(1.0, "Sharpe ratio of 60 bars.", example=0.5, ge=0.0, le=1e6, record="", used="reward")
    momentum: float = key(
        0.3, "Weights on the side of the 20-bar return.", example=0.5, ge=0.0, le=1e6, record="", used="reward"
    )
    diversification: float = key(0.2, "Evenness of the weights.", example=0.5, ge=0.0, le=1e6, record="", used="reward")


class RewardSection(Section):
    """What the agent is paid for a bar, after costs."""

    type: Annotated[Reward, WORD] = key(
        Reward.LOG_RETURN, "The formula.", example="differential_sharpe", record="", used="reward"
    )
    weights: WeightsSection = key(
        WeightsSection(), "Weights of type composite.", example={"profit": 1.0}, record="", used="reward"
    )
    terms: Literal["scaled", "raw"] = key(
        "scaled", "Terms of type composite in -1..1, or unscaled.", example="raw", record="", used="reward"
    )
    custom: str | None = key(None, "module:function of type custom.", example="my_rewards:pay", record="", used="envs")
    risk_adjusted: bool = key(
        False,
        "true: minus risk_aversion / 2 x EWMA variance of the lane's returns (decay 0.94); no effect on the types "
        "sharpe, differential_sharpe, sortino and calmar, which hold risk already.",
        example=True,
        record="",
        used="reward",
    )
    risk_aversion: float = key(
        1.0, "The factor of risk_adjusted.", example=3.0, ge=0.0, le=1e6, record="", used="reward"
    )
    transaction_cost_penalty: float = key(
        0.0,
        "Times the bar's costs / equity, minus; on top of the costs in the equity, so they count twice on purpose.",
        unit=RATE,
        example=0.5,
        ge=0.0,
        le=1e6,
        record="",
        used="reward",
    )
    drawdown_penalty: float = key(
        0.0,
        "Times the increase of the drawdown in the bar, minus.",
        unit=RATE,
        example=1.0,
        ge=0.0,
        le=1e6,
        record="",
        used="reward",
    )
    eta: float = key(
        0.01,
        "Adaptation rate of the differential Sharpe ratio.",
        example=0.05,
        gt=0.0,
        lt=1.0,
        record="",
        used="reward",
    )
    reward_scaling: float = key(
        1.0,
        "Times everything; learners want rewards near 1: 100 for log_return of daily bars.",
        unit=RATE,
        example=100.0,
        gt=0.0,
        le=1e9,
        record="",
        used="reward",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if (self.custom is None) == (self.type is Reward.CUSTOM):
            yield Problem(
                ("custom",),
                self.custom,
                "module:function with type custom, null with any other",
                "Write both `type: custom` and `custom: module:function`, or neither.",
            )
