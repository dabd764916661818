"""The audit finds each fault in a twin that has it, and none in an environment that keeps its accounts right."""

from __future__ import annotations

import importlib
import random
import sys
import warnings
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest

from polyfolio.errors import ConfigError, StopTrading
from polyfolio.testing.audit import CHECKS, audit, check_env, subject_of
from polyfolio.testing.audit_report import Outcome
from polyfolio.testing.audit_subject import EnvSubject
from tests.testing import wrong_envs as envs

# What takes seconds is asked of the twins that fail it.
SLOW = ("time", "import", "memory")
QUICK = tuple(name for name in CHECKS if name not in SLOW)

# A twin, and every check that must find it; no other may.
TWINS: dict[type[envs.RightEnv], set[str]] = {
    envs.TakesNan: {"refuses_nan"},
    envs.FourValues: {"api"},
    envs.ResetsToOne: {"api"},
    envs.PaysNan: {"api", "fee"},
    envs.ShowsList: {"spaces"},
    envs.ShowsDoubles: {"spaces"},
    envs.ShowsBeyondBounds: {"spaces"},
    envs.OverwritesObservations: {"kept"},
    envs.ChangesActions: {"kept"},
    envs.DrawsFromEverybody: {"determinism", "seeds", "global_state"},
    envs.SetsEverybodysSeed: {"global_state"},
    envs.ForgetsSeeds: {"seeds", "history"},
    envs.CountsForAll: {"determinism", "seeds", "history", "global_state"},
    envs.RemembersPositions: {"history"},
    envs.NoFee: {"fee"},
    envs.WholeTurnover: {"fee"},
    envs.PaysBeforeCosts: {"fee"},
    envs.RandomSlippage: {"flat_prices"},
    envs.EarnsOnCash: {"flat_prices", "short_carry"},
    envs.OverwrittenBorrow: {"short_carry"},
    envs.FreeShorts: {"short_carry"},
    envs.PaysTheLastTwice: {"reward_once"},
    envs.PaysEarly: {"future"},
    envs.ShowsTomorrow: {"future"},
    envs.ScalesByAll: {"future"},
    envs.SameClose: {"same_bar"},
    envs.FeatureStopsTrades: {"features"},
}


def shared_states() -> Any:
    return random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002


def failures(subject: EnvSubject, *only: str) -> dict[str, str]:
    report = audit(subject, only=only or QUICK, steps=400)
    return {verdict.check: verdict.sentence for verdict in report.failures}


@pytest.mark.parametrize("make", [envs.RightEnv, envs.BoxEnv], ids=lambda make: make.__name__)
def test_what_is_right_passes_everything_that_can_be_asked(make: type[envs.RightEnv]) -> None:
    report = audit(envs.subject(make), only=QUICK)
    assert not report.failures, report.text()
    skipped = {verdict.check for verdict in report.of(Outcome.SKIPPED)}
    assert skipped == ({"refuses_nan"} if make is envs.RightEnv else {"short_carry", "features"})


@pytest.mark.pitfall("ACC-01", "ACC-02", "ACC-03", "ACC-06", "ACC-07", "ACC-08", "ACC-09")
@pytest.mark.pitfall("LAH-03", "LAH-04", "REP-01", "REP-04", "VER-01")
@pytest.mark.parametrize("make", TWINS, ids=lambda make: make.__name__)
def test_each_fault_is_found_by_its_checks_and_by_no_other(make: type[envs.RightEnv]) -> None:
    assert set(failures(envs.subject(make))) == TWINS[make]


@pytest.mark.parametrize("seed", [1, 2])
def test_other_seeds_accuse_nobody(seed: int) -> None:
    report = audit(envs.subject(envs.RightEnv), seed=seed, only=QUICK)
    assert not report.failures, report.text()


@pytest.mark.pitfall("SPD-01")
def test_time_that_grows_with_the_episode_is_found() -> None:
    assert "times as long" in failures(envs.subject(envs.SumsItsHistory), "time")["time"]
    assert not failures(envs.subject(envs.RightEnv), "time")


@pytest.mark.pitfall("SPD-01")
def test_memory_that_is_kept_over_episodes_is_found() -> None:
    assert "bytes of every step" in failures(envs.subject(envs.KeepsEverything), "memory")["memory"]
    assert not failures(envs.subject(envs.RightEnv), "memory")


@pytest.mark.pitfall("REP-02")
def test_what_an_import_does_to_its_surroundings_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    right = "from gymnasium.envs.classic_control import CartPoleEnv\nclass Env(CartPoleEnv):\n    pass\n"
    (tmp_path / "calm_env.py").write_text(right)
    (tmp_path / "loud_env.py").write_text("import warnings\nwarnings.filterwarnings('error')\n" + right)
    (tmp_path / "seeding_env.py").write_text("import numpy\nnumpy.random.seed(1)\n" + right)
    monkeypatch.syspath_prepend(str(tmp_path))
    found = {}
    for name in ("calm_env", "loud_env", "seeding_env"):
        monkeypatch.delitem(sys.modules, name, raising=False)
        with warnings.catch_warnings():
            module = importlib.import_module(name)
        found[name] = failures(EnvSubject(module.Env), "import")
    assert found["calm_env"] == {}
    assert "warning filters" in found["loud_env"]["import"]
    assert "NumPy's random state" in found["seeding_env"]["import"]


def test_sentences_say_where_and_how_much() -> None:
    assert failures(envs.subject(envs.ShowsTomorrow), "future")["future"].startswith(
        "observations know row 110 up to 1 steps"
    )
    assert "step 119 of 119" in failures(envs.subject(envs.PaysTheLastTwice), "reward_once")["reward_once"]
    assert "row 72" in failures(envs.subject(envs.SameClose), "same_bar")["same_bar"]


def test_a_row_reading_finds_what_the_account_alone_would_hide() -> None:
    class MarksTomorrow(envs.RightEnv):
        """Its account is marked a row early too, so that nothing comes before the account."""

        def observe(self) -> Any:
            self.row += self.row < len(self.closes) - 1
            shown = super().observe()
            self.row -= self.row < len(self.closes) - 1
            return shown

        def worth(self) -> float:
            return self.worth_at(float(self.closes[min(self.row + 1, len(self.closes) - 1)]))

    subject = envs.subject(MarksTomorrow, row=lambda env, info: env.row)
    assert "future" in failures(subject, "future")


def test_a_check_without_its_knob_is_skipped_and_says_so() -> None:
    def make() -> envs.RightEnv:
        return envs.RightEnv()

    report = audit(EnvSubject(make), only=["fee", "flat_prices", "same_bar", "reward_once", "seeds"])
    assert [verdict.outcome.value for verdict in report.verdicts] == ["skipped"] * 3 + ["passed"] * 2
    assert report.verdict("same_bar").sentence == "the subject has no prices, flat, long"


def test_a_fee_is_judged_on_the_environments_own_prices_where_it_takes_no_others() -> None:
    def make(fee: float = 1e-3) -> envs.RightEnv:
        return envs.RightEnv(fee=fee)

    def make_free(fee: float = 1e-3) -> envs.RightEnv:
        return envs.NoFee(fee=fee)

    assert not failures(EnvSubject(make), "fee")
    assert "changes nothing" in failures(EnvSubject(make_free), "fee")["fee"]


def test_rewards_that_are_no_change_of_the_account_are_not_judged_unless_they_are_said_to_be() -> None:
    class PaysSteps(envs.RightEnv):
        def pay(self, before: float) -> float:
            return 1.0

    report = audit(envs.subject(PaysSteps), only=["reward_once"])
    assert report.verdicts[0].outcome is Outcome.SKIPPED
    assert audit(envs.subject(PaysSteps, reward="log"), only=["reward_once"]).failures
    assert not audit(envs.subject(envs.RightEnv, reward="change"), only=["reward_once"]).failures


def test_any_error_of_the_environment_becomes_a_verdict() -> None:
    class Odd(Exception):
        pass

    class Raises(envs.RightEnv):
        def trade(self, side: float) -> None:
            raise Odd("no trades today")

    report = audit(envs.subject(Raises), only=["api", "seeds"])
    assert "Odd: no trades today" in report.verdict("api").sentence
    assert report.verdict("seeds").sentence == "it raises what `api` says"


def test_the_audit_leaves_the_global_random_states_as_they_were() -> None:
    random.seed(3)
    np.random.seed(3)  # noqa: NPY002 - it is what is asked about
    before = shared_states()
    audit(envs.subject(envs.SetsEverybodysSeed), only=["global_state", "fee"])
    assert shared_states() == before


def test_ids_of_gymnasium_are_audited_by_name() -> None:
    report = audit("CartPole-v1", only=["api", "spaces", "seeds", "history", "fee"])
    assert report.subject == "CartPole-v1"
    assert report.verdict("seeds").figures["trajectories"] == 6
    assert not report.failures
    assert report.versions["gymnasium"] == gymnasium.__version__


def test_arguments_reach_the_environment_of_an_id() -> None:
    env = subject_of("Pendulum-v1", {"g": 5.0}).fresh()
    assert env.unwrapped.g == 5.0


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: audit("Nothing-v7"), "id"),
        (lambda: audit(envs.RightEnv, only=["money"]), "only"),
        (lambda: audit(3), "int"),
        (lambda: EnvSubject(None), "make"),
        (lambda: EnvSubject(envs.RightEnv, reward="sharpe"), "reward"),
        (lambda: EnvSubject(envs.RightEnv, slots=0), "slots, columns, rows"),
    ],
)
def test_what_cannot_be_asked_is_refused(call: Any, field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call()
    assert caught.value.field == field


def test_a_maker_that_returns_one_environment_again_and_again_is_refused() -> None:
    one = envs.RightEnv()
    with pytest.raises(ConfigError, match="fresh one each time"):
        audit(EnvSubject(lambda: one), only=["determinism"])


def test_check_env_raises_the_first_failure_with_its_remedy() -> None:
    assert check_env(envs.subject(envs.RightEnv), only=["fee"]).verdicts
    with pytest.raises(StopTrading, match=r"NoFee: fee.*Charge rate x traded value"):
        check_env(envs.subject(envs.NoFee), only=["fee"])


def test_reports_are_lines_data_and_a_page() -> None:
    report = audit(envs.subject(envs.NoFee), only=["fee", "seeds"])
    assert report.text().splitlines()[0] == "NoFee: 1 passed, 1 failed, 0 skipped (seed 0)"
    record = report.record()
    assert record["failed"] == ["fee"]
    assert record["verdicts"][0]["remedy"]
    assert not record["verdicts"][1]["remedy"]
    page = report.page()
    assert page.count("<tr class=") == 2
    assert "http" not in page
    assert "<code>fee</code>" in page


def test_names_are_escaped_in_the_page() -> None:
    subject = EnvSubject(envs.RightEnv, "<script>")
    page = audit(subject, only=["fee"]).page()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


@pytest.mark.parametrize("seed", range(4))
def test_an_audit_of_one_seed_says_the_same_again_whatever_was_drawn_before(seed: int) -> None:
    class DrawsOneOfThree(envs.RightEnv):
        def draw(self) -> float:
            return float(np.random.choice(3))  # noqa: NPY002 - the fault

    reports = []
    for before in (1, 2):
        np.random.seed(before)  # noqa: NPY002 - it is what may not matter
        report = audit(envs.subject(DrawsOneOfThree), seed=seed, only=["determinism", "seeds", "history", "future"])
        reports.append(report.record())
    assert reports[0] == reports[1]
    assert reports[0]["failed"] == ["determinism", "seeds"]
