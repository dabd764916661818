"""Runs beside each other: from wherever they stand, on the same closings, with what does not fit refused."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.compare import aligned, compare, cut
from polyfolio.backtests.run import backtest
from polyfolio.backtests.tracks import Track, tracks_of
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.comparison import Settings
from tests.backtests.benches import DAY, judged, lane, market
from tests.report.runs import result, spec, tape

QUICK = Settings(draws=100, tests=())


def track(name: str, returns: Any, first: int = 1, step: int = DAY, **more: Any) -> Track:
    path = np.asarray(returns, dtype=np.float64)
    return Track(name, "memory", first * DAY + np.arange(path.size + 1) * step, path, **more)


def noise(seed: int, n: int = 60, drift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).normal(drift, 0.01, n)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return result().save(tmp_path_factory.mktemp("runs") / "two")


def test_the_lanes_of_a_saved_run_have_the_numbers_of_the_run(folder: Path) -> None:
    found = compare([folder], settings=QUICK)
    assert (found.record["judged"], found.record["baselines"]) == (["paying"], ["free"])
    for name in ("free", "paying"):
        mine, want = found.record["entries"][name], result().metrics(name)
        measures = ("sharpe", "cagr", "max_drawdown", "turnover", "win_rate", "payoff", "time_in_market")
        for measure in measures:
            known = None if math.isnan(want[measure]) else pytest.approx(want[measure], rel=1e-12)
            assert mine["metrics"][measure] == known, measure
        assert mine["costs"]["commission"] == result().costs(name)["commission"]
    assert found.record["period"]["currency"] == "USD"
    assert found.record["period"]["periods_per_year"] == result().metrics(0).periods_per_year


def test_a_run_beside_itself_is_the_same_book(folder: Path) -> None:
    found = compare([f"{folder}:free", f"{folder}:free"], settings=QUICK)
    assert found.record["judged"] == ["two: free 2"]
    pair = found.record["comparisons"][0]
    assert (pair["word"], pair["difference"], pair["p"]) == ("equal", 0.0, 1.0)


def test_a_configuration_is_run_and_a_table_is_read(tmp_path: Path, folder: Path) -> None:
    source = tmp_path / "bars.csv"
    rows, made = ["timestamp,symbol,open,high,low,close,volume"], tape()
    for row in range(made.rows):
        stamp = np.datetime_as_string(np.datetime64(int(made.times[row]), "ns"), unit="s")
        for slot, symbol in enumerate(made.symbols):
            prices = [f"{getattr(made, name)[row, slot]!r}" for name in ("open", "high", "low", "close")]
            rows.append(f"{stamp}Z,{symbol},{','.join(prices)},1000000.0".replace("np.float64(", "").replace(")", ""))
    source.write_text("\n".join(rows) + "\n")
    (tmp_path / "run.yaml").write_text(json.dumps(spec(tape={"path": str(source), "interval": "1d"})))
    kept = np.genfromtxt(folder / "equity.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert kept.dtype.names == ("time", "free", "paying")
    found = compare([tmp_path / "run.yaml", folder / "equity.csv"], settings=QUICK)
    assert found.record["judged"] == ["run: paying", "equity: free", "equity: paying"]
    np.testing.assert_allclose(found.returns["equity: paying"], found.returns["run: paying"], atol=1e-12)


def test_a_benchmark_s_folder_can_be_compared_further(tmp_path: Path) -> None:
    made = judged(lane("held", "Holds"))
    made.save(tmp_path / "bench", page=False)
    found = compare([f"{tmp_path / 'bench'}:held", f"{tmp_path / 'bench'}:index"], against=["index"], settings=QUICK)
    mine, want = found.record["entries"]["held"], made.record["entries"]["held"]
    for measure in ("sharpe", "max_drawdown", "cagr"):
        assert mine["metrics"][measure] == pytest.approx(want["metrics"][measure], rel=1e-12)
    saved = found.save(tmp_path / "again", page=False)
    assert {one.name for one in tracks_of(str(saved))} == {"held", "index"}
    assert json.loads((saved / "comparison.json").read_text()) == found.record


def test_a_better_book_is_found() -> None:
    base = noise(1, 250)
    found = compare([track("base", base), track("mine", base + 0.002), track("bad", base - 0.002)], settings=QUICK)
    words = {pair["policy"]: pair["word"] for pair in found.record["comparisons"] if pair["measure"] == "growth"}
    assert words == {"mine": "better", "bad": "worse"}
    assert "mine is better than all it was held against" in repr(found) or "lucky" in repr(found)
    assert found.record["entries"]["base"]["deflated"] is None


def test_the_second_of_two_references_is_held_against_too() -> None:
    three = [track(name, noise(seed)) for seed, name in enumerate("abc")]
    found = compare(three, against=["b", "c"], settings=QUICK)
    assert (found.record["judged"], found.record["baselines"]) == (["a"], ["b", "c"])


def test_hourly_returns_are_compounded_to_the_closings_in_common() -> None:
    hours, days = noise(3, 40 * 24), noise(4, 40)
    hourly, daily = track("hourly", hours, step=DAY // 24), track("daily", days)
    found = compare([daily, hourly], common=True, settings=QUICK)
    want = np.prod(1.0 + hours.reshape(40, 24), axis=1) - 1.0
    np.testing.assert_allclose(found.returns["hourly"], want, atol=1e-14)
    np.testing.assert_allclose(found.returns["daily"], days, atol=1e-14)


def test_a_cut_keeps_exposures_and_drops_what_belongs_to_all_of_it() -> None:
    bars = np.arange(40.0).reshape(4, 10)
    one = track(
        "x", noise(1, 10), bars=bars, trades={"win_rate": 0.5}, costs={"costs": 1.0}, periods_per_year=(365.0, "given")
    )
    part = cut(one, one.times[3:8])
    np.testing.assert_array_equal(part.bars, bars[:, 3:7])
    np.testing.assert_allclose(part.returns, one.returns[3:7])
    assert (part.trades, part.costs, part.periods_per_year) == ({}, {}, (365.0, "given"))
    gaps = cut(one, one.times[[0, 5, 10]])
    assert (gaps.bars, gaps.periods_per_year) == (None, None)


def test_a_ruined_account_earns_nothing_after_it() -> None:
    lost = np.array([0.1, -1.0, 0.0, 0.0])
    np.testing.assert_allclose(cut(track("x", lost), track("x", lost).times[[0, 1, 3]]).returns, [0.1, -1.0])
    np.testing.assert_allclose(cut(track("x", lost), track("x", lost).times[[0, 2, 4]]).returns, [-1.0, 0.0])


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ([track("a", noise(1)), track("b", noise(2), first=30)], r"rows of b.*60 closings|rows of b.*61 closings"),
        ([track("a", noise(1)), track("b", noise(2), first=300)], r"rows of b.*with closings in common with a"),
        ([track("a", noise(1)), track("b", noise(2, 60 * 24), step=DAY // 24)], r"1 hours apart.*24 hours apart"),
        ([track("a", noise(1), currency="USD"), track("b", noise(2), currency="EUR")], "currency of b: got 'EUR'"),
        ([track("a", noise(1, 19)), track("b", noise(2, 19))], "returns: got 19, must be at least 20 returns"),
    ],
)
def test_runs_that_do_not_go_together_are_refused(tracks: list[Track], message: str) -> None:
    with pytest.raises(DataError, match=message):
        compare(tracks, settings=QUICK)


def test_what_nobody_can_compare_is_refused(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="two accounts or more"):
        compare([f"{folder}:free"], settings=QUICK)
    with pytest.raises(DataError, match=r"lane of .*: got 'fre'.*Did you mean `free`"):
        compare([f"{folder}:fre"], settings=QUICK)
    with pytest.raises(ConfigError, match="against: got 'nobody'"):
        compare([folder], against=["nobody"], settings=QUICK)
    with pytest.raises(ConfigError, match="not all of them"):
        compare([folder], against=["free", "paying"], settings=QUICK)
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="a folder of results"):
        compare([tmp_path / "empty"], settings=QUICK)
    (tmp_path / "x.csv").write_text("day,equity\n1,2\n")
    with pytest.raises(DataError, match="with a column `time`"):
        compare([tmp_path / "x.csv"], settings=QUICK)
    (tmp_path / "y.csv").write_text("time,equity\n2024-01-01,2\n2024-01-02,-1\n")
    with pytest.raises(DataError, match=r"y\.csv: equity, row 3.*a number above 0"):
        compare([tmp_path / "y.csv"], settings=QUICK)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"draws": 9}, "draws"),
        ({"level": 0.7}, "level"),
        ({"tests": ("t",)}, "tests: got 't'"),
        ({"trials": 0}, "trials"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        Settings(**settings)


def test_the_same_closings_are_left_alone() -> None:
    two = [track("a", noise(1)), track("b", noise(2))]
    assert aligned(two, common=False) == two
    early = replace(two[1], times=two[1].times - DAY)
    assert [one.times.size for one in aligned([two[0], early], common=True)] == [60, 60]


def test_a_run_of_the_registry_is_found_by_its_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYFOLIO_RUNS", str(tmp_path / "runs.sqlite"))
    with pytest.raises(DataError, match="run: got '7'"):
        compare(["7"], settings=QUICK)


def test_a_benchmark_has_one_row_for_each_judged_closing() -> None:
    assert judged().times.size == 178
    assert market().rows == 240


def test_what_a_lane_paid_at_its_first_close_counts_wherever_it_is_read(tmp_path: Path) -> None:
    """1 % of what is bought at the close of row 0, which the marks begin after."""
    costs = {"fill": "same_close", "commission": {"model": "percentage", "percentage_fee": 0.01}}
    held = {"name": "at once", "strategy": {"name": "buy_and_hold"}, "execution": costs}
    made = backtest({"name": "paid", "lanes": [held]}, tape())
    want = made.metrics("at once")["total_return"]
    assert want == pytest.approx(made.equity("at once")[-1] / 1e6 - 1.0, rel=1e-12)
    (one,) = tracks_of(str(made.save(tmp_path / "paid")))
    assert np.prod(1.0 + one.returns) - 1.0 == pytest.approx(want, rel=1e-12)


def test_a_folder_of_an_earlier_version_says_what_to_do() -> None:
    old = Path(__file__).parents[1] / "report" / "data" / "run_v0"
    with pytest.raises(DataError, match="An earlier version wrote it: run its configuration again"):
        tracks_of(str(old))
