"""`polyfolio migrate`: an old file becomes one in our keys, and every key of it is told."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from polyfolio.cli.migrate import app
from polyfolio.core.codes import Act, Commission, Reward, Slippage, Space, Start
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load
from polyfolio.rules.migrate import migrate

BLOCK = Path(__file__).parents[1] / "rules" / "data" / "multi_ticker_env.yaml"
OLD = """
ticker: SPY
data_path: bars.csv
interval: minute
initial_capital: 50000
base_currency: USD
commission: 0.0005
slippage: 0.0001
max_position_size: 0.8
max_leverage: 1.5
max_drawdown: 0.2
allow_short: true
stop_loss: 0.02
take_profit: 0.04
window_size: 10
features: [rsi, macd]
episode_length: 390
random_start: true
action_space: {type: discrete, action_type: trade_signals}
reward: {type: pnl, reward_scaling: 100.0}
"""


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "single.yaml"
    path.write_text("intraday_env:\n" + OLD.replace("\n", "\n  "), encoding="utf-8")
    return path


def test_every_key_of_a_single_ticker_file_arrives(old: Path) -> None:
    spec = load(migrate(old).data)
    lane, tape, environment = spec.lanes[0], spec.tape, spec.environment
    assert tape is not None
    assert environment is not None
    assert (spec.name, tape.symbols, tape.path, tape.interval) == ("single", ("SPY",), "bars.csv", "1min")
    assert (lane.account.initial_capital, lane.account.base_currency) == (50_000.0, "USD")
    fee, slip = lane.execution.commission, lane.execution.slippage
    assert (fee.model, fee.percentage_fee) == (Commission.PERCENTAGE, 0.0005)
    assert (slip.model, slip.base_slippage) == (Slippage.PERCENTAGE, 0.0001)
    assert (lane.limits.max_position, lane.limits.max_leverage, lane.risk.max_drawdown) == (0.8, 1.5, 0.2)
    assert (lane.sizing.allow_short, lane.exits.stop_loss, lane.exits.take_profit) == (True, 0.02, 0.04)
    assert (environment.observation.window, environment.observation.technical) == (10, ("rsi", "macd"))
    assert (environment.episode.length, environment.episode.start) == (390, Start.RANDOM)
    assert (environment.action.space, environment.action.kind) == (Space.DISCRETE, Act.SIGNALS)
    assert (environment.reward.type, environment.reward.reward_scaling) == (Reward.PORTFOLIO_PNL, 100.0)


def test_every_key_is_told(old: Path) -> None:
    told = "\n".join(migrate(old).kept)
    for key in yaml.safe_load(OLD):
        assert f"intraday_env.{key}" in told, key
    assert "intraday_env.interval -> tape.interval: 1min (length of a bar)" in told


def test_keys_without_a_block_and_with_symbol_mean_the_same(old: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare" / "single.yaml"
    bare.parent.mkdir()
    bare.write_text(OLD.replace("ticker:", "symbol:"), encoding="utf-8")
    assert migrate(bare).data == migrate(old).data


def test_an_old_file_loads_without_being_migrated(old: Path) -> None:
    loaded, migrated = load(old), load(migrate(old, name="intraday_env").data)
    assert loaded == migrated


def test_tickers_are_added_once_and_after_the_file_s_own(old: Path) -> None:
    migrated = migrate(old, ["QQQ", "SPY", "QQQ", "IWM"])
    assert migrated.data["tape"]["symbols"] == ["SPY", "QQQ", "IWM"]
    assert any("added" in line for line in migrated.kept)


def test_the_multi_ticker_block_is_written_in_our_keys() -> None:
    migrated = migrate(BLOCK, name="multi_ticker_env")
    assert load(migrated.data) == load(BLOCK)
    assert list(migrated.data) == ["name", "tape", "environment", "lanes"]


def test_the_text_is_the_configuration_with_the_old_keys_as_comments(old: Path, tmp_path: Path) -> None:
    new = tmp_path / "new.yaml"
    new.write_text(migrate(old).text(), encoding="utf-8")
    assert load(new) == load(migrate(old).data)
    assert "#   intraday_env.ticker -> tape.symbols: ['SPY']" in new.read_text(encoding="utf-8")


def test_a_key_nobody_knows_is_refused_at_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("ticker: SPY\nwindow_siez: 10\n", encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        migrate(path)
    assert caught.value.field == "window_siez (old.yaml, line 2)"
    assert caught.value.remedy == "Did you mean `window_size`?"
    path.write_text("ticker: SPY\nmax_drawdown: 20\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"written max_drawdown, old\.yaml, line 2"):
        migrate(path)


@pytest.mark.parametrize("text", ["name: run\nlanes: [{name: a}]\n", "- 1\n", ""])
def test_a_file_that_is_no_old_one_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match="keys of another document") as caught:
        migrate(path)
    assert "tape.symbols" in caught.value.remedy


def test_the_command_prints_or_writes_and_never_overwrites(old: Path, tmp_path: Path) -> None:
    runner, new = CliRunner(), tmp_path / "new.yaml"
    printed = runner.invoke(app, [str(old), "--ticker", "QQQ"])
    assert printed.exit_code == 0, printed.output
    assert yaml.safe_load(printed.output)["tape"]["symbols"] == ["SPY", "QQQ"]
    written = runner.invoke(app, [str(old), "--out", str(new), "--name", "mine"])
    assert written.exit_code == 0, written.output
    assert "intraday_env.ticker -> tape.symbols" in written.output
    assert load(new).name == "mine"
    again = runner.invoke(app, [str(old), "--out", str(new)])
    assert isinstance(again.exception, ConfigError)
    nowhere = runner.invoke(app, [str(old), "--out", str(tmp_path / "no" / "new.yaml")])
    assert isinstance(nowhere.exception, ConfigError)


def test_the_name_on_the_line_goes_before_the_old_file_s(old: Path) -> None:
    old.write_text("name: before\n" + old.read_text(encoding="utf-8"), encoding="utf-8")
    assert migrate(old).data["name"] == "before"
    renamed = migrate(old, name="after")
    assert load(renamed.data).name == "after"
    assert renamed.data["lanes"][0]["name"] == "after"
