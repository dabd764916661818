"""The several-portfolios document loads unchanged: each system is a lane, each key says what it became."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyfolio.core.codes import Commission, Level, Sizing, Slippage
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load, load_with_history, parse
from polyfolio.rules.plan import compile_spec
from polyfolio.strategies.run import strategy_of

DOCUMENT = Path(__file__).parent / "data" / "trading_systems.yaml"


def document(**changes: Any) -> dict[str, Any]:
    """The document's block, with sections of its first system changed."""
    data: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text(encoding="utf-8"))
    data["trading_systems"][0].update(changes)
    return data


def changed(path: str, value: object) -> dict[str, Any]:
    data = document()
    *parents, leaf = [int(part) if part.isdigit() else part for part in path.split(".")]
    target: Any = data
    for part in parents:
        target = target[part]
    target[leaf] = value
    return data


def sizers(*items: dict[str, Any], limits: list[dict[str, Any]] | None = None) -> Any:
    return load(document(risk={"position_sizers": list(items), "limits": limits or []})).lanes[0]


def test_the_block_loads_unchanged() -> None:
    spec = load(DOCUMENT)
    assert (spec.name, spec.journal) == ("Dual Portfolio Test", Level.FULL)
    assert spec.tape is not None
    assert (spec.tape.format, spec.tape.path, spec.tape.symbols) == ("csv", "data/SPY_1m.csv", ("SPY",))
    assert [(lane.name, lane.system) for lane in spec.lanes] == [
        ("momentum", "momentum_system"),
        ("mean_rev", "mean_reversion_system"),
    ]
    assert [lane.account.initial_capital for lane in spec.lanes] == [50_000.0, 50_000.0]
    assert [lane.indicators for lane in spec.lanes] == [("sma_20", "rsi_14"), ("bbands_20", "rsi_14")]
    assert (spec.reporting.separate_reports, spec.reporting.combined_summary) == (True, True)


def test_the_strategies_say_what_the_document_says_of_them() -> None:
    momentum, reversion = (lane.strategy for lane in load(DOCUMENT).lanes)
    assert momentum is not None
    assert reversion is not None
    assert momentum.name == "momentum"
    assert momentum.params == {"lookback": 20, "threshold": 0.0002, "long_short": True, "between": "hold"}
    assert reversion.name == "mean_reversion"
    assert reversion.params == {
        "lookback": 15,
        "entry": 1.0,
        "exit": 0.0,
        "method": "zscore",
        "long_short": True,
    }
    for strategy in (momentum, reversion):
        assert strategy_of(strategy.name, strategy.params).params().items() >= strategy.params.items()


def test_sizes_limits_and_costs_keep_every_number() -> None:
    first, second = load(DOCUMENT).lanes
    assert (first.sizing.method, first.sizing.per_signal, first.sizing.resize) == (Sizing.MONEY, 1000.0, False)
    assert (second.sizing.method, second.sizing.per_signal, second.sizing.resize) == (Sizing.WEIGHTS, 0.02, False)
    assert (first.sizing.allow_short, second.sizing.allow_short) == (False, False)
    assert (first.limits.max_position_value, first.limits.max_gross) == (5000.0, None)
    assert (second.limits.max_position_value, second.limits.max_gross) == (None, 0.8)
    slips = [lane.execution.slippage for lane in (first, second)]
    assert [(slip.model, slip.base_slippage) for slip in slips] == [
        (Slippage.PERCENTAGE, 0.0005),
        (Slippage.PERCENTAGE, 0.001),
    ]
    fees = [lane.execution.commission for lane in (first, second)]
    assert [(fee.model, fee.per_unit_fee, fee.percentage_fee) for fee in fees] == [
        (Commission.PER_UNIT, 0.005, 0.0),
        (Commission.PER_UNIT, 0.01, 0.0),
    ]


def test_the_document_compiles_for_its_symbol() -> None:
    plan = compile_spec(load(DOCUMENT), Universe(("SPY",)))
    assert plan.names == ("momentum", "mean_rev")
    assert len(plan.sources) == 2


def test_every_key_of_the_block_is_on_record() -> None:
    loaded = load_with_history(DOCUMENT)
    theirs = {item.theirs for item in loaded.mapped}
    assert loaded.unused == ()
    for path in leaves(document()):
        # An item's type decides where its number goes; it is on record with the number.
        if not path.endswith(".type") or "limits" not in path:
            assert path in theirs or path.rsplit(".", 1)[0] in theirs, path


def leaves(data: Any, path: str = "") -> list[str]:
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    below = [leaf for key, value in items for leaf in leaves(value, f"{path}.{key}" if path else str(key))]
    return below or [path]


def test_keys_of_our_own_hold_over_the_document() -> None:
    data = document() | {
        "name": "mine",
        "seed": 7,
        "journal": "summary",
        "tape": {"format": "demo", "path": None, "timezone": "UTC"},
        "defaults": {"sizing": {"allow_short": True}, "limits": {"max_gross": 0.5}},
        "groups": [{"name": "account", "lanes": ["momentum", "mean_rev"]}],
    }
    spec = load(data)
    assert (spec.name, spec.seed, spec.journal) == ("mine", 7, Level.SUMMARY)
    assert spec.tape is not None
    assert (spec.tape.format, spec.tape.path, spec.tape.symbols) == ("demo", None, ("SPY",))
    assert [lane.sizing.allow_short for lane in spec.lanes] == [True, True]
    assert [lane.limits.max_gross for lane in spec.lanes] == [0.5, 0.8]
    assert spec.groups[0].lanes == ("momentum", "mean_rev")


def test_loading_changes_nothing_of_what_it_is_given() -> None:
    data = document()
    before = copy.deepcopy(data)
    load(data)
    assert data == before


def test_a_fixed_size_may_be_in_shares() -> None:
    lane = sizers({"type": "fixed", "size": 10, "unit": "shares"})
    assert (lane.sizing.method, lane.sizing.per_signal) == (Sizing.UNITS, 10.0)


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (("fixed", 1000), ("percentage", 0.02), (Sizing.MONEY, 1000.0, None, 0.02)),
        (("percentage", 0.02), ("fixed", 1000), (Sizing.WEIGHTS, 0.02, 1000.0, None)),
        (("fixed", 1000), ("fixed", 400), (Sizing.MONEY, 1000.0, 400.0, None)),
        (("percentage", 0.02), ("percentage", 0.05), (Sizing.WEIGHTS, 0.02, None, 0.05)),
    ],
)
def test_of_several_sizes_the_smallest_holds(first: Any, second: Any, expected: Any) -> None:
    """One sizes, the other is a limit of the position: what is held is the smaller of both."""
    lane = sizers(*({"type": kind, "size": size} for kind, size in (first, second)))
    found = (lane.sizing.method, lane.sizing.per_signal, lane.limits.max_position_value, lane.limits.max_position)
    assert found == expected


def test_a_size_in_shares_sizes_wherever_it_stands() -> None:
    lane = sizers({"type": "percentage", "size": 0.02}, {"type": "fixed", "size": 10, "unit": "shares"})
    assert (lane.sizing.method, lane.sizing.per_signal, lane.limits.max_position) == (Sizing.UNITS, 10.0, 0.02)
    both = sizers(*({"type": "fixed", "size": size, "unit": "shares"} for size in (10, 4)))
    assert (both.sizing.method, both.sizing.per_signal) == (Sizing.UNITS, 4)


def test_of_several_limits_the_tighter_holds_whatever_their_order() -> None:
    for values in ((5000, 3000), (3000, 5000)):
        limits = [{"type": "max_position_value", "value": value} for value in values]
        assert sizers({"type": "fixed", "size": 9000}, limits=limits).limits.max_position_value == 3000.0
    limits = [{"type": "max_position_value", "value": 500}]
    lane = sizers({"type": "percentage", "size": 0.1}, {"type": "fixed", "size": 800}, limits=limits)
    assert lane.limits.max_position_value == 500.0


def test_limits_of_other_kinds_go_where_they_belong() -> None:
    limits = [
        {"type": "max_positions", "value": 3},
        {"type": "max_drawdown", "value": 0.2},
        {"type": "max_daily_loss", "value": 0.03},
    ]
    lane = sizers({"type": "fixed", "size": 1}, limits=limits)
    assert (lane.limits.max_positions, lane.risk.max_drawdown, lane.limits.max_daily_loss) == (3, 0.2, 0.03)


def test_a_commission_may_be_a_rate() -> None:
    fee = load(document(execution={"commission": 0.001, "commission_unit": "rate"})).lanes[0].execution.commission
    assert (fee.model, fee.percentage_fee, fee.per_unit_fee) == (Commission.PERCENTAGE, 0.001, 0.0)


def test_shorts_are_allowed_by_one_key() -> None:
    assert load(document(risk={"allow_short": True})).lanes[0].sizing.allow_short is True


def test_a_system_without_a_namespace_is_called_by_its_name() -> None:
    lane = load(document(portfolio={"initial_capital": 10})).lanes[0]
    assert (lane.name, lane.system) == ("momentum_system", "momentum_system")


def test_keys_of_our_sections_may_stand_in_theirs() -> None:
    data = document(
        execution={"slippage_bps": 5, "fill": "next_close"}, portfolio={"namespace": "m", "benchmark": "SPY"}
    )
    lane = load(data).lanes[0]
    assert (lane.execution.fill.name, lane.account.benchmark) == ("NEXT_CLOSE", "SPY")


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("workflow.type", "live", "workflow.type: got 'live', must be multi_portfolio_backtest."),
        ("workflow.kind", "x", "workflow.kind: got 'x', must be a known key."),
        ("data.file_pth", "x", "data.file_pth: got 'x', must be a known key. Did you mean `file_path`?"),
        ("reporting.combined", True, "reporting.combined: got True, must be a known key."),
        ("trading_systems", [], "trading_systems: got [], must be a list of systems."),
        ("trading_systems.1", 5, "trading_systems.1: got 5, must be a section of keys."),
        ("trading_systems.1.name", None, "trading_systems.1.name: got None, must be given, as text."),
        ("trading_systems.0.porfolio", {}, "Did you mean `portfolio`?"),
        ("trading_systems.0.portfolio.capital", 1, "trading_systems.0.portfolio.capital: got 1, must be a known key."),
        ("trading_systems.0.portfolio", 5, "trading_systems.0.portfolio: got 5, must be a section of keys."),
        ("trading_systems.0.indicators", "RSI", "must be a list of names. Write it like [SMA_20, RSI]."),
        ("trading_systems.0.indicators.1", "RSY_14", "trading_systems.0.indicators.1: got 'RSY_14'"),
        ("trading_systems.0.indicators.0", 20, "trading_systems.0.indicators.0: got 20"),
        ("trading_systems.0.strategy.type", "momentun", "Did you mean `momentum`?"),
        ("trading_systems.0.strategy.type", None, "trading_systems.0.strategy.type: got None, must be given"),
        ("trading_systems.0.risk.position_sizers.0.type", "kelly", "must be one of fixed, percentage."),
        ("trading_systems.0.risk.position_sizers.0.unit", "lots", "unit: got 'lots', must be one of money, shares."),
        ("trading_systems.1.risk.position_sizers.0.unit", "shares", "unit: got 'shares', must be a known key."),
        ("trading_systems.0.risk.position_sizers.0.size", "1000", "size: got '1000', must be a number."),
        ("trading_systems.0.risk.position_sizers", {}, "known key"),
        ("trading_systems.0.risk.limits.0.type", "max_posiion_value", "Did you mean `max_position_value`?"),
        ("trading_systems.0.risk.limits.0", 5000, "trading_systems.0.risk.limits.0: got 5000"),
        ("trading_systems.0.risk.limits.0.max", 5, "trading_systems.0.risk.limits.0.max: got 5, must be a known key."),
        ("trading_systems.0.execution.slippage_bps", True, "slippage_bps: got True, must be a number."),
        ("trading_systems.0.execution.commission_unit", "trade", "must be one of share, rate."),
        ("trading_systems.0.execution.slipage_bps", 5, "Did you mean `slippage_bps`?"),
        ("trading_systems.1.name", "momentum_system", "trading_systems.1.name: got 'momentum_system', must be unique."),
        ("systems", [], "systems: got [], must be a known key."),
        ("lanes", [], "lanes: got [], must be a known key."),
    ],
)
def test_what_the_document_does_not_know_is_refused(path: str, value: object, message: str) -> None:
    data = changed(path, value)
    if message == "known key":  # a map where a list belongs
        data, message = changed(path, {"type": "fixed"}), "position_sizers: got {'type': 'fixed'}, must be a list."
    with pytest.raises(ConfigError) as caught:
        load(data)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("path", "value", "ours"),
    [
        ("trading_systems.1.portfolio.namespace", "momentum", "lanes[1].name"),
        ("trading_systems.0.portfolio.initial_capital", -5, "lanes[0].account.initial_capital"),
        ("trading_systems.1.risk.limits.0.value", -0.8, "lanes[1].limits.max_gross"),
        ("trading_systems.0.execution.slippage_bps", 9000, "lanes[0].execution.slippage.base_slippage"),
        ("reporting.separate_reports", "yes", "reporting.separate_reports"),
    ],
)
def test_a_value_that_is_out_of_bounds_is_named_as_it_was_written(path: str, value: object, ours: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(yaml.safe_dump(changed(path, value)), "dual.yaml")
    assert caught.value.field.startswith(f"{ours} (written {path}, dual.yaml")
