"""The leaking examples: each is caught for its reason, its twin passes, and the printed report is the one beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from polyfolio.testing.reasons import Reason
from tests.house.sources import ROOT, run_python

FOLDER = ROOT / "examples" / "leaks"
REASONS = {
    "centred_window": [Reason.LOOKS_AHEAD],
    "fill_across_tickers": [Reason.ACROSS_SLOTS],
    "global_zscore": [Reason.WHOLE_SAMPLE, Reason.OUTSIDE_TRAINING],
    "same_bar_fill": [Reason.SAME_BAR],
    "smoothed_hmm": [Reason.BACKWARD_PASS],
}
# What a library's search for parameters ends with differs in its last digits between machines.
LEARNED = {"smoothed_hmm"}


def compared(text: str, name: str) -> list[str]:
    """The lines of a report, without what depends on learned parameters."""
    return [re.sub(r"\d+", "#", line) if name in LEARNED else line for line in text.splitlines()]


@pytest.mark.pitfall("LAH-01", "LAH-07")
@pytest.mark.parametrize("name", sorted(REASONS))
def test_an_example_is_caught_for_its_reason_and_its_twin_passes(name: str, tmp_path: Path) -> None:
    if name == "smoothed_hmm":
        pytest.importorskip("hmmlearn")
    done = run_python(str(FOLDER / f"{name}.py"), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"^LEAK (\w+):", done.stdout, re.MULTILINE) == [reason.value for reason in REASONS[name]]
    assert done.stdout.count("nothing leaks") == 1
    expected = (FOLDER / f"{name}.out").read_text(encoding="utf-8")
    if name not in LEARNED:
        assert compared(done.stdout, name) == compared(expected, name)
    else:
        assert [line[:20] for line in compared(done.stdout, name)] == [line[:20] for line in compared(expected, name)]


def test_every_example_has_its_reason() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.py")) == sorted(REASONS)
