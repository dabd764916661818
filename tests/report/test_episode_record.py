"""The record of an episode: what `info` says becomes arrays, figures, a plot on a terminal and a page."""

from __future__ import annotations

import re
import sys

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.report.episode_figures import figures
from polyfolio.report.episode_page import page, save_page
from polyfolio.report.episode_record import EpisodeRecorder
from polyfolio.report.episode_terminal import course_text, state_text

SYMBOLS = ("AAA", "BBB")
DAY = np.timedelta64(1, "D")
CUT = {"symbol": "AAA", "stage": "cap_position", "reason": "max_position", "before": 0.9, "after": 0.5}
NOTHING = dict.fromkeys(("commission", "slippage", "impact", "borrow", "funding"), 0.0)


def info(at: int, worth: float, **more) -> dict:
    """The info of a step, or of a reset where `at` is 0."""
    return {
        "row": 10 + at,
        "time": np.datetime64("2024-03-01T00:00", "ns") + at * DAY,
        "equity": worth,
        "weights": np.array([0.5, 0.25]),
        "asked": np.array([0.9, 0.25]),
        "projected": np.array([0.5, 0.25]),
        "costs": dict(NOTHING),
        "turnover": 0.0,
        "drawdown": 0.0,
        "ended": "",
        "reasons": [],
    } | more


def recorder(**more) -> EpisodeRecorder:
    made = EpisodeRecorder("trial <run>", SYMBOLS, currency="EUR", bars_per_year=365.25, **more)
    made.begin(info(0, 1000.0))
    paid = NOTHING | {"commission": 2.0, "slippage": 1.0}
    made.step(0.1, info(1, 1100.0, costs=paid, turnover=0.75, reasons=[CUT]))
    made.step(-0.2, info(2, 880.0, reasons=[CUT, CUT | {"symbol": "", "stage": "scale", "reason": "max_var"}]))
    last = info(3, 990.0, costs=NOTHING | {"commission": 0.5}, turnover=0.25, ended="end_of_tape")
    made.step(0.125, last)
    return made


def test_a_record_has_a_row_for_the_reset_and_one_for_each_step():
    record = recorder().record()
    assert record.steps == 3
    assert record.rows.tolist() == [10, 11, 12, 13]
    assert record.equity.tolist() == [1000.0, 1100.0, 880.0, 990.0]
    assert record.rewards.tolist() == [0.1, -0.2, 0.125]
    assert (np.diff(record.times) == 86_400_000_000_000).all()
    assert record.weights.shape == (4, 2)
    assert record.asked.shape == record.projected.shape == (3, 2)
    assert record.ended == "end_of_tape"


def test_the_figures_are_those_of_the_states():
    record = recorder().record()
    assert record.drawdowns == pytest.approx([0.0, 0.0, -0.2, -0.1])
    # Traded: 0.75 x 1000 + 0.25 x 880 = 970; trading costs 3.5.
    assert record.costs["costs"] == 3.5
    assert record.costs["traded"] == pytest.approx(970.0)
    assert record.costs["cost_bp"] == pytest.approx(3.5 / 970.0 * 1e4)
    assert record.metrics["total_return"] == pytest.approx(-0.01)
    assert record.metrics["max_drawdown"] == pytest.approx(-0.2)
    assert record.shifted == pytest.approx([0.4, 0.4, 0.4])
    assert record.counted_reasons() == [("cap_position", "max_position", "AAA", 2), ("scale", "max_var", "", 1)]


def test_slots_without_opinion_or_trading_do_not_count_as_shifted():
    made = EpisodeRecorder("trial", SYMBOLS)
    made.begin(info(0, 1000.0))
    made.step(0.0, info(1, 1000.0, asked=np.array([np.nan, 1.0]), projected=np.array([0.5, 0.75])))
    assert made.record().shifted == pytest.approx([0.25])


def test_signals_are_not_compared_with_weights():
    assert np.isnan(recorder(says="signals").record().shifted).all()


def test_a_record_keeps_what_an_environment_overwrites():
    """Environments write each step into the same arrays."""
    shared = info(1, 1100.0)
    made = EpisodeRecorder("trial", SYMBOLS)
    made.begin(info(0, 1000.0))
    made.step(0.0, shared)
    shared["weights"][:] = 7.0
    shared["costs"]["commission"] = 7.0
    shared["reasons"].append(CUT)
    record = made.record()
    assert record.weights[1].tolist() == [0.5, 0.25]
    assert record.costs["commission"] == 0.0
    assert record.reasons == ((),)


def test_wrong_use_is_refused():
    made = EpisodeRecorder("trial", ("AAA",))
    with pytest.raises(DataError, match="after begin"):
        made.step(0.0, info(1, 1.0))
    made.begin(info(0, 1000.0))
    with pytest.raises(DataError, match="at least 1"):
        made.record()
    made.step(0.0, info(1, 1000.0))
    with pytest.raises(DataError, match="one per symbol"):
        made.record()


def test_a_new_episode_begins_empty():
    made = recorder()
    made.begin(info(0, 5.0))
    made.step(0.5, info(1, 6.0))
    assert made.record().equity.tolist() == [5.0, 6.0]


def test_the_state_is_a_table():
    paid = NOTHING | {"commission": 2.0, "impact": 12.5}
    told = info(1, 1100.0, reasons=[CUT], ended="length", costs=paid, turnover=0.5, drawdown=-0.046)
    shown = state_text(told, SYMBOLS, currency="EUR", reward=0.25)
    assert shown.splitlines()[:2] == [
        "2024-03-02 00:00 UTC, row 11: equity 1,100.00 EUR, drawdown -4.6 %",
        "reward +0.25, turnover 50.0 %, commission 2.00, impact 12.50",
    ]
    assert re.search(r"AAA +\+0\.9000 +\+0\.5000 +\+0\.5000", shown)
    assert re.search(r"not held +\+0\.2500", shown)
    assert "AAA: 0.9 to 0.5 by max_position (cap_position)" in shown
    assert shown.endswith("Ended: length.")
    assert "\x1b" not in shown


def test_the_state_after_a_reset_has_no_reward_no_costs_and_dashes_for_what_was_not_asked():
    nothing = np.full(2, np.nan)
    lines = state_text(info(0, 1000.0, asked=nothing, projected=nothing), SYMBOLS).splitlines()
    assert len(lines) == 5
    assert re.search(r"AAA +- +- +\+0\.5000", lines[2])


def test_an_environment_that_says_nothing_is_told_apart():
    assert "info='summary'" in state_text({}, SYMBOLS)


def test_many_slots_fit_the_table():
    many = np.zeros(30)
    many[17] = -0.75
    shown = state_text(info(0, 1.0, weights=many, asked=many, projected=many), [f"S{i:02d}" for i in range(30)])
    assert "S17" in shown
    assert "18 more" in shown
    assert len(shown.splitlines()) < 20


@pytest.mark.parametrize("braille", [True, False])
def test_the_course_fits_its_width(braille):
    shown = course_text(recorder().record(), 72, braille=braille)
    assert max(len(line) for line in shown.splitlines()[:20]) <= 72
    assert "equity, EUR" in shown
    assert "3 steps, end_of_tape; return -1.0 %" in shown
    assert "2 x max_position (cap_position) AAA." in shown


def test_the_page_says_everything_and_loads_nothing():
    text = page(recorder().record())
    assert "Episode: trial &lt;run&gt;" in text
    for word in ("Equity", "Drawdown", "Weights held", "Asked against projected", "Costs by kind", "Reward"):
        assert f"<h2>{word}</h2>" in text
    assert '<td>commission</td><td class="n">2.50</td>' in text
    assert "<td>cap_position</td><td>max_position</td><td>AAA</td>" in text
    outside = re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)\s*=", outside)
    assert "prefers-color-scheme: dark" in text
    assert "@media print" in text
    assert 'name="viewport"' in text
    assert not re.findall(r"<script[^>]+src", text)


def test_names_cannot_put_a_script_into_the_page():
    made = EpisodeRecorder("</script><b>", ("</script><script>alert(1)", "BBB"))
    made.begin(info(0, 1000.0))
    made.step(0.0, info(1, 1000.0, reasons=[CUT | {"symbol": "<i>"}]))
    text = page(made.record())
    assert "alert(1)" in text
    assert "</script><script>alert" not in text
    assert "</script><b>" not in text
    assert "<i>" not in re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL)


def test_plots_show_the_record():
    record = recorder().record()
    shown = {name: figure for name, _, figure in figures(record)}
    assert list(shown["Equity"].data[0].y) == record.equity.tolist()
    assert [trace.name for trace in shown["Weights held"].data] == ["AAA", "BBB"]
    assert {trace.stackgroup for trace in shown["Weights held"].data} == {"one"}
    assert [trace.name for trace in shown["Costs by kind"].data] == ["commission", "slippage"]
    assert list(shown["Reward"].data[0].y) == pytest.approx([0.1, -0.1, 0.025])


def test_short_weights_are_lines_not_areas():
    made = EpisodeRecorder("trial", SYMBOLS, says="signals")
    made.begin(info(0, 1000.0))
    made.step(0.0, info(1, 1000.0, weights=np.array([-0.5, 0.5])))
    shown = {name: figure for name, _, figure in figures(made.record())}
    assert {trace.stackgroup for trace in shown["Weights held"].data} == {None}
    assert "Asked against projected" not in shown
    assert [trace.name for trace in shown["Signals asked for"].data] == ["AAA", "BBB"]


def test_a_page_that_cannot_be_written_says_so(tmp_path):
    assert save_page(recorder().record(), tmp_path / "episode.html").stat().st_size > 10_000
    with pytest.raises(DataError, match="Choose another place"):
        save_page(recorder().record(), tmp_path / "none" / "episode.html")


@pytest.mark.parametrize("missing", ["plotly", "jinja2"])
def test_a_missing_extra_is_named(missing, monkeypatch):
    for name in [name for name in sys.modules if name.split(".")[0] == missing]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ConfigError, match=r"polyfolio\[report\]"):
        page(recorder().record())
