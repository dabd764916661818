"""Who is judged: lanes of several files under the same costs, names apart, an index on the tape or beside it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.benchmark import benchmark
from polyfolio.errors import ConfigError, DataError
from tests.backtests.benches import document, judged, lane, market


def written(path: Path, data: dict[str, Any]) -> Path:
    path.write_text(json.dumps(data))
    return path


def without_section(data: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in data.items() if key != "benchmark"}


def test_lanes_of_other_files_are_judged_too_under_names_of_their_own(tmp_path: Path) -> None:
    written(
        tmp_path / "other.yaml", without_section(document(lane("held", "Holds", {"slot": 2}), lane("third", "Holds")))
    )
    data = document(lane("held", "Holds"), runs=["other.yaml"])
    made = benchmark(written(tmp_path / "b.yaml", data), market())
    assert made.record["judged"] == ["held", "other: held", "third"]
    # each as it is alone
    for name, slot in (("held", 1), ("other: held", 2)):
        np.testing.assert_array_equal(made.returns[name], judged(lane("held", "Holds", {"slot": slot})).returns["held"])
    some = document(lane("held", "Holds"), runs=[{"file": "other.yaml", "lanes": ["third"]}])
    assert benchmark(written(tmp_path / "c.yaml", some), market()).record["judged"] == ["held", "third"]


def test_a_document_without_lanes_takes_the_first_file_and_its_own_keys_hold_over_it(tmp_path: Path) -> None:
    written(tmp_path / "one.yaml", without_section(document(lane("a", "Holds"))))
    data = {"name": "both", "seed": 9, "benchmark": {**document()["benchmark"], "runs": ["one.yaml"]}}
    made = benchmark(written(tmp_path / "b.yaml", data), market())
    assert (made.record["name"], made.record["judged"], made.record["method"]["seed"]) == ("both", ["a"], 9)


def test_a_configuration_without_the_section_is_judged_with_its_defaults() -> None:
    made = benchmark({**without_section(document()), "seed": 0}, market())
    assert made.record["split"]["kind"] == "walk_forward"
    assert (made.record["method"]["draws"], len(made.record["split"]["rounds"])) == (2000, 5)


def test_only_the_lanes_and_baselines_that_are_asked_for() -> None:
    made = judged(lane("a", "Holds"), lane("b", "Holds"), lanes=["b"], baselines=["equal_weight"])
    assert (made.record["judged"], made.record["baselines"]) == (["b"], ["equal weight"])


@pytest.mark.pitfall("ACC-17")
def test_other_costs_are_refused_given_or_kept_as_the_key_says() -> None:
    cheap = lane("cheap", "Holds", execution={"commission": {"model": "none"}})
    with pytest.raises(ConfigError, match=r"execution of lane cheap \(rules\).*benchmark\.costs: first"):
        judged(lane("dear", "Holds"), cheap)
    first = judged(lane("dear", "Holds"), cheap, costs="first")
    np.testing.assert_array_equal(first.returns["cheap"], first.returns["dear"])
    assert first.record["notes"] == ["cheap was given the execution of dear."]
    own = judged(lane("dear", "Holds"), cheap, costs="own")
    assert own.returns["cheap"].sum() > own.returns["dear"].sum()
    assert own.record["notes"][0].startswith("cheap keeps its own execution")
    # the symbol beside which a lane is shown costs nothing
    beside = lane("other", "Holds", account={"initial_capital": 100_000.0, "benchmark": "A"})
    assert judged(lane("dear", "Holds"), beside).record["judged"] == ["dear", "other"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"lanes": ["hold"]}, r"lanes of rules: got 'hold'.*Did you mean `held`"),
        ({"index": "INDX"}, r"benchmark\.index: got 'INDX'.*Did you mean `INDEX`"),
        ({"targets": {"sharp": {"low": 1.0}}}, r"benchmark\.targets\.sharp: got 'sharp'.*Did you mean `sharpe`"),
        ({"targets": {"sharpe": {"low": 2.0, "high": 1.0}}}, r"benchmark\.targets\.sharpe\.low.*at most high"),
        ({"split": {"fold": 3}}, r"benchmark\.split\.fold: got 3.*Did you mean `folds`"),
        ({"baselines": ["cash"]}, r"benchmark\.baselines\[0\]: got 'cash'"),
        ({"runs": ["nowhere.yaml"]}, "nowhere.yaml"),
    ],
)
def test_what_does_not_fit_is_refused_with_key_and_remedy(given: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        judged(**given)


def test_names_and_strategies_that_are_missing_or_taken_are_refused() -> None:
    with pytest.raises(ConfigError, match="none of buy and hold"):
        judged(lane("equal weight", "Holds"))
    with pytest.raises(ConfigError, match="strategy of lane mute"):
        judged({"name": "mute"})
    with pytest.raises(ConfigError, match=r"benchmark\.runs: got \(\)"):
        benchmark({"benchmark": {}}, market())


def test_a_fault_in_a_file_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_text("name: x\nbenchmark:\n  draws: 3\nlanes:\n  - name: a\n")
    with pytest.raises(ConfigError, match=r"benchmark\.draws \(b\.yaml, line 3\): got 3, must be >= 100"):
        benchmark(tmp_path / "b.yaml", market())


def csv_of(path: Path, stamps: np.ndarray, closes: np.ndarray) -> Path:
    lines = ["timestamp,symbol,open,high,low,close,volume"]
    for stamp, close in zip(stamps.astype("datetime64[ns]"), closes, strict=True):
        lines.append(f"{np.datetime_as_string(stamp, unit='s')}Z,SPX,{close},{close},{close},{close},1")
    path.write_text("\n".join(lines) + "\n")
    return path


def test_an_index_beside_the_tape_is_joined_on_its_closings(tmp_path: Path) -> None:
    tape = market()
    path = csv_of(tmp_path / "index.csv", tape.times, tape.close[:, 0].round(9))
    on, beside = judged(), judged(index_tape={"path": str(path), "interval": "1d"}, multiples={"SPX": 2.0})
    for name in ("beta", "alpha", "information_ratio"):
        mine = [made.record["entries"]["held"]["metrics"][name] for made in (on, beside)]
        assert mine[0] == pytest.approx(mine[1], rel=1e-6), name
    assert "index" not in beside.record["baselines"]  # it cannot be bought
    aim = beside.record["entries"]["held"]["multiples"][0]
    change = tape.close[1:, 0] / tape.close[:-1, 0]
    rows = np.concatenate([one.round.fold.test for one in beside.rounds.ran])
    assert aim["index"] == pytest.approx(np.prod(change[rows]) - 1.0, rel=1e-6)
    part = csv_of(tmp_path / "part.csv", tape.times[100:], tape.close[100:, 0])
    noted = judged(index_tape={"path": str(part), "interval": "1d"}).record
    assert noted["notes"] == ["SPX has a return at 139 of 177 judged closings."]
    assert noted["entries"]["held"]["measures"]["information_ratio"]["value"] is None


def test_an_index_without_a_closing_in_common_is_refused(tmp_path: Path) -> None:
    tape = market()
    path = csv_of(tmp_path / "late.csv", tape.times + 500 * 86_400_000_000_000, tape.close[:, 0])
    with pytest.raises(DataError, match=r"benchmark\.index_tape: got 'SPX', must be with closings in common.*1971"):
        judged(index_tape={"path": str(path), "interval": "1d"})


def test_without_an_index_it_is_said() -> None:
    data = document()
    data["defaults"]["account"]["benchmark"] = None
    made = benchmark(data, market())
    assert "index" not in made.record["baselines"]
    assert made.record["notes"] == ["No index: account.benchmark and benchmark.index name no symbol."]
