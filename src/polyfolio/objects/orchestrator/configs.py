"""What the orchestrator is made with: one configuration per agent, in the words of the portfolio trading document."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyfolio.core.codes import FillAt, SizeAt, Sizing, Stage
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.rules import aliases
from polyfolio.rules.arguments import at_least, closest
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.presets import merge
from polyfolio.rules.problems import Origin, build
from polyfolio.rules.program import switched_on
from polyfolio.rules.spec import Lane, Spec

# Sizing first, then what looks at risk, then correlation; the certified scale stands behind all that reshapes the book.
ORDER = (
    *(Stage.SIZE, Stage.FILTER, Stage.CAP_POSITION, Stage.CAP_LABEL, Stage.CAP_COUNT, Stage.MIN_POSITION),
    *(Stage.FEEDBACK, Stage.CAP_POSITION_RISK, Stage.CORRELATION, Stage.HEDGE, Stage.DRAWDOWN, Stage.DAILY_LOSS),
    *(Stage.SELECT, Stage.SCALE, Stage.REBALANCE),
)


PLAIN = ("sections", "periods_per_year", "lot")  # parts of an ExecutionConfig that are not configurations themselves


@dataclass(frozen=True)
class PositionSizingConfig:
    """Of the position sizing agent.

    Attributes:
        method: name of a sizing method, e.g. "risk_parity".
        max_position_size: largest absolute share of equity.
        min_position_size: smaller positions become 0.
        learning_rate: how far one period's Sharpe ratio moves a name's size; 0 = no learning.
        adaptation_period: decisions in a period.
    """

    method: str = "equal_weight"
    max_position_size: float = 0.1
    min_position_size: float = 0.01
    learning_rate: float = 0.01
    adaptation_period: int = 20

    def __post_init__(self) -> None:
        at_least("position_config.learning_rate", self.learning_rate, 0.0, whole=False)
        at_least("position_config.adaptation_period", self.adaptation_period, 2)


@dataclass(frozen=True)
class RiskManagementConfig:
    """Of the risk management agent.

    Attributes:
        max_portfolio_risk: largest annualised volatility of the book.
        max_position_risk: largest abs(weight) x annualised volatility of a name.
        var_limit: largest one-day value at risk, historical, 95 %.
        risk_adjustment_speed: how fast a cut scale recovers, per decision.
    """

    max_portfolio_risk: float = 0.15
    max_position_risk: float = 0.05
    var_limit: float = 0.02
    risk_adjustment_speed: float = 0.1


@dataclass(frozen=True)
class CorrelationConfig:
    """Of the correlation agent.

    Attributes:
        max_correlation: from here on positions are damped; signed, so that a hedge is not punished.
        correlation_lookback: returns in the window.
        adjustment_factor: damping at a correlation of 1.
        update_frequency: bar, daily, weekly or monthly.
    """

    max_correlation: float = 0.7
    correlation_lookback: int = 252
    adjustment_factor: float = 0.5
    update_frequency: str = "daily"


@dataclass(frozen=True)
class ExecutionRulesConfig:
    """Of the execution rules agent.

    Attributes:
        default_order_type: MARKET, LIMIT, STOP or STOP_LIMIT.
        time_in_force: DAY, GTC, IOC or FOK.
        price_threshold: distance of a limit from the decision's last price.
        market_impact_limit: an order is cut until its estimated impact is at most this.
    """

    default_order_type: str = "LIMIT"
    time_in_force: str = "DAY"
    price_threshold: float = 0.01
    market_impact_limit: float = 0.005


@dataclass(frozen=True)
class RiskTolerance:
    """What the feedback loop accepts; of two bounds for one risk the tighter holds.

    Attributes:
        portfolio_risk: annualised volatility of the book.
        position_risk: abs(weight) x annualised volatility of a name.
        var: one-day value at risk.
    """

    portfolio_risk: float
    position_risk: float
    var: float


@dataclass(frozen=True)
class RiskFeedbackConfig:
    """Of the risk feedback loop.

    Attributes:
        max_iterations: rounds at most.
        risk_tolerance: bounds it works towards.
        resize_threshold: smallest factor of one round.
    """

    max_iterations: int = 3
    risk_tolerance: RiskTolerance = field(default_factory=lambda: RiskTolerance(0.15, 0.05, 0.02))
    resize_threshold: float = 0.5


@dataclass(frozen=True)
class TradeSelectionConfig:
    """Of the trade selector.

    Attributes:
        max_turnover: most turnover of a decision, two-way, a share of equity; None = off.
        max_trades: most openings of a decision; None = off.
        priorities: symbol to its place in the queue, the smallest first, e.g. {"AAPL": 1}; others come last.
    """

    max_turnover: float | None = None
    max_trades: int | None = None
    priorities: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for symbol, place in self.priorities.items():
            whole_number(f"selection.priorities.{symbol}", place)


@dataclass(frozen=True)
class ExecutionConfig:
    """Of the orchestrator.

    Attributes:
        position_config: of the position sizing agent.
        risk_config: of the risk management agent.
        correlation_config: of the correlation agent.
        execution_config: of the execution rules agent.
        risk_feedback: of the feedback loop; None = no loop.
        selection: of the trade selector.
        sections: sections of this package over what the above say, e.g. {"execution": {"schedule": {"model": "twap",
            "bars": 6}}}.
        periods_per_year: of the returns in the market data; a tape knows its own.
        lot: units orders are rounded to, 0 = any quantity; a tape knows its own.
    """

    position_config: PositionSizingConfig = field(default_factory=PositionSizingConfig)
    risk_config: RiskManagementConfig = field(default_factory=RiskManagementConfig)
    correlation_config: CorrelationConfig = field(default_factory=CorrelationConfig)
    execution_config: ExecutionRulesConfig = field(default_factory=ExecutionRulesConfig)
    risk_feedback: RiskFeedbackConfig | None = field(default_factory=RiskFeedbackConfig)
    selection: TradeSelectionConfig = field(default_factory=TradeSelectionConfig)
    sections: Mapping[str, Any] = field(default_factory=dict)
    periods_per_year: float = 252.0
    lot: float = 1.0

    def __post_init__(self) -> None:
        at_least("periods_per_year", self.periods_per_year, 1.0, whole=False)
        at_least("lot", self.lot, 0.0, whole=False)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> ExecutionConfig:
        """From a map of maps, as a file would hold it; `feedback_config` is another word for `risk_feedback`.

        Raises:
            ConfigError: a section or key that is not known, with the closest one.
        """
        given = {"risk_feedback" if key == "feedback_config" else key: value for key, value in data.items()}
        parts: dict[str, Any] = {
            "position_config": PositionSizingConfig,
            "risk_config": RiskManagementConfig,
            "correlation_config": CorrelationConfig,
            "execution_config": ExecutionRulesConfig,
            "risk_feedback": RiskFeedbackConfig,
            "selection": TradeSelectionConfig,
        }
        made = {key: _part(parts.get(key), key, value, (*parts, *PLAIN)) for key, value in given.items()}
        return cls(**made)

    def spec(self, name: str = "orchestrator") -> Spec:
        """The configuration of the lane the agents work in.

        Raises:
            ConfigError: names every wrong key or value by the document's word for it.
        """
        data: dict[str, Any] = {
            "position_config": self.position_config,
            "risk_config": self.risk_config,
            "correlation_config": self.correlation_config,
            "execution_config": self.execution_config,
        }
        if self.risk_feedback is not None:
            data["feedback_config"] = self.risk_feedback
        written = {key: dataclasses.asdict(part) for key, part in data.items()}
        translation = aliases.translate("agents", written)
        chosen = {"max_turnover": self.selection.max_turnover, "max_trades": self.selection.max_trades}
        limits = {key: value for key, value in chosen.items() if value is not None}
        whole = {"journal": "full", **translation.as_spec(name)}
        # Of two bounds for one limit the tighter holds, so that one is the one to name: it comes last.
        tightest = sorted(translation.mapped, key=lambda item: -item.value if isinstance(item.value, float) else 0.0)
        theirs = {aliases.place(item.ours): item.theirs for item in tightest}
        lane = merge({"sizing": {"allow_short": True}}, whole["lanes"][0])
        lane = merge(merge(lane, {"limits": limits} if limits else {}), self.sections)
        return in_order(build(Spec, {**whole, "lanes": [lane]}, Origin("", {}, theirs)))


def _part(cls: Any, key: str, value: Any, known: tuple[str, ...]) -> Any:
    """One configuration from a map of its keys."""
    if key in PLAIN:
        return value
    if cls is None:
        raise ConfigError(key, value, "one of " + ", ".join(known), closest(key, known, "Remove it."))
    if not isinstance(value, Mapping):
        return value
    names = [item.name for item in dataclasses.fields(cls)]
    for inner, found in value.items():
        if inner not in names:
            bound = "one of " + ", ".join(names)
            raise ConfigError(f"{key}.{inner}", found, bound, closest(inner, names, "Remove it."))
    inside = dict(value)
    if isinstance(inside.get("risk_tolerance"), Mapping):
        inside["risk_tolerance"] = RiskTolerance(**inside["risk_tolerance"])
    return cls(**inside)


def in_order(spec: Spec) -> Spec:
    """The same with its lane's stages in the order of the agents, where the lane names none."""
    lane = spec.lanes[0]
    if lane.program is not None or lane.optimise is not None:
        return spec
    rules = compile_spec(spec, Universe(("ANY",), base_currency=lane.account.base_currency)).rules[0]
    on = [Stage.SIZE, Stage.FILTER, *(stage for stage, _ in switched_on(rules))]
    if not set(on) <= set(ORDER):
        return spec
    names = tuple(stage.name.lower() for stage in ORDER if stage in on)
    return spec.model_copy(update={"lanes": (lane.model_copy(update={"program": names}),)})


def whole_number(name: str, place: object) -> None:
    """Refuse a place in a queue that is no whole number."""
    if isinstance(place, bool) or not isinstance(place, int) or abs(place) > 10**9:
        raise ConfigError(name, place, "a whole number, the smallest first", "Correct it.")


def lane_of(config: ExecutionConfig | Mapping[str, Any] | Spec, lane: int | str = 0) -> Spec:
    """A Spec of the one lane an orchestrator works in.

    Raises:
        ConfigError: a lane that does not decide one verb at a time.
    """
    if isinstance(config, Mapping):
        config = ExecutionConfig.of(config)
    spec = config if isinstance(config, Spec) else config.spec()
    names = [one.name for one in spec.lanes]
    if isinstance(lane, str) and lane not in names:
        raise ConfigError("lane", lane, "one of " + ", ".join(names), closest(lane, names))
    chosen = spec.lanes[names.index(lane) if isinstance(lane, str) else lane]
    return _agreeable(spec.model_copy(update={"lanes": (chosen,), "groups": (), "journal": spec.journal}), chosen)


def _agreeable(spec: Spec, lane: Lane) -> Spec:
    """Refuse what an agent could not take part in."""
    remedy = "Change it, or run the lane with polyfolio.backtest."
    if lane.execution.fill == FillAt.SAME_CLOSE:
        raise ConfigError("execution.fill", "same_close", "a later fill where agents decide", remedy)
    if lane.execution.sizing == SizeAt.FILL:
        raise ConfigError("execution.sizing", "fill", "decision where agents decide", remedy)
    if lane.sizing.method == Sizing.ORDERS:
        raise ConfigError("sizing.method", "orders", "another one where agents decide", remedy)
    return spec
