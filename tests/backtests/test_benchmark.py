"""A whole benchmark: returns by hand, everybody flat before a round, nothing learned from what is judged."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from polyfolio.backtests.benchmark import Benchmarked, benchmark
from polyfolio.core.tape import PRICES
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.report.benchmark_words import lines
from polyfolio.report.metrics import Convention, metrics_from_returns
from polyfolio.rules.benchmark import load_benchmark
from tests.backtests.benches import FEE, Learner, document, judged, lane, market

BASELINES = ["buy and hold", "equal weight", "inverse volatility", "minimum variance", "index"]


@pytest.fixture(scope="module")
def found() -> Benchmarked:
    return judged(lane("held", "Holds"), lane("learner", "Learner"))


@pytest.mark.pitfall("VAL-06")
def test_everybody_meets_every_baseline_and_each_difference_has_a_p_value(found: Benchmarked) -> None:
    record = found.record
    assert record["judged"] == ["held", "learner"]
    assert record["baselines"] == BASELINES
    pairs = {(pair["policy"], pair["baseline"], pair["measure"]) for pair in record["comparisons"]}
    assert len(pairs) == len(record["comparisons"]) == 2 * 5 * 2
    assert all(0.0 < pair["p"] <= pair["adjusted"] <= 1.0 for pair in record["comparisons"])


@pytest.mark.parametrize("fill", ["next_open", "same_close"])
def test_each_round_begins_in_cash_and_pays_the_fee_once(fill: str) -> None:
    made = judged(lane("held", "Holds"), fill=fill)
    tape = market()
    change = tape.close[1:, 1] / tape.close[:-1, 1] - 1.0  # of row t + 1, decided at row t
    wanted = np.concatenate([change[one.round.fold.test] for one in made.rounds.ran])
    for begin in np.cumsum([0, *(one.round.bars for one in made.rounds.ran)])[:-1]:
        # the equity buys V / (1 + fee) at the price of the decision, which is that of the fill
        wanted[begin] = (1.0 + wanted[begin]) / (1.0 + FEE) - 1.0
    # held at all of the equity nothing is traded after that
    np.testing.assert_allclose(made.returns["held"], wanted, atol=2e-7)
    assert made.record["period"]["bars"] == wanted.size == 177
    for one in made.rounds.ran:
        moved = one.bars("held")[3]
        assert moved[0] == pytest.approx(1.0 / (1.0 + FEE), abs=2e-7)
        assert moved[1:].max() < 1e-6


@pytest.mark.pitfall("ACC-01")
def test_a_doubled_fee_costs_every_account_more() -> None:
    cheap, dear = judged(fee=0.001), judged(fee=0.002)
    for name in ("held", *BASELINES):
        assert dear.returns[name].sum() < cheap.returns[name].sum(), name
        paid = [one.record["entries"][name]["costs"]["commission"] for one in (cheap, dear)]
        assert paid[1] == pytest.approx(2.0 * paid[0], rel=0.02), name


@pytest.mark.pitfall("LAH-06")
def test_what_learns_does_so_before_each_round_and_never_from_it() -> None:
    Learner.asked.clear()
    made = judged(lane("learner", "Learner"))
    tests = [one.round.fold.test for one in made.rounds.ran]
    assert [(span[0], span[-1]) for span in Learner.asked] == [(0, int(test[0]) - 1) for test in tests]
    Learner.asked.clear()
    made = judged(lane("learner", "Learner"), split={"kind": "purged", "folds": 4, "horizon": 3, "embargo": 5})
    for learned, one in zip(Learner.asked, made.rounds.ran, strict=True):
        test = one.round.fold.test
        # a label of row t is known at t + 3; what comes after the test begins once its last label and the embargo end
        near = set(range(int(test[0]) - 2, int(test[-1]) + 6))
        assert not near & set(learned)
        assert set(learned) | near >= set(range(239))


@pytest.mark.pitfall("LAH-04")
def test_rows_after_a_round_do_not_matter_to_it() -> None:
    tape = market()
    split = {"folds": 3, "test": 40}
    whole = judged(split=split)
    end = whole.rounds.ran[0].round.end
    scale = np.ones((tape.rows, 1))
    scale[end:] = 3.0
    other = replace(tape, **{name: getattr(tape, name) * scale for name in PRICES})
    changed = judged(split=split, tape=other)
    for name, path in whole.returns.items():
        np.testing.assert_array_equal(changed.returns[name][:40], path[:40], err_msg=name)
    assert (changed.returns["held"][40:] != whole.returns["held"][40:]).any()


def test_the_figures_are_those_of_the_report_on_the_joined_returns(found: Benchmarked) -> None:
    convention = Convention(bars_per_year=market().calendar.bars_per_year)
    for name in ("held", "equal weight"):
        want = metrics_from_returns(found.returns[name], found.times, convention)
        mine = found.record["entries"][name]["metrics"]
        for measure in ("total_return", "sharpe", "max_drawdown", "cagr", "annual_volatility"):
            assert mine[measure] == pytest.approx(want[measure], rel=1e-13), measure
        assert mine["time_in_market"] == pytest.approx(1.0)
    joined = np.prod([1.0 + one["held"]["total_return"] for one in found.record["by_round"].values()])
    assert found.record["entries"]["held"]["metrics"]["total_return"] == pytest.approx(joined - 1.0, rel=1e-12)


def test_the_relative_figures_are_against_the_index_on_the_tape(found: Benchmarked) -> None:
    change = market().close[1:, 0] / market().close[:-1, 0] - 1.0
    index = np.concatenate([change[one.round.fold.test] for one in found.rounds.ran])
    mine = found.record["entries"]["held"]
    active = found.returns["held"] - index
    year = found.record["period"]["periods_per_year"]
    want = active.mean() / active.std(ddof=1) * math.sqrt(year)
    assert mine["metrics"]["information_ratio"] == pytest.approx(want, rel=1e-9)
    assert mine["measures"]["information_ratio"]["value"] == pytest.approx(want, rel=1e-9)


def test_a_lane_that_fails_in_one_round_is_left_out_of_all_and_the_others_stay_as_they_were() -> None:
    alone = judged(lane("held", "Holds"))
    both = judged(lane("broken", "Raises", {"row": 200}), lane("held", "Holds"))
    assert list(both.rounds.failed) == ["broken"]
    message = both.record["failed"]["broken"]
    assert "lanes[0].strategy" in message
    assert "ZeroDivisionError: one divided by nothing" in message
    assert both.record["judged"] == ["held"]
    for name, path in alone.returns.items():
        np.testing.assert_array_equal(both.returns[name], path, err_msg=name)
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        judged(lane("broken", "Raises"))


def test_trials_that_were_given_make_luck_larger() -> None:
    few, many = (judged(trials=trials).record["entries"]["held"]["deflated"] for trials in (2, 200))
    assert many["luck"] > few["luck"] > 0.0
    assert many["probability"] < few["probability"]
    single = judged().record["entries"]["held"]
    # a single try has no luck of the choice: what is left is the probability of a ratio above 0
    assert (single["deflated"]["trials"], single["deflated"]["luck"]) == (1, 0.0)
    assert single["deflated"]["probability"] == pytest.approx(single["metrics"]["psr"], rel=1e-12)


def test_the_same_configuration_comes_to_the_same_record() -> None:
    one, two = judged(tests=["spa", "mcs"]), judged(tests=["spa", "mcs"])
    assert one.record == two.record


def test_parts_say_what_was_learned_from() -> None:
    made = judged(lane("learner", "Learner"), split={"kind": "parts"})
    rounds = made.record["split"]["rounds"]
    assert [(one["name"], one["bars"], one["judged"], one["seen"]) for one in rounds] == [
        ("train", 143, False, True),
        ("validation", 48, False, False),
        ("test", 48, True, False),
    ]
    assert made.record["period"]["bars"] == 48
    assert set(made.record["by_round"]) == {"train", "validation", "test"}


def test_what_is_saved_is_what_was_found(found: Benchmarked, tmp_path: Path) -> None:
    folder = found.save(tmp_path / "out", page=False)
    assert {path.name for path in folder.iterdir()} == {"meta.json", "benchmark.json", "table.csv", "returns.parquet"}
    assert json.loads((folder / "benchmark.json").read_text()) == found.record
    table = pq.read_table(folder / "returns.parquet")
    np.testing.assert_array_equal(table.column("held").to_numpy()[1:], found.returns["held"])
    assert table.num_rows == 178
    with (folder / "table.csv").open() as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert float(rows["index"]["sharpe"]) == found.record["entries"]["index"]["metrics"]["sharpe"]
    assert found.save(folder, page=False) == folder  # its own folder may be replaced
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").write_text("mine")
    with pytest.raises(DataError, match="results folder"):
        found.save(tmp_path / "other", page=False)


def test_the_words_say_where_and_what(found: Benchmarked) -> None:
    said = lines(found.record)
    assert said[0].startswith(
        "rules: 177 bars from 1970-03-05T00:00:00 to 1970-08-29T00:00:00 UTC (walk-forward, 3 rounds)"
    )
    assert any(line.startswith(("held is ", "held reached")) for line in said)
    assert repr(found) == "\n".join(said)


def test_a_document_or_its_file_or_what_was_loaded_of_it(tmp_path: Path) -> None:
    data = document(fee=0.0)
    (tmp_path / "b.yaml").write_text(json.dumps(data))
    loaded = load_benchmark(tmp_path / "b.yaml")
    assert benchmark(loaded, market()).record == benchmark(data, market()).record


def test_an_account_that_held_nothing_is_named() -> None:
    """Sixty days are no history for a covariance of sixty daily returns, so two baselines never trade."""
    lanes = [{"name": "held", "strategy": {"name": "equal_weight"}, "account": {"benchmark": "BTC/USDT"}}]
    tape = demo_tape(start="2024-02-01", end="2024-03-01", symbols=["BTC/USDT", "ETH/USDT"])
    section = {"draws": 100, "tests": [], "split": {"folds": 2}}
    record = benchmark({"name": "short", "lanes": lanes, "benchmark": section}, tape).record
    told = [note for note in record["notes"] if "held nothing in any judged bar" in note]
    assert [note.partition(" held")[0] for note in told] == ["inverse volatility", "minimum variance"]
    assert "risk.min_history" in told[0]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ({"trials": 1}, "trials: got 1, must be at least 2, the portfolios judged here"),
        ({"baselines": []}, r"benchmark\.baselines: got \[\], must be one or more"),
        ({"runs": ["none.yaml"]}, r"benchmark\.runs\[0\]\.file: got 'none.yaml', must be a file beside the document"),
        (
            {"index_tape": {"path": "none.csv"}},
            r"benchmark\.index_tape\.path: got 'none.csv', must be a file that exists",
        ),
    ],
)
def test_a_section_that_cannot_be_judged_names_its_key(section: dict[str, object], message: str) -> None:
    with pytest.raises((ConfigError, DataError), match=message):
        judged(lane("held", "Holds"), lane("other", "Learner"), **section)
