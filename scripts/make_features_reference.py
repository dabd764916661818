"""Write docs/reference/features.md from the catalogue: every feature with what it reads, gives and needs.

Usage: python scripts/make_features_reference.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import sys
import textwrap
from pathlib import Path

from polyfolio.features import catalogue, sets
from polyfolio.features.base import Feature
from polyfolio.features.compute import column_names
from polyfolio.features.cycles import Cycle
from polyfolio.features.oscillators import Rsi
from polyfolio.features.ranks import Across
from polyfolio.features.talib import Talib
from polyfolio.features.timeframe import Timeframe

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "reference" / "features.md"

INTRODUCTION = (
    "Written by `python scripts/make_features_reference.py`. `warm-up` is the number of a slot's bars before its first "
    "value, with the arguments shown. `remembers`: the value depends on every bar since the first one, so that two "
    "tapes that begin on different rows differ in it for a while. Without `remembers` it depends on the warm-up's bars "
    "alone; TA-Lib keeps some of these as running sums, whose rounding (1e-9 of the value's size) also depends on "
    "where the tape began. The numbers are TA-Lib's to the last bit where a function stands under `TA-Lib`, to 1e-12 "
    "where it stands in brackets."
)


def prose(text: str) -> str:
    """A paragraph, wrapped."""
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def example(kind: type[Feature]) -> Feature:
    """A feature of this class with its own defaults, or made of RSI where it needs another."""
    return kind(of=Rsi()) if issubclass(kind, Across | Timeframe) else kind()


def arguments(kind: type[Feature]) -> str:
    """The constructor's arguments with their defaults."""
    shown = [
        name if parameter.default is inspect.Parameter.empty else f"{name}={parameter.default!r}"
        for name, parameter in inspect.signature(kind).parameters.items()
    ]
    return "`" + ", ".join(shown) + "`" if shown else ""


def function(kind: type[Feature]) -> str:
    """TA-Lib's name."""
    if issubclass(kind, Talib):
        return kind.function
    return f"({kind.name.upper()})" if issubclass(kind, Cycle) else ""


def row(kind: type[Feature]) -> str:
    """A row of the table."""
    feature = example(kind)
    cells = (
        f"`{kind.name}`",
        kind.meaning.replace("|", "\\|"),
        arguments(kind),
        ", ".join(feature.inputs),
        ", ".join(feature.outputs) if feature.outputs != ("",) else "",
        str(feature.warmup),
        "yes" if feature.remembers else "",
        function(kind),
    )
    return "| " + " | ".join(cells) + " |"


def page() -> str:
    """The whole page."""
    parts = ["# Features", prose(INTRODUCTION)]
    head = ("name", "meaning", "arguments", "reads", "columns", "warm-up", "remembers", "TA-Lib")
    table = ["| " + " | ".join(head) + " |", "| " + " | ".join("---" for _ in head) + " |"]
    kinds = catalogue.catalogue().values()
    for module in catalogue.MODULES:
        title = (module.__doc__ or "").splitlines()[0].rstrip(".")
        found = [row(kind) for kind in kinds if kind.__module__ == module.__name__]
        parts += [f"## {title}", "\n".join([*table, *found])]
    listed = [(name, make()) for name, make in sets.SETS.items()]
    lines = ["| set | features | columns |", "| --- | --- | --- |"]
    lines += [f"| `{name}` | {len(features)} | {len(column_names(features))} |" for name, features in listed]
    parts += ["## Sets", "\n".join(lines)]
    names = ", ".join(f"`{name}`" for name in column_names(dict(listed)["wealth200"]))
    parts += ["The columns of `wealth200`:", textwrap.fill(names, 118, break_long_words=False)]
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where the page is stale")
    if parser.parse_args().check:
        stale = not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != page()
        sys.exit("stale: features.md" if stale else 0)
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE.relative_to(ROOT))


if __name__ == "__main__":
    main()
