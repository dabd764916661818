"""The source: a recipe in YAML becomes a tape, or an error that names file, key and remedy."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.market.files import read_csv
from polyfolio.market.source import open_tape
from polyfolio.market.synthetic.crash import Crash, with_crash
from polyfolio.market.synthetic.models import market_of
from polyfolio.market.synthetic.source import recipe_of, synthetic_tape
from polyfolio.rules import registry
from tests.market.tools import HEADER


@pytest.fixture
def folder(tmp_path):
    """A CSV of two symbols and room for a recipe."""
    random = np.random.default_rng(1)
    lines = [HEADER]
    days = np.datetime64("2024-01-01") + np.arange(90)
    for symbol in ("AAA", "BBB"):
        closes = 50.0 * np.exp(np.cumsum(0.01 * random.standard_normal(90)))
        lines += [
            f"{day}T00:00:00Z,{symbol},{c:.4f},{c:.4f},{c:.4f},{c:.4f},100\n"
            for day, c in zip(days, closes, strict=True)
        ]
    (tmp_path / "bars.csv").write_text("".join(lines))
    return tmp_path


def recipe(folder, text: str):
    (folder / "market.yaml").write_text(text)
    return folder / "market.yaml"


def test_a_recipe_is_fit_sample_and_crash(folder):
    text = """
original: bars.csv
model: regimes
parameters: {states: 2}
rows: 120
seed: 7
path: 3
crash: {depth: -0.3, fall: 5, recovery: 10, at: 40}
"""
    made = synthetic_tape(recipe(folder, text), symbols=["BBB", "AAA"], interval="1d")
    original = read_csv(folder / "bars.csv", symbols=["BBB", "AAA"], interval="1d")
    plain = market_of("regimes", states=2).fit(original).sample(120, seed=7, path=3)
    expected = with_crash(plain, Crash(depth=-0.3, fall=5, recovery=10, at=40), seed=7, path=3)
    assert made.symbols == ("BBB", "AAA")
    assert made.digest() == expected.digest()


def test_what_is_not_said_is_a_bootstrap_of_the_whole_original(folder):
    made = synthetic_tape(recipe(folder, "original: bars.csv\n"), end="2024-02-29")
    original = read_csv(folder / "bars.csv", end="2024-02-29")
    assert original.rows == 61  # to the close at midnight after the last day
    assert made.digest() == market_of("bootstrap").fit(original).sample().digest()


def test_the_bundled_tape_needs_no_path(folder):
    path = recipe(folder, "format: demo\nseed: 2\n")
    made = synthetic_tape(path, symbols=["BTC/USDT"], end="2024-01-20")
    assert (
        made.digest()
        == market_of("bootstrap").fit(demo_tape(symbols=["BTC/USDT"], end="2024-01-20")).sample(seed=2).digest()
    )


def test_a_configurations_tape_section_opens_it(folder):
    """Under the name it is registered by, or by module and name."""
    name = "polyfolio.market.synthetic.source:synthetic_tape"
    section = SimpleNamespace(
        path=str(recipe(folder, "original: bars.csv\nseed: 1\n")), format=name, symbols=("AAA",), dividends=False
    )
    assert open_tape(section).symbols == ("AAA",)
    assert registry.resolve("source", name) is synthetic_tape


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("original: bars.csv\nmodle: garch\n", r"key of market.yaml: got 'modle'.*Did you mean `model`"),
        ("original: bars.csv\nmodel: grach\n", r"model: got 'grach'.*Did you mean `garch`"),
        ("original: bars.csv\nmodel: regimes\nparameters: {state: 2}\n", r"parameters of regimes: got 'state'"),
        ("original: bars.csv\nparameters: 5\n", r"parameters \(market.yaml\): got 5, must be a map of keys"),
        ("original: bars.csv\ncrash: {dept: -0.2}\n", r"key of crash \(market.yaml\): got 'dept'.*`depth`"),
        ("original: bars.csv\ncrash: {depth: 3}\n", r"depth: got 3"),
        ("original: bars.csv\nseed: -1\n", r"seed: got -1"),
        ("original: bars.csv\nrows: many\n", r"rows: got 'many'"),
        ("model: garch\n", r"original: got None.*Name the tape to fit to"),
        ("- 1\n", r"market.yaml: got \[1\], must be a map of keys"),
        ("original: market.yaml\nformat: synthetic\n", r"format: got 'synthetic'.*Name the original itself"),
        ("original: a.csv\noriginal: b.csv\n", r"original \(market.yaml, line 2\).*written once"),
    ],
)
def test_a_wrong_recipe_is_refused(folder, text, message):
    with pytest.raises(ConfigError, match=message):
        synthetic_tape(recipe(folder, text))


def test_a_missing_original_and_a_missing_recipe_are_named(folder):
    with pytest.raises(DataError, match=r"Did you mean `bars\.csv`"):
        synthetic_tape(recipe(folder, "original: bar.csv\n"))
    with pytest.raises(ConfigError, match="a readable file"):
        synthetic_tape(folder / "none.yaml")
    with pytest.raises(ConfigError, match="the YAML file of a recipe"):
        synthetic_tape(None)


def test_options_nobody_knows_are_refused(folder):
    with pytest.raises(DataError, match="Did you mean `symbols`"):
        synthetic_tape(recipe(folder, "original: bars.csv\n"), symbol=["AAA"])


def test_a_recipe_reads_back(folder):
    found = recipe_of(recipe(folder, "original: bars.csv\nseed: 3\n"))
    assert (found.original, found.model, found.seed, found.rows, found.crash) == (
        "bars.csv",
        "bootstrap",
        3,
        None,
        None,
    )
