"""The three price patterns: the tables of their page, and the cases a table does not show."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.capitulation_reversal import CapitulationReversal
from polyfolio.strategies.failed_breakdown import FailedBreakdown
from polyfolio.strategies.liquidity_sweep import LiquiditySweep
from polyfolio.strategies.patterns import PricePattern
from tests.strategies.rows import NAN, bars_of, said, same, tape_of

PAGE = Path(__file__).resolve().parents[2] / "docs" / "concepts" / "price-patterns.md"
RULES: dict[str, type[PricePattern]] = {
    "Liquidity sweep": LiquiditySweep,
    "Failed breakdown": FailedBreakdown,
    "Capitulation reversal": CapitulationReversal,
}
Table = list[dict[str, str]]


def example(title: str) -> tuple[PricePattern, Table]:
    """The rule of a section with the arguments above its table, and the table."""
    section = PAGE.read_text(encoding="utf-8").split(f"## {title}\n")[1].split("\n## ")[0]
    arguments = re.findall(r"With `([^`]+)`:", section)[0]
    given = {
        name: float(value) if "." in value else int(value) for name, value in re.findall(r"(\w+): ([\d.]+)", arguments)
    }
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return RULES[title](**given), [dict(zip(lines[0], line, strict=True)) for line in lines[2:]]  # type: ignore[arg-type]


def bars(table: Table) -> tuple[tuple[float, ...], ...]:
    fields = ("open", "high", "low", "close")
    return tuple((*(float(line[name]) for name in fields), float(line.get("volume", "1"))) for line in table)


def upside_down(rows: tuple[tuple[float, ...], ...]) -> tuple[tuple[float, ...], ...]:
    """The bars mirrored at 100."""
    return tuple(
        (200 - opened, 200 - low, 200 - high, 200 - close, volume) for opened, high, low, close, volume in rows
    )


def column(table: Table) -> list[float]:
    return [NAN if line["signal"] == "-" else float(line["signal"]) for line in table]


@pytest.mark.parametrize("title", RULES)
def test_the_table_of_the_page_is_what_the_rule_says(title: str) -> None:
    rule, table = example(title)
    assert {1.0, 0.0} <= set(column(table))
    same(said(rule, bars_of(*bars(table))), column(table))


@pytest.mark.parametrize("title", RULES)
def test_the_table_upside_down_is_sold(title: str) -> None:
    rule, table = example(title)
    both = type(rule)(**{**rule.params(), "long_short": True})
    mirrored = bars_of(*upside_down(bars(table)))
    same(said(both, mirrored), [-value if value else value for value in column(table)])
    assert np.nanmax(np.abs(said(rule, mirrored))) == 0.0


@pytest.mark.parametrize(
    ("title", "row", "entry", "stop", "target", "end", "why"),
    [
        ("Liquidity sweep", 3, 101.0, 98.0, 107.0, 6, "target"),
        ("Failed breakdown", 5, 101.0, 97.0, 109.0, 7, "stop"),
        ("Capitulation reversal", 3, 95.0, 90.0, 110.0, 5, "time"),
    ],
)
def test_setups_tell_entry_stop_target_and_end(
    title: str, row: int, entry: float, stop: float, target: float, end: int, why: str
) -> None:
    rule, table = example(title)
    assert rule.setups(bars_of(*bars(table))) == [("A", row, 1, entry, stop, target, end, why)]
    assert rule.setups(bars_of(*bars(table)[:end])) == [("A", row, 1, entry, stop, target, None, "open")]
    both = type(rule)(**{**rule.params(), "long_short": True})
    levels = [200.0 - level for level in (entry, stop, target)]
    assert both.setups(bars_of(*upside_down(bars(table)))) == [("A", row, -1, *levels, end, why)]


SWEEP = bars(example("Liquidity sweep")[1])


def sweep(**changes: object) -> LiquiditySweep:
    return LiquiditySweep(**{**example("Liquidity sweep")[0].params(), **changes})


@pytest.mark.parametrize(
    ("changes", "enters"),
    [
        ({"depth": 0.02}, True),  # low 98 = 100 x 0.98
        ({"depth": 0.0201}, False),
        ({"recovery": 0.857}, True),  # 3 / 3.5
        ({"recovery": 0.858}, False),
        ({"lookback": 4}, False),  # three bars before are too few
    ],
)
def test_each_condition_of_a_sweep_decides(changes: dict[str, object], enters: bool) -> None:
    assert (said(sweep(**changes), bars_of(*SWEEP[:4]))[3] == 1.0) is enters


def test_a_close_at_the_level_has_not_swept_it() -> None:
    assert said(sweep(), bars_of(*SWEEP[:3], (101, 101, 98, 100, 1)))[3] == 0.0
    assert said(sweep(), bars_of(*SWEEP[:3], (101, 101, 100, 101, 1)))[3] == 0.0  # its low is at the level


def test_a_bar_that_reaches_stop_and_target_is_a_stop() -> None:
    (setup,) = sweep().setups(bars_of(*SWEEP[:4], (101, 108, 97, 107, 1)))
    assert (setup.end, setup.why) == (4, "stop")


def test_a_price_at_the_stop_or_at_the_target_has_reached_it() -> None:
    for bar, why in (((101, 102, 98, 101, 1), "stop"), ((101, 107, 100, 106, 1), "target")):
        assert [setup.why for setup in sweep().setups(bars_of(*SWEEP[:4], bar))] == [why]
    for bar in ((101, 102, 98.01, 101, 1), (101, 106.99, 100, 106, 1)):
        assert [setup.why for setup in sweep().setups(bars_of(*SWEEP[:4], bar))] == ["open"]


def test_time_ends_a_position_at_the_bar_it_says() -> None:
    flat = [(101, 101.5, 100.5, 101, 1)] * 6
    same(said(sweep(hold=1), bars_of(*SWEEP[:4], *flat))[3:6], [1, 0, 0])
    same(said(sweep(hold=4), bars_of(*SWEEP[:4], *flat))[3:9], [1, 1, 1, 1, 0, 0])


def test_nothing_new_is_looked_for_while_it_holds_nor_in_the_bar_it_leaves() -> None:
    again = (101, 101.5, 97.5, 101, 1)  # sweeps 98, and reaches the stop there
    rows = bars_of(*SWEEP[:4], again, (101, 101.5, 97, 101, 1))
    same(said(sweep(), rows), [NAN, NAN, NAN, 1, 0, 1])
    assert [setup.row for setup in sweep().setups(rows)] == [3, 5]


def test_a_bar_that_completes_both_ways_says_nothing() -> None:
    outside = (101, 104, 98, 101.5, 1)
    both = sweep(long_short=True, recovery=0.4)
    assert said(both, bars_of(*SWEEP[:3], outside))[3] == 0.0
    assert said(sweep(recovery=0.4), bars_of(*SWEEP[:3], outside))[3] == 1.0


BREAKDOWN = bars(example("Failed breakdown")[1])


def breakdown(**changes: object) -> FailedBreakdown:
    return FailedBreakdown(**{**example("Failed breakdown")[0].params(), **changes})


@pytest.mark.parametrize(
    ("changes", "enters"), [({"within": 1}, False), ({"depth": 0.02}, True), ({"depth": 0.021}, False)]
)
def test_each_condition_of_a_breakdown_decides(changes: dict[str, object], enters: bool) -> None:
    assert (said(breakdown(**changes), bars_of(*BREAKDOWN[:6]))[5] == 1.0) is enters


def test_a_wick_below_the_level_is_no_breakdown() -> None:
    rows = list(BREAKDOWN[:6])
    rows[3] = (100.5, 101, 97.5, 100.2, 1)  # closes above 100
    assert np.nanmax(said(breakdown(), bars_of(*rows))) == 0.0


def test_a_break_that_was_back_once_is_over() -> None:
    rows = [*BREAKDOWN[:4], (98, 101, 97, 100.5, 1), (100, 102, 99, 101, 1)]
    assert [setup.row for setup in breakdown(hold=1).setups(bars_of(*rows))] == [4]
    # the close of bar 4 is back above 100, so the break of bar 3 does not stand at bar 5 any more


def test_the_earliest_break_that_stands_gives_the_stop() -> None:
    # bars 3 and 4 both break (levels 100 and 97.5); the close of bar 5 is above both, and the low of bar 3 counts
    rows = [*BREAKDOWN[:3], (100.5, 101, 95, 97.6, 1), (97, 98, 94.9, 94.9, 1), (95, 101.5, 95, 101, 1)]
    (setup,) = breakdown().setups(bars_of(*rows))
    assert (setup.row, setup.stop) == (5, 94.9)
    low_first = [*BREAKDOWN[:3], (100.5, 101, 93, 97.6, 1), (97, 98, 94, 94.5, 1), (95, 101.5, 95, 101, 1)]
    (setup,) = breakdown(within=5).setups(bars_of(*low_first))
    assert (setup.row, setup.stop) == (5, 93.0)


RUSH = bars(example("Capitulation reversal")[1])


def rush(**changes: object) -> CapitulationReversal:
    return CapitulationReversal(**{**example("Capitulation reversal")[0].params(), **changes})


@pytest.mark.parametrize(
    ("changes", "enters"),
    [
        ({"drop": 0.108}, True),  # 101 x 0.892 = 90.09
        ({"drop": 0.109}, False),  # 101 x 0.891 = 89.99
        ({"width": 3.75}, True),  # 7.5 / 2
        ({"width": 3.76}, False),
        ({"volume": 2.5}, True),  # 25 / 10
        ({"volume": 2.51}, False),
        ({"recovery": 0.66}, True),  # 5 / 7.5
        ({"recovery": 0.67}, False),
    ],
)
def test_each_condition_of_a_capitulation_decides(changes: dict[str, object], enters: bool) -> None:
    assert (said(rush(**changes), bars_of(*RUSH[:4]))[3] == 1.0) is enters


def test_an_unknown_volume_completes_nothing() -> None:
    for bar in (2, 3):
        rows = [(*row[:4], NAN) if k == bar else row for k, row in enumerate(RUSH)]
        assert np.nanmax(said(rush(), bars_of(*rows))) == 0.0


def test_a_split_is_no_capitulation_and_moves_no_level() -> None:
    for title, rule in RULES.items():
        table = np.array(bars(example(title)[1]))
        made = rule(**example(title)[0].params())
        plain = said(made, bars_of(*table.tolist()))
        splits = np.ones((len(table), 1))
        splits[4] = 2.0
        halved = table.copy()
        halved[4:, :4] /= 2.0
        halved[4:, 4] *= 2.0
        fields = dict(zip(("open", "high", "low", "close", "volume"), halved.T[:, :, None], strict=True))
        same(said(made, tape_of(halved[:, 3].tolist(), splits=splits, **fields)), plain)


@pytest.mark.parametrize(
    ("rule", "arguments", "message"),
    [
        (LiquiditySweep, {"reward": 0.0}, "reward: got 0.0, must be a number above 0."),
        (LiquiditySweep, {"hold": 0}, "hold: got 0, must be a whole number >= 1."),
        (LiquiditySweep, {"recovery": 1.1}, "recovery: got 1.1, must be a number above 0, at most 1."),
        (LiquiditySweep, {"depth": -0.1}, "depth: got -0.1, must be a number >= 0."),
        (FailedBreakdown, {"within": 0}, "within: got 0, must be a whole number >= 1."),
        (FailedBreakdown, {"lookback": 2.5}, "lookback: got 2.5, must be a whole number >= 1."),
        (CapitulationReversal, {"drop": 0}, "drop: got 0, must be a number above 0."),
        (CapitulationReversal, {"volume": "much"}, "volume: got 'much', must be a number >= 0."),
    ],
)
def test_arguments_out_of_bounds_are_refused(
    rule: type[PricePattern], arguments: dict[str, object], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        rule(**arguments).signals(bars_of(*SWEEP))
