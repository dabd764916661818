"""Random worlds: a tape, lanes with random programs, and random signals; run in checked mode with a full journal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from hypothesis import strategies as st

from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from tests.laws.tapes import Shape, make_tape, shapes

CAPITAL = 100_000.0
Keys = dict[str, Any]


@dataclass(frozen=True)
class World:
    """A tape's shape, the lanes' configuration and the seed of their signals."""

    shape: Shape
    lanes: tuple[Keys, ...]
    seed: int = 0
    silence: float = 0.0  # share of signals without an opinion
    groups: tuple[Keys, ...] = ()
    sleeves: tuple[Keys, ...] | None = None
    spec: Keys = field(default_factory=dict)

    def tape(self) -> Tape:
        """The tape."""
        return make_tape(self.shape)


def optional(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[Keys]:
    """Any subset of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


def of(*values: Any) -> st.SearchStrategy[Any]:
    """One of these values."""
    return st.sampled_from(values)


commissions = st.one_of(
    st.fixed_dictionaries({"model": of("percentage"), "percentage_fee": of(0.001, 0.02, -0.0002)}),
    st.fixed_dictionaries({"model": of("fixed"), "fixed_fee": of(1.0, 50.0)}),
    st.fixed_dictionaries(
        {"model": of("per_unit"), "per_unit_fee": of(0.005), "min_fee": of(1.0), "max_fee": of(40.0)}
    ),
    st.fixed_dictionaries({"model": of("fixed_percentage"), "fixed_fee": of(2.0), "percentage_fee": of(0.0005)}),
    st.fixed_dictionaries(
        {
            "model": of("tiered"),
            "tier_mode": of("marginal", "bracket"),
            "volume_unit": of("units", "notional"),
            "tiered_rates": of(
                [{"min_volume": 0.0, "max_volume": 500.0, "rate": 0.002}, {"min_volume": 500.0, "rate": 0.001}]
            ),
        }
    ),
)
slippages = st.fixed_dictionaries(
    {
        "model": of("percentage", "linear", "square_root", "volume_share"),
        "base_slippage": of(0.0, 0.001),
        "volume_impact": of(0.0, 1e-7),
    }
)
impacts = st.fixed_dictionaries(
    {"model": of("none", "linear", "square_root", "permanent_temporary")},
    optional={
        "permanent_impact": of(0.1),
        "temporary_impact": of(0.05),
        "propagate": st.booleans(),
        "impact_decay": of(0.5, 1.0),
        "participation_rate_limit": of(0.1, 0.001, None),
        "auction_share": of(0.05),
        "participation_base": of("trailing", "bar"),
    },
)
executions = optional(
    fill=of("next_open", "next_close", "next_typical", "same_close"),
    sizing=of("decision", "fill"),
    order_type=of("market", "limit", "stop"),
    time_in_force=of("day", "gtc", "ioc", "fok"),
    price_threshold=of(0.0, 0.01),
    market_impact_limit=of(0.005),
    max_slippage=of(0.01),
    touch=st.booleans(),
    sell_out=st.booleans(),
    commission=commissions,
    slippage=slippages,
    market_impact=impacts,
)
free_methods = of(
    "equal_weight",
    "signal_strength",
    "weights",
    "inverse_volatility",
    "risk_parity",
    "min_variance",
    "kelly",
    "volatility_target",
)


@st.composite
def sizings(draw: st.DrawFn, short: bool) -> Keys:
    """A sizing section; units, money and orders have their own tests because their signals are no weights."""
    keys = {"method": draw(free_methods), "allow_short": short, "gross_target": draw(of(0.5, 1.0))}
    if keys["method"] == "volatility_target":
        keys["target_volatility"] = draw(of(0.1, 0.4))
    if keys["method"] == "kelly":
        keys["kelly_window"] = 10
    if keys["method"] == "risk_parity":
        keys["target_risk"] = draw(of(None, 0.01))
    return keys


def limit_sections(short: bool) -> st.SearchStrategy[Keys]:
    """Bounds that do not exclude each other."""
    keys: Keys = {
        "max_position": of(0.1, 0.3, 0.6),
        "min_position": of(0.01),
        "min_notional": of(100.0),
        "max_gross": of(0.4, 0.9),
        "max_net": of(0.2, 0.8),
        "min_net": of(-0.3, 0.0),
        "max_leverage": of(1.0, 2.0, 3.0),
        "max_long_positions": of(1, 3),
        "max_positions": of(1, 2, 4),
        "min_cash_reserve": of(0.2),
        "max_daily_loss": of(0.01),
        "labels": of([{"by": "sector", "cap": 0.25}], [{"by": "sector", "cap": {"tech": 0.1}, "absent": True}]),
    }
    if short:
        keys["max_short_positions"] = of(0, 1, 2)
    return optional(**keys)


risks = st.fixed_dictionaries(
    {
        "min_history": of(5),
        "var_window": of(12),
        "var_confidence": of(0.9),
        "covariance": st.fixed_dictionaries({"method": of("sample", "ewma", "ledoit_wolf"), "window": of(10)}),
    },
    optional={
        "max_volatility": of(0.1, 0.3),
        "max_var": of(0.01),
        "max_es": of(0.02),
        "max_position_risk": of(0.05, 0.2),
        "var_method": of("historical", "parametric", "cornish_fisher"),
        "warmup": of("block", "parametric", "pass"),
        "max_drawdown": of(0.02, 0.1),
        "drawdown_action": of("reduce", "flatten", "terminate"),
        "projection": of("scale", "qp"),
        "risk_adjustment_speed": of(0.2),
    },
)
exit_rules = optional(
    stop_loss=of(0.01, 0.05), take_profit=of(0.02, 0.1), trailing_stop=of(0.02), bar_until=of("signal_change", "never")
)
correlations = optional(limit=of(0.0, 0.5), rule=of("damp", "drop"))
rebalances = st.one_of(
    optional(every=of("bar", "1d", "week", 3)),
    optional(threshold=of(0.05), risk_band=of([0.1, 0.3]), cost_aware=st.booleans()),
)


def largest_gross(limits: Keys, short: bool) -> float:
    """The largest gross exposure that a lane with these limits may aim at."""
    bound: float = min(limits.get("max_gross", 9.0), limits.get("max_leverage", 1.0))
    if not short:
        bound = min(bound, 1.0 - limits.get("min_cash_reserve", 0.0))
    return min(bound, limits.get("max_position", 9.0) * limits.get("max_positions", 9))


@st.composite
def lane_keys(draw: st.DrawFn) -> Keys:
    """A lane with a random program."""
    short = draw(st.booleans())
    keys: Keys = {
        "account": {
            "initial_capital": CAPITAL,
            **draw(optional(interest_rate=of(0.03), loan_rate=of(0.06), borrow_rate=of(0.02), day_count=of(365.0))),
        },
        "sizing": draw(sizings(short)),
        "limits": draw(limit_sections(short)),
        "execution": draw(executions),
    }
    keys["sizing"]["gross_target"] = min(keys["sizing"]["gross_target"], largest_gross(keys["limits"], short))
    for name, section in (
        ("risk", risks),
        ("correlation", correlations),
        ("exits", exit_rules),
        ("rebalance", rebalances),
        ("feedback", st.just({"iterations": 2})),
    ):
        if draw(st.booleans()):
            keys[name] = draw(section)
    return keys


@st.composite
def worlds(draw: st.DrawFn, shape: st.SearchStrategy[Shape] = shapes, lanes: int = 3) -> World:
    """A random world of up to `lanes` lanes, each with its own program and signals."""
    made = [draw(lane_keys()) for _ in range(draw(st.integers(1, lanes)))]
    named = tuple({"name": f"lane{number}", **keys} for number, keys in enumerate(made))
    return World(draw(shape), named, draw(st.integers(0, 10_000)), draw(of(0.0, 0.0, 0.1)))


def spec_of(world: World, **keys: Any) -> Spec:
    """The world's configuration, checked, with a full journal."""
    return Spec(
        **{
            "name": "world",
            "journal": "full",
            "checked": True,
            "observation": "bar",
            "lanes": list(world.lanes),
            "groups": list(world.groups),
            "sleeves": None if world.sleeves is None else list(world.sleeves),
            **world.spec,
            **keys,
        }
    )


def signals_of(world: World, plan: Plan) -> np.ndarray:
    """Signals from -1 to 1 that turn, rest and fall silent. A source's signals depend on its name alone."""
    out = np.empty((len(plan.sources), world.shape.rows, plan.slot_of.size))
    for number, source in enumerate(plan.sources):
        rng = np.random.default_rng([world.seed, *source.name.encode()])
        walk = np.cumsum(rng.standard_normal(out.shape[1:]), axis=0)
        out[number] = np.clip(np.round(walk, 1), -1.0, 1.0)
        out[number][rng.random(out.shape[1:]) < world.silence] = np.nan
    return out


def engine_of(world: World, tape: Tape | None = None, signals: np.ndarray | None = None, **options: Any) -> Engine:
    """An engine at the start of the world."""
    tape = world.tape() if tape is None else tape
    plan = compile_spec(spec_of(world), tape.universe)
    return Engine(plan, tape, signals_of(world, plan) if signals is None else signals, **options)


def run(world: World, **options: Any) -> Engine:
    """The world, run to its end."""
    return engine_of(world, **options).run()


def single(shape: Shape, silence: float = 0.0, seed: int = 0, **sections: Any) -> World:
    """A world of one lane named `lane`."""
    return World(shape, ({"name": "lane", **sections},), seed, silence)


def changed(keys: Mapping[str, Any], **sections: Any) -> Keys:
    """A lane's keys with some keys of some sections replaced."""
    return {**keys, **{name: {**keys.get(name, {}), **section} for name, section in sections.items()}}
