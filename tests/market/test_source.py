"""A `tape` section opens its source by the registry."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.source import open_tape
from polyfolio.rules.spec import TapeSection
from tests.market.tools import days


def test_a_section_opens_csv_and_parquet_files_with_its_options(tmp_path: Path) -> None:
    days(40).to_csv(tmp_path / "bars.csv", index=False)
    days(40).to_parquet(tmp_path / "bars.parquet")
    wanted = tape_from_frame(days(40), start="2024-01-05", end="2024-01-20", stamps="open", interval="1d")
    keys = {"start": "2024-01-05", "end": "2024-01-20", "stamps": "open", "interval": "1d", "symbols": ["AAA"]}
    for name in ("bars.csv", "bars.parquet"):
        for kind in ("auto", Path(name).suffix[1:]):
            section = TapeSection.model_validate({"path": str(tmp_path / name), "format": kind, **keys})
            assert open_tape(section).digest() == wanted.digest()
    (tmp_path / "bars.csv").unlink()
    assert open_tape(TapeSection.model_validate({"path": str(tmp_path), **keys})).digest() == wanted.digest()


def test_dividends_off_leaves_splits_aside_too(tmp_path: Path) -> None:
    days(4).assign(dividends=1.0, splits=1.0).to_parquet(tmp_path / "bars.parquet")
    path = str(tmp_path / "bars.parquet")
    tape = open_tape(TapeSection(path=path, dividends=False))
    assert (tape.dividends, tape.splits) == (None, None)
    tape = open_tape(TapeSection(path=path))
    assert tape.dividends is not None
    assert tape.splits is not None


def test_the_bundled_tape_has_a_name() -> None:
    section = TapeSection(format="demo", end="2024-01-31")
    assert open_tape(section).digest() == demo_tape(end="2024-01-31", symbols=()).digest()


def test_any_object_with_the_keys_of_a_section_will_do(tmp_path: Path) -> None:
    frame = days(4)
    frame["timestamp"] = frame["timestamp"].dt.tz_localize(None)
    frame.assign(dividends=1.0, splits=1.0).to_parquet(tmp_path / "bars.parquet")
    keys = TapeSection(path=str(tmp_path / "bars.parquet"), timezone="UTC", splits=False).model_dump()
    section = SimpleNamespace(**keys)
    tape = open_tape(section, base_currency="EUR")
    assert tape.splits is None
    assert tape.universe.base_currency == "EUR"


@pytest.mark.parametrize(
    ("section", "kind", "message"),
    [
        ({}, DataError, "tape.path: got None, must be a file, folder or pattern. Name it, or give a tape from code."),
        ({"format": "csv"}, DataError, "tape.path: got None, must be a file, folder or pattern."),
        (
            {"path": "bars.xlsx"},
            DataError,
            "tape.path: got 'bars.xlsx', must be a path whose files end in .csv, .csv.gz, "
            ".parquet, .pq. Set tape.format to csv or parquet.",
        ),
        ({"path": "bars.csv", "format": "cvs"}, ConfigError, "tape.format: got 'cvs'"),
    ],
)
def test_a_section_that_leads_nowhere_is_refused(section: dict[str, str], kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=re.escape(message)):
        open_tape(TapeSection(**section))
