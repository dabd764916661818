"""The example on daily stocks: it is a configuration, and its names were chosen by what was known when it begins."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import yaml

from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.rules.load import load
from tests.house.sources import ROOT

EXAMPLE = ROOT / "examples" / "daily_stocks.yaml"


def config(**tape) -> dict:
    data = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    data["tape"] |= tape
    return data


def test_the_example_names_no_machine_and_sets_nothing_of_the_algorithm():
    spec = load(EXAMPLE)
    assert spec.tape.path == "bars.parquet"
    assert spec.training.model_fields_set == {"algorithm", "seeds", "steps", "validation"}
    fees = spec.lanes[0].execution
    assert fees.commission.percentage_fee + fees.slippage.base_slippage == pytest.approx(0.001)


@pytest.mark.shared
def test_the_names_are_the_most_traded_members_before_the_first_row(shared_data):
    tape = config()["tape"]
    begins = pd.Timestamp(tape["start"], tz="UTC")
    bars = pd.read_parquet(
        shared_data / "us_daily_2016_2025.parquet", columns=["timestamp", "symbol", "close", "volume"]
    )
    spells = pd.read_parquet(shared_data / "sp500_membership_2015_2025.parquet")
    month = begins.tz_localize(None).replace(day=1)
    members = spells[(spells.first_month <= month) & (spells.last_month >= month)].symbol
    before = bars[(bars.timestamp < begins) & bars.symbol.isin(members)]
    traded = (before.close * before.volume).groupby(before.symbol).mean().sort_values(ascending=False)
    assert tape["symbols"] == [*traded.index[:10], "SPY"]


@pytest.mark.shared
def test_the_splits_are_those_of_the_page(shared_data):
    spec = load(config(path=str(shared_data / "us_daily_2016_2025.parquet")))
    env = TradingVectorEnv(spec, 1)
    assert env.core.rows == (0, 1416)
    assert len(env.feature_names) == 151
    assert env.tape.rows == 1416 + 472 + 473
    days = env.tape.times[[1415, 1416, 1887, 1888]].view("datetime64[ns]").astype("datetime64[D]")
    wanted = np.array(["2022-01-26", "2022-01-27", "2023-12-12", "2023-12-13"], "datetime64[D]")
    assert (days == wanted).all()
