"""A backtest is the engine on what the configuration says, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

from polyfolio.backtests import backtest
from polyfolio.core.codes import Event
from polyfolio.core.tape import Universe, instrument_table
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError
from polyfolio.kernels.compile import source_digest
from polyfolio.rules.identity import run_id
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from polyfolio.strategies.run import signals_for
from tests.report import runs


def test_the_book_is_the_engines_own() -> None:
    spec, tape = load(runs.spec()), runs.tape()
    plan = compile_spec(spec, tape.universe)
    engine = Engine(plan, tape, signals_for(plan, tape)).run()
    assert runs.result().book.digest() == engine.book.digest()
    assert runs.result().journal == engine.journal


def test_watching_and_threads_change_nothing() -> None:
    seen: list[tuple[int, int]] = []
    watched = backtest(runs.spec(), runs.tape(), threads=2, progress=lambda done, rows, _: seen.append((done, rows)))
    assert watched.journal == runs.result().journal
    assert watched.book.digest() == runs.result().book.digest()
    assert seen[-1] == (60, 60)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)


def test_the_runs_id_is_of_configuration_tape_and_kernels() -> None:
    spec = load(runs.spec())
    assert runs.result().run_id == run_id(spec, runs.tape().digest(), source_digest())
    other = backtest(runs.spec(seed=5), runs.tape())
    assert other.run_id != runs.result().run_id
    assert other.journal.run == other.run_id


def test_a_file_and_a_dict_are_the_same_run(tmp_path: Path) -> None:
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(runs.spec()))
    assert backtest(file, runs.tape()).run_id == runs.result().run_id


def test_the_journal_answers_with_times() -> None:
    assert "at 2024-01-02 00:00 UTC in lane paying: signal 1 asked for" in runs.result().why("paying", "UP", 0)


def test_every_row_and_slot_of_a_run_has_an_answer() -> None:
    journal = runs.result().journal
    for lane in journal.lanes:
        for slot in journal.symbols:
            for row in range(60):
                answer = journal.why(lane, slot, row)
                assert answer.endswith("."), answer
                assert "{" not in answer


def test_every_order_and_every_fill_is_told_in_its_row() -> None:
    journal = runs.result().journal
    for event in journal.events[journal.events["event"] == Event.ORDER]:
        assert "ordered" in journal.why(int(event["lane"]), int(event["slot"]), int(event["row"]))
    for fill in journal.fills:
        assert "filled" in journal.why(int(fill["lane"]), int(fill["slot"]), int(fill["row"]))


def test_a_stop_is_told_and_what_it_bars() -> None:
    journal = runs.result().journal
    told = [journal.why("paying", "UP", row) for row in range(11, 60)]
    assert any("by its stop loss" in answer for answer in told)
    assert any("barred after a stop or target" in answer for answer in told)


def test_signals_given_from_outside_take_the_place_of_strategies() -> None:
    spec = {"name": "given", "journal": "full", "lanes": [{"name": "a"}]}
    result = backtest(spec, runs.tape(), signals=np.ones((1, 1, 2)))
    assert result.journal.fills.size > 0


def test_a_lane_nobody_gives_signals_to_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        backtest({"name": "silent", "lanes": [{"name": "a"}]}, runs.tape())
    assert caught.value.field == "strategy of lane a"


def test_without_a_tape_the_configuration_must_name_one() -> None:
    with pytest.raises(ConfigError) as caught:
        backtest(runs.spec())
    assert caught.value.field == "tape"


@pytest.mark.parametrize(("every", "bought"), [(5, 6), (1, 3), ("week", 8)])
def test_buy_and_hold_buys_at_the_next_decision_and_never_trades_again(every: int | str, bought: int) -> None:
    """Both trade together from row 2 on; the lane decides at rows 0, 5, 10, ... or at the first row of a week."""
    base = runs.tape()
    tradable = base.tradable.copy()
    tradable[:2, 1] = 0
    tape = replace(base, tradable=tradable)
    strategy = {"name": "buy_and_hold", "params": {"weights": {"UP": 0.5, "FLAT": 0.4}}}
    lane = {"name": "a", "strategy": strategy, "rebalance": {"every": every}}
    result = backtest({"name": "held", "journal": "full", "lanes": [lane]}, tape)
    fills = result.journal.fills
    assert fills["row"].tolist() == [bought, bought]
    assert fills["slot"].tolist() == [0, 1]
    bought_for = fills["quantity"] * tape.close[bought - 1]
    assert bought_for == pytest.approx([5e5, 4e5], rel=1e-9)


def test_lanes_that_decide_at_different_rows_each_hold_what_they_bought() -> None:
    lanes = [
        {"name": name, "strategy": {"name": "buy_and_hold"}, "rebalance": {"every": every}}
        for name, every in (("daily", 1), ("slow", 7))
    ]
    tradable = runs.tape().tradable.copy()
    tradable[:2, 1] = 0
    fills = backtest(
        {"name": "held", "journal": "full", "lanes": lanes}, replace(runs.tape(), tradable=tradable)
    ).journal.fills
    assert [(int(fill["lane"]), int(fill["row"])) for fill in fills] == [(0, 3), (0, 3), (1, 8), (1, 8)]


def test_a_name_that_is_not_listed_yet_does_not_block_the_others() -> None:
    base = runs.tape()
    unlisted = np.full((base.rows, 1), np.nan)
    prices = {name: np.hstack([getattr(base, name), unlisted]) for name in ("open", "high", "low", "close", "volume")}
    tradable = np.hstack([base.tradable, np.zeros((base.rows, 1), np.uint8)])
    tape = replace(
        base, **prices, tradable=tradable, universe=Universe(("UP", "FLAT", "LATER")), instruments=instrument_table(3)
    )
    lane = {
        "name": "a",
        "strategy": {"name": "equal_weight"},
        "risk": {"max_volatility": 0.5, "min_history": 5, "covariance": {"window": 10}},
    }
    result = backtest({"name": "one unlisted", "journal": "full", "lanes": [lane]}, tape)
    assert result.journal.fills.size > 0
