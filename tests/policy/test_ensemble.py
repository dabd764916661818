"""Several policies decide as one, by hand and by file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from gymnasium import spaces

from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.archive import packed, unpacked
from polyfolio.policy.ensemble import ensemble, shares
from polyfolio.policy.manifest import Rule
from polyfolio.policy.network import Numbers
from polyfolio.policy.sealed import load, opened
from polyfolio.policy.votes import combined
from tests.policy.makers import BOX, observations, sealed, spec_of

CHOICES = spaces.MultiDiscrete([3, 2])


def rows(*values: list[float]) -> list[np.ndarray]:
    return [np.array([value], np.float32) for value in values]


@pytest.mark.parametrize(
    ("vote", "parts", "wanted"),
    [
        ("mean", [1 / 3] * 3, [0.1, -0.2]),
        ("weighted", [0.5, 0.5, 0.0], [0.0, 0.2]),
        ("vote", [1 / 3] * 3, [0.2, -0.4]),
        ("vote", [0.2, 0.2, 0.6], [0.3, -1.0]),
        ("vote", [0.5, 0.5, 0.0], [-0.2, -0.4]),  # of an even number the lower middle
    ],
)
def test_boxes_by_hand(vote: str, parts: list, wanted: list) -> None:
    raws = rows([-0.2, 0.8], [0.2, -0.4], [0.3, -1.0])
    numbers = Numbers((-1.0, -1.0), (1.0, 1.0))
    np.testing.assert_allclose(combined(vote, raws, parts, numbers)[0], wanted, atol=1e-7)


# Logits of one number with three choices. Probabilities: A (.09, .24, .67), B (.42, .16, .42), C (.58, .21, .21).
LOGITS = rows([0.0, 1.0, 2.0], [1.0, 0.0, 1.0], [1.0, 0.0, 0.0])


@pytest.mark.parametrize(
    ("vote", "parts", "wanted"),
    [
        ("mean", [1 / 3] * 3, 2),  # means .36, .21, .43
        ("vote", [1 / 3] * 3, 0),  # A says 2, B its first best 0, C 0
        ("weighted", [0.2, 0.1, 0.7], 0),
        ("vote", [0.6, 0.2, 0.2], 2),
        ("mean", [0.5, 0.0, 0.5], 2),
    ],
)
def test_choices_by_hand(vote: str, parts: list, wanted: int) -> None:
    found = combined(vote, LOGITS, parts, Numbers(choices=(3,), single=True))
    assert found.tolist() == [wanted]
    assert found.dtype == np.int64


@pytest.mark.parametrize("action", [BOX, CHOICES, spaces.Discrete(4)])
@pytest.mark.parametrize("vote", ["mean", "vote", "weighted"])
def test_an_ensemble_is_a_file_and_acts_as_its_members_together(action, vote: str, tmp_path: Path) -> None:
    policies = [sealed(action, seed, validation=float(seed + 1)) for seed in range(3)]
    path = ensemble(policies, vote, name="three").save(tmp_path / "three.policy")
    joined = load(path)
    assert [member.digest for member in joined.members] == [policy.digest for policy in policies]
    parts = [member.share for member in joined.manifest.members]
    assert parts == pytest.approx([1 / 6, 2 / 6, 3 / 6] if vote == "weighted" else [1 / 3] * 3)
    raws = [policy.raw(observations()) for policy in policies]
    found = joined.act(observations())
    np.testing.assert_array_equal(found, combined(vote, raws, parts, policies[0].manifest.world.numbers))
    np.testing.assert_array_equal(found[40:41], joined.act(observations()[40:41]))
    assert not np.array_equal(found, policies[0].act(observations()))


def test_members_that_reached_nothing_are_silent() -> None:
    policies = [sealed(seed=seed, validation=value) for seed, value in enumerate((3.0, -2.0, 1.0))]
    assert shares(policies, "weighted") == [0.75, 0.0, 0.25]
    assert shares(policies, "mean") == [1 / 3] * 3


@pytest.mark.parametrize(
    ("values", "said"), [((-1.0, 0.0), "Use mean: none"), ((1.0, None), "Use mean, or export again")]
)
def test_what_cannot_be_weighed_is_refused(values: tuple, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        ensemble([sealed(seed=seed, validation=value) for seed, value in enumerate(values)], "weighted")


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (lambda: sealed(spec=spec_of({"limits": {"max_position": 0.4}})), "lanes.0.limits.max_position: got 0.4"),
        (lambda: sealed(spec=spec_of(observation={"window": 2})), "environment.observation.window: got 2"),
        (lambda: sealed(spaces.MultiDiscrete([2, 2])), "numbers"),
        (lambda: sealed(panel="another"), "panel: got 'another'"),
        (lambda: sealed(names=tuple("abcdefg")), "names"),
    ],
)
def test_policies_of_another_world_are_refused(other, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        ensemble([sealed(), other()])
    assert said in str(caught.value)
    assert "Join policies of one configuration" in caught.value.remedy


def test_policies_may_differ_in_reward_seed_and_algorithm() -> None:
    other = sealed(algorithm="SAC", seed=4, spec=spec_of(reward={"type": "sharpe"}, episode={"length": 5}))
    assert len(ensemble([sealed(), other]).members) == 2


def test_what_is_no_ensemble_is_refused() -> None:
    with pytest.raises(ConfigError, match="two or more"):
        ensemble([sealed()])
    with pytest.raises(ConfigError, match="Did you mean `mean`"):
        ensemble([sealed(), sealed(seed=1)], "mena")  # type: ignore[arg-type]
    joined = ensemble([sealed(), sealed(seed=1)])
    with pytest.raises(ConfigError, match="Name its members"):
        ensemble([joined, sealed()])


def test_a_policy_with_a_rule_is_an_ensemble_of_one() -> None:
    rule = Rule(name="momentum", params={"lookback": 5}, how="blend", share=0.25)
    joined = ensemble([sealed()], rule=rule, name="with a rule")
    assert joined.manifest.rule == rule
    assert len(joined.members) == 1


def test_a_member_put_in_the_place_of_another_is_refused(tmp_path: Path) -> None:
    joined = ensemble([sealed(), sealed(seed=1)])
    entries = dict(joined.entries)
    entries["members/1.policy"] = packed(sealed(seed=2).entries)
    with pytest.raises(DataError, match="as the manifest says"):
        opened(entries, "two.policy")
    changed = bytearray(packed(joined.entries))
    at = bytes(changed).index(packed(sealed(seed=1).entries)) + 500
    changed[at] ^= 1
    with pytest.raises(DataError):
        unpacked(bytes(changed), "two.policy")
