"""A whole evaluation: what it finds in books without skill and in one that cheats, what it records, what it refuses."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from polyfolio.backtests.baselines import BASELINES, INDEX
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.files import read_parquet
from polyfolio.rules.load import load
from polyfolio.train.evaluation import Evaluation, Settings, evaluate, rows_of_split
from polyfolio.train.evaluation_contenders import RANDOM
from tests.train.evaluation.tools import DAY, QUICK, judged, local, market, named, spec

GUESSES = named("guess", *({"seed": seed} for seed in range(3)), cls=local("Guess"))


@pytest.fixture(scope="module")
def guessed() -> Evaluation:
    return judged(GUESSES, named("seer", cls=local("Seer")))


def pairs(evaluation: Evaluation, policy: str, measure: str = "sharpe") -> dict[str, dict[str, Any]]:
    record = evaluation.record
    return {
        pair["baseline"]: pair
        for pair in record["comparisons"]
        if pair["policy"] == policy and pair["measure"] == measure
    }


def leaves(value: Any) -> Iterator[Any]:
    """Every plain value of a record."""
    if isinstance(value, dict):
        for item in value.values():
            yield from leaves(item)
    elif isinstance(value, list):
        for item in value:
            yield from leaves(item)
    else:
        yield value


@pytest.mark.pitfall("VAL-06")
def test_every_policy_meets_every_baseline_with_seeds_and_a_p_value(guessed: Evaluation) -> None:
    record = guessed.record
    assert record["baselines"] == [*BASELINES, INDEX, RANDOM]
    for policy in ("guess", "seer"):
        for measure in ("sharpe", "growth"):
            found = pairs(guessed, policy, measure)
            assert list(found) == record["baselines"]
            assert all(0.0 < pair["p"] <= pair["adjusted"] <= 1.0 for pair in found.values())
            assert all(pair["low"] <= pair["difference"] <= pair["high"] for pair in found.values())
    assert record["contenders"]["guess"]["members"] == 3
    text = str(guessed)
    assert "seer was judged with 1 seed" in text
    assert "guess was judged" not in text


@pytest.mark.pitfall("VAL-06")
def test_guesses_are_not_told_apart_from_simple_books(guessed: Evaluation) -> None:
    assert {pair["word"] for pair in pairs(guessed, "guess").values()} == {"undecided"}
    assert re.match(
        r"guess is not distinguishable from [\w ]+, p = [01]\.\d\d, nor from 5 more of 6", guessed.verdict[0]
    )


def test_a_book_that_knows_tomorrow_is_better_than_everything(guessed: Evaluation) -> None:
    for measure in ("sharpe", "growth"):
        assert {pair["word"] for pair in pairs(guessed, "seer", measure).values()} == {"better"}
    assert "seer is better than every baseline, p = 0.0" in str(guessed)
    facts = guessed.record["contenders"]["seer"]
    assert facts["random_beaten"] == QUICK.randoms
    assert facts["deflated"]["probability"] > 0.99


def test_a_book_that_pays_for_nothing_is_worse(guessed: Evaluation) -> None:
    """The seer's choices at thirty times the fee."""
    evaluation = judged(named("payer", {"every": 1}, cls=local("Guess")), lane={"fee": 0.03})
    assert pairs(evaluation, "payer")["buy and hold"]["word"] == "worse"
    assert evaluation.verdict[0].startswith("payer is worse than ")
    # random policies pay as much: that it is no worse than they are shows that its turnover did it
    assert pairs(evaluation, "payer")[RANDOM]["word"] == "undecided"


def test_a_book_that_is_a_baseline_is_called_the_same() -> None:
    evaluation = judged(named("equal_weight"))
    assert evaluation.verdict[0] == "equal_weight is the same book as equal weight."


@pytest.mark.pitfall("MET-15")
def test_every_number_of_the_verdict_stands_in_the_record(guessed: Evaluation) -> None:
    record = {name: part for name, part in guessed.record.items() if name not in ("verdict", "series")}
    shown: set[str] = set()
    for value in leaves(record):
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            shown |= {f"{value:,.2f}", f"{value:.3f}", f"{value:.2f}", f"{value:.0%}"[:-1], f"{value}"}
            shown |= {f"{value * 100.0:,.1f}"}
    shown |= {str(len(record["baselines"])), str(len(record["baselines"]) - 1)}
    tokens = re.findall(r"-?\d[\d,]*(?:\.\d+)?", " ".join(guessed.verdict))
    assert len(tokens) > 40
    assert not [token for token in tokens if token not in shown]


@pytest.mark.pitfall("MET-15")
def test_the_year_is_the_calendar_s_and_stands_beside_the_numbers(guessed: Evaluation) -> None:
    period = guessed.record["period"]
    assert period["periods_per_year"] == market().calendar.bars_per_year
    assert period["periods_per_year_source"] == "bars a year of the calendar"
    assert period["years"] == pytest.approx(period["bars"] / 365.25)
    assert guessed.record["method"]["level"] == 0.05


def test_the_measures_are_those_of_the_accounts(guessed: Evaluation) -> None:
    ran, record = guessed.policies, guessed.record
    for name in ("seer", "index", "minimum variance"):
        account = ran.of(name)[0]
        metrics = ran.metrics(account, ran.returns[ran.of("index")[0]])
        found = record["contenders"][name]["measures"]
        for measure, card in (("annual_return", "cagr"), ("sharpe", "sharpe"), ("max_drawdown", "max_drawdown")):
            assert found[measure]["value"] == pytest.approx(metrics[card], rel=1e-9)
        grown = math.prod(1.0 + fold["return"] for fold in record["contenders"][name]["folds"])
        # folds leave out the bar that leads from one to the next
        assert grown == pytest.approx(math.prod(1.0 + ran.returns[account]), rel=0.1)
    assert found["information_ratio"]["value"] == pytest.approx(metrics["information_ratio"])


def test_costs_and_cuts_are_told_by_kind() -> None:
    evaluation = judged(GUESSES, lane={"limits": {"max_position": 0.3}})
    facts = evaluation.record["contenders"]["guess"]
    assert len(facts["costs"]) == 3
    assert facts["costs"][0]["commission"] == pytest.approx(evaluation.policies.result.costs(0)["commission"])
    assert facts["costs"][0]["cost_bp"] == pytest.approx(10.0)
    cuts = facts["cuts"]
    assert [one["reason"] for one in cuts["reasons"]] == ["max_position"]
    assert 0 < cuts["cut"] == cuts["reasons"][0]["decisions"] <= cuts["decisions"] == 19


def test_the_same_seed_finds_the_same(guessed: Evaluation) -> None:
    again = judged(GUESSES, named("seer", cls=local("Seer")))
    assert json.dumps(again.record) == json.dumps(guessed.record)
    other = judged(GUESSES, named("seer", cls=local("Seer")), settings=replace(QUICK, seed=4))
    assert other.record["comparisons"] != guessed.record["comparisons"]


@pytest.mark.pitfall("VAL-10")
def test_a_second_look_at_the_test_rows_stands_in_the_verdict(tmp_path: Path) -> None:
    first = judged(GUESSES, places=[tmp_path])
    assert first.record["openings"] == {"recorded": True, "earlier": []}
    assert "opened before" not in str(first)
    second = judged(named("other", cls=local("Guess")), places=[tmp_path], settings=replace(QUICK, folds=2))
    assert "The test rows were opened before, 1 time, first at " in str(second)
    earlier = second.record["openings"]["earlier"]
    assert list(earlier[0]["by"]) == ["guess"]
    assert datetime.fromisoformat(earlier[0]["when"]).tzinfo is not None


@pytest.mark.pitfall("VAL-10")
def test_other_splits_are_no_test_and_open_nothing(tmp_path: Path) -> None:
    evaluation = judged(GUESSES, places=[tmp_path], settings=replace(QUICK, split="validation"))
    assert list(tmp_path.iterdir()) == []
    assert "Judged on the split validation, which training may have used: this is no test." in evaluation.verdict
    assert "No record of openings was kept" in str(judged(GUESSES))


@pytest.mark.pitfall("VAL-10")
def test_looking_at_all_rows_is_a_look_at_those_of_the_test(tmp_path: Path) -> None:
    first = judged(GUESSES, places=[tmp_path], settings=replace(QUICK, split="all"))
    assert first.record["openings"] == {"recorded": True, "earlier": []}
    assert "The test rows were opened before, 1 time" in str(judged(GUESSES, places=[tmp_path]))


@pytest.mark.pitfall("VAL-10")
def test_a_policy_that_learned_from_the_judged_rows_is_not_judged() -> None:
    learned = replace(GUESSES, trained=(100 * DAY, 411 * DAY))
    assert judged(learned).verdict[0] == "No judgement of guess: it learned from 9 of the judged bars."
    before = replace(GUESSES, trained=(100 * DAY, 402 * DAY))
    assert judged(before).verdict[0].startswith("guess is not distinguishable")


def test_a_policy_that_never_trades_is_no_match_for_a_p_value() -> None:
    evaluation = judged(named("idle", cls=local("Idle")))
    assert evaluation.verdict[:2] == ("idle never traded.", "  Sharpe ratio - (95 % interval - to -).")
    facts = evaluation.record["contenders"]["idle"]
    assert facts["measures"]["sharpe"] == {"value": None, "low": None, "high": None}
    assert facts["deflated"]["probability"] is None
    assert [one["met"] for one in evaluation.record["targets"]["idle"] if one["name"] == "Sharpe ratio"] == [None]
    json.dumps(evaluation.record, allow_nan=False)


def test_targets_are_held_against_and_never_claimed(guessed: Evaluation) -> None:
    found = {one["name"]: one for one in guessed.record["targets"]["guess"]}
    measures = guessed.record["contenders"]["guess"]["measures"]
    assert (found["annual return"]["from"], found["annual return"]["to"]) == (0.25, 0.40)
    assert (found["Sharpe ratio"]["from"], found["largest drawdown"]["from"]) == (2.0, -0.15)
    for one in found.values():
        if one["measure"] in measures:
            assert one["value"] == measures[one["measure"]]["value"]
    shallow = measures["max_drawdown"]["value"] >= -0.15
    assert found["largest drawdown"]["met"] is shallow
    assert found["volatility"]["met"] is (0.12 <= measures["volatility"]["value"] <= 0.18)
    assert not re.search("target", str(guessed))


def test_the_number_of_tries_lowers_what_is_believed() -> None:
    guess = named("guess", cls=local("Guess"))
    counted, many = judged(guess), judged(replace(guess, trials=500))
    known = judged(replace(guess, trials=(0.01, 0.05, -0.02)))
    probabilities = [one.record["contenders"]["guess"]["deflated"]["probability"] for one in (counted, many)]
    assert probabilities[0] > probabilities[1]
    assert "with 1 try (number of the policies judged here" in str(counted)
    assert "with 500 tries (number given; deviation: the standard error)" in str(many)
    assert known.record["contenders"]["guess"]["deflated"]["trials"] == 3


def test_too_few_draws_for_any_verdict_are_named() -> None:
    coarse = judged(named("seer", cls=local("Seer")), settings=replace(QUICK, draws=100))
    # six comparisons, each p at least 1 / 101
    assert [pair["adjusted"] for pair in pairs(coarse, "seer").values()] == pytest.approx([6 / 101] * 6)
    assert "With 100 resampled histories no difference can pass: take more than 120." in coarse.verdict
    assert "no difference can pass" not in str(judged(named("seer", cls=local("Seer"))))


def test_splits_are_floors_of_summed_shares() -> None:
    configuration, tape = spec(), market()
    assert [rows_of_split(configuration, tape, name) for name in ("train", "validation", "test", "all")] == [
        (0, 300),
        (300, 400),
        (400, 500),
        (0, 500),
    ]
    shares = {"train": 0.5, "validation": 0.123, "test": 0.1}
    lanes = [{"name": "mine"}]
    other = load({"name": "x", "lanes": lanes, "environment": {"split": shares}})
    assert rows_of_split(other, tape, "test") == (311, 361)


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(DataError, match="tape: got 17, must be at least 20 returns in the split test"):
        judged(GUESSES, tape=market(rows=100))
    for wrong, message in (
        ({"split": "tset"}, "split: got 'tset', must be one of train, validation, test, all"),
        ({"folds": 0}, "folds: got 0, must be a whole number >= 1"),
        ({"draws": 10}, "draws: got 10, must be a whole number >= 100"),
    ):
        with pytest.raises(ConfigError, match=message):
            Settings(**wrong)  # type: ignore[arg-type]


def test_without_an_index_none_is_judged_and_that_is_said() -> None:
    evaluation = judged(GUESSES, lane={"account": {"initial_capital": 100_000.0}})
    assert evaluation.record["baselines"] == [*BASELINES, RANDOM]
    assert "No index was judged: account.benchmark names no symbol." in evaluation.verdict
    assert evaluation.record["contenders"]["guess"]["measures"]["information_ratio"]["value"] is None


@pytest.mark.shared
@pytest.mark.slow
def test_years_of_real_prices_are_judged_and_the_index_is_what_it_was(shared_data: Path) -> None:
    names = ["SPY", "AAPL", "JPM", "XOM", "PG", "JNJ", "KO", "CAT", "WMT", "MSFT"]
    path = shared_data / "us_daily_2016_2025.parquet"
    tape = read_parquet(path, symbols=names, interval="1d", calendar="XNYS", splits=False, dividends=False)
    rules = {"account": {"initial_capital": 100_000.0, "benchmark": "SPY"}, "rebalance": {"every": "week"}}
    momentum = named("momentum", {"lookback": 120, "top_k": 3})
    evaluation = evaluate(spec(0.0005, **rules), [momentum], tape, Settings(split="all", randoms=30))
    ran = evaluation.policies
    index = math.prod(1.0 + ran.returns[ran.of(INDEX)[0]])
    first, last = tape.close[[ran.period.first, -1], 0]
    assert index == pytest.approx(last / first, rel=0.02)  # but for the fee and the wait for the open
    assert evaluation.record["period"]["periods_per_year"] == pytest.approx(252.0, abs=1.5)
    assert "momentum is not distinguishable from" in evaluation.verdict[0]
