"""The agents' configuration classes, as their document prints them."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class PositionSizingConfig:
    method: str = "equal_weight"
    max_position_size: float = 0.1
    min_position_size: float = 0.01
    learning_rate: float = 0.01
    adaptation_period: int = 20


@dataclass
class RiskManagementConfig:
    max_portfolio_risk: float = 0.15
    max_position_risk: float = 0.05
    var_limit: float = 0.02
    risk_adjustment_speed: float = 0.1


@dataclass
class CorrelationConfig:
    max_correlation: float = 0.7
    correlation_lookback: int = 252
    adjustment_factor: float = 0.5
    update_frequency: str = "daily"


@dataclass
class ExecutionRulesConfig:
    default_order_type: str = "LIMIT"
    time_in_force: str = "DAY"
    price_threshold: float = 0.01
    market_impact_limit: float = 0.005


@dataclass
class RiskTolerance:
    portfolio_risk: float
    position_risk: float
    var: float


@dataclass
class RiskFeedbackConfig:
    max_iterations: int = 3
    risk_tolerance: RiskTolerance = field(
        default_factory=lambda: RiskTolerance(portfolio_risk=0.15, position_risk=0.05, var=0.02)
    )
    resize_threshold: float = 0.5  # Minimum position size as fraction of original
