"""Donchian's channels, by hand."""

from __future__ import annotations

import re

import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.breakout import Breakout
from tests.strategies.rows import NAN, bars_of, said, same

BARS = bars_of(
    (11, 9, 10),
    (12, 10, 11),
    (13, 11, 12.5),  # above max(11, 12): long
    (13, 12, 12.2),
    (12.5, 10, 11.5),  # below the low before, 12: leaves; not below min(11, 12)
    (11, 8, 8.5),  # below min(12, 10): short
    (9, 8, 8.8),
    (10, 9, 9.5),  # above the high before, 9: leaves; not above max(11, 9)
)


def test_a_close_beyond_the_channel_of_the_bars_before_enters_and_the_shorter_one_leaves() -> None:
    same(said(Breakout(entry=2, exit=1), BARS), [NAN, NAN, 1, 1, 0, 0, 0, 0])
    same(said(Breakout(entry=2, exit=1, long_short=True), BARS), [NAN, NAN, 1, 1, 0, -1, -1, 0])


@pytest.mark.pitfall("LAH-04")
def test_a_bar_s_own_high_is_not_in_its_channel() -> None:
    """With the bar's own high in it no close could ever be above: high >= close."""
    same(said(Breakout(entry=1, exit=1), bars_of((10, 9, 9.5), (14, 9, 13))), [NAN, 1])
    same(said(Breakout(entry=1, exit=1), bars_of((10, 9, 9.5), (14, 9, 10))), [NAN, 0])  # at the high is not above it


def test_the_longer_channel_decides_the_warm_up() -> None:
    assert Breakout(entry=2, exit=4).warmup == 5
    same(said(Breakout(entry=2, exit=4), BARS)[:5], [NAN, NAN, NAN, NAN, 1])


@pytest.mark.parametrize("name", ["entry", "exit"])
def test_a_channel_without_bars_is_refused(name: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(f"{name}: got 0, must be a whole number >= 1.")):
        Breakout(**{name: 0}).signals(BARS)
