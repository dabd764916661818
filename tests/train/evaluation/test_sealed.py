"""From names on a command line to contenders: policies that differ in the seed are one, unknown names are refused."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.spec import Lane, Spec
from polyfolio.train import evaluation_sealed as sealing
from tests.train.evaluation.tools import DAY, local, spec


@dataclass
class Stub:
    """What is read of a sealed policy."""

    seed: int
    algorithm: str | None = "ppo"
    name: str = "policy"
    config: str = "learned so"
    fee: float = 0.001
    end: str = "1970-10-28T00:00:00"
    extra: dict[str, Any] = field(default_factory=dict)

    @property
    def manifest(self) -> Any:
        learned = SimpleNamespace(tape="t", start="1970-01-02T00:00:00", end=self.end)
        body = {"seed": self.seed, "name": f"run {self.seed}", "fee": self.fee}
        world = SimpleNamespace(spec=body, names=("a",), learned=learned)
        lineage = None if self.algorithm is None else SimpleNamespace(algorithm=self.algorithm, config=self.config)
        return SimpleNamespace(world=world, lineage=lineage, name=self.name)

    @property
    def digest(self) -> str:
        return f"digest {self.seed} {self.algorithm}"

    @property
    def spec(self) -> Spec:
        return spec(self.fee)

    def lane(self, path: Path) -> dict[str, Any]:
        kept = self.spec.lanes[0]
        sections = {"account": kept.account, "execution": kept.execution}
        return {"name": "mine", **sections, "strategy": {"name": local("Guess"), "params": {"seed": self.seed}}}


@pytest.fixture
def stubs(monkeypatch: pytest.MonkeyPatch) -> dict[str, Stub]:
    """Policies by the name of their file; `load` answers with these."""
    known: dict[str, Stub] = {}
    monkeypatch.setattr(sealing, "load", lambda path: known[Path(path).as_posix()])
    return known


def test_policies_that_differ_in_the_seed_are_members_of_one(stubs: dict[str, Stub]) -> None:
    stubs |= {"a.policy": Stub(1), "b.policy": Stub(2, end="1970-11-01T00:00:00"), "c.policy": Stub(1, "a2c")}
    found, configuration = sealing.sealed(["a.policy", "b.policy", "c.policy", "a.policy"])
    assert [(each.name, len(each.members)) for each in found] == [("policy", 2), ("policy 2", 1)]
    assert [member.params["seed"] for member in found[0].members] == [1, 2]
    assert found[0].trained == (1 * DAY, 304 * DAY)
    assert found[0].digest == "digest 1 ppo; digest 2 ppo"
    assert isinstance(found[0].lane, Lane)
    assert configuration == stubs["a.policy"].spec
    assert sealing.sealed([]) == ((), None)


def test_other_rules_or_an_unknown_training_make_a_contender_of_its_own(stubs: dict[str, Stub]) -> None:
    stubs |= {"a.policy": Stub(1), "b.policy": Stub(2, fee=0.002), "c.policy": Stub(3, None), "d.policy": Stub(4, None)}
    assert [len(each.members) for each in sealing.sealed(list(stubs))[0]] == [1, 1, 1, 1]


def test_members_with_names_of_their_own_are_called_by_their_algorithm(stubs: dict[str, Stub]) -> None:
    stubs |= {"a.policy": Stub(1, name="one"), "b.policy": Stub(2, name="two")}
    assert [each.name for each in sealing.sealed(list(stubs))[0]] == ["ppo"]
    stubs["c.policy"] = Stub(1, "a2c", name="index")
    assert [each.name for each in sealing.sealed(["c.policy"])[0]] == ["index 2"]


def test_a_training_s_folder_stands_for_its_policies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DataError, match="a folder of a training with one"):
        sealing.files_of(str(tmp_path))
    for seed in (2, 1):
        (tmp_path / f"seed-{seed}").mkdir()
        (tmp_path / f"seed-{seed}" / "policy.policy").write_bytes(b"")
    names = [path.relative_to(tmp_path).as_posix() for path in sealing.files_of(str(tmp_path))]
    assert names == ["seed-1/policy.policy", "seed-2/policy.policy"]
    assert sealing.is_sealed(str(tmp_path))
    assert sealing.is_sealed("x.policy")
    monkeypatch.chdir(tmp_path)
    assert not sealing.is_sealed("momentum")
    (tmp_path / "momentum").mkdir()
    assert not sealing.is_sealed("momentum")
    (tmp_path / "momentum" / "policy.policy").write_bytes(b"")
    assert sealing.is_sealed("momentum")


def test_a_file_that_is_no_policy_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.policy").write_bytes(b"nothing")
    with pytest.raises(DataError, match="policy"):
        sealing.sealed([str(tmp_path / "x.policy")])
    with pytest.raises(DataError, match="policy"):
        sealing.sealed([str(tmp_path / "none.policy")])


def test_lanes_and_strategies_are_found_by_name() -> None:
    configuration = spec(strategy={"name": "momentum", "params": {"lookback": 5}}, limits={"max_position": 0.3})
    lane, rule = sealing.named(["mine", "equal_weight"], configuration, None)
    assert (lane.members[0].params, lane.lane) == ({"lookback": 5}, configuration.lanes[0])
    assert (rule.members[0].name, rule.lane) == ("equal_weight", None)
    with pytest.raises(ConfigError, match=r"policy: got 'momentun', must be .*mine.*momentum.*Did you mean `momentum`"):
        list(sealing.named(["momentun"], configuration, None))


def test_seeds_are_for_strategies_that_take_one() -> None:
    (guess,) = sealing.named([local("Guess")], spec(), 3)
    assert [member.params for member in guess.members] == [{"seed": 0}, {"seed": 1}, {"seed": 2}]
    with pytest.raises(ConfigError, match="seeds: got 3, must be left out, momentum takes no argument `seed`"):
        list(sealing.named(["momentum"], spec(), 3))


def test_policies_that_were_learned_otherwise_are_no_seeds_of_one(stubs: dict[str, Stub]) -> None:
    stubs |= {"a.policy": Stub(1), "b.policy": Stub(2, config="with another learning rate")}
    found, _ = sealing.sealed(["a.policy", "b.policy"])
    assert [(each.name, len(each.members)) for each in found] == [("policy", 1), ("policy 2", 1)]


def test_policies_of_one_name_are_told_apart_by_their_folders(stubs: dict[str, Stub]) -> None:
    places = ("runs/first/policy.policy", "runs/second/seed-3/policy.policy", "runs/third/policy.policy")
    stubs |= {place: Stub(1, config=place) for place in places}
    found, _ = sealing.sealed(list(places))
    assert [each.name for each in found] == ["policy", "second", "third"]
