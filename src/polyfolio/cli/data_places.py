"""What `polyfolio data` is pointed at: files, stored tapes, datasets, and sources of bars, by what is written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.bars import BarSource
from polyfolio.market.dataset import MARK, Dataset
from polyfolio.market.duck import read_duckdb
from polyfolio.market.kept import DatasetSource
from polyfolio.market.source import NEEDS_NO_PATH, format_of
from polyfolio.market.store import MANIFEST
from polyfolio.market.stored import folder_and_version, read_dataset, read_stored
from polyfolio.market.tables import ENDINGS
from polyfolio.rules import registry, yamlfile

KEPT: dict[str, Any] = {"dataset": read_dataset, "stored": read_stored, "duckdb": read_duckdb}
BAR_SOURCES = {
    "yahoo": "polyfolio.market.yahoo:Yahoo",
    "ccxt": "polyfolio.market.crypto:Ccxt",
    "vendor": "polyfolio.market.vendor:Vendor",
}
NEEDS = {"ccxt": "ccxt:EXCHANGE, such as ccxt:binance", "vendor": "vendor:FILE, the YAML file of its settings"}
WRITTEN = "yahoo, ccxt:EXCHANGE, vendor:FILE, dataset:FOLDER, or MODULE:NAME"


def settings_of(pairs: Iterable[str]) -> dict[str, Any]:
    """`KEY=VALUE` pairs as options; values are read as YAML."""
    found: dict[str, Any] = {}
    for pair in pairs:
        key, sign, text = pair.partition("=")
        if not sign or not key.strip():
            raise ConfigError("--set", pair, "KEY=VALUE", "Write it like --set adjusted=true.")
        found[key.strip()] = yamlfile.parse(text, f"--set {key}")[0] if text.strip() else None
    return found


def kind_of(path: str) -> str:
    """What stands at a path: stored, dataset, csv, parquet, or duckdb for a folder with sub-folders of Parquet."""
    place = Path(path)
    if path in NEEDS_NO_PATH and not place.exists():
        return path
    if (place / MANIFEST).is_file():
        return "stored"
    if (place / MARK).is_file() or ("@" in path and (Path(path.rpartition("@")[0]) / MARK).is_file()):
        return "dataset"
    if place.is_dir() and not any(item.is_file() for item in place.iterdir()):
        if not any(item.name.lower().endswith(ENDINGS["parquet"]) for item in place.rglob("*")):
            bound = "a tape, a dataset, or a folder with files of bars"
            raise DataError("path", path, bound, f"`polyfolio data list {path}` shows what stands below it.")
        return "duckdb"
    if not place.exists() and not any(sign in path for sign in "*?["):
        bound = "a file, a folder or a pattern that exists"
        raise DataError("path", path, bound, "Correct it; `polyfolio data list` shows what a folder holds.")
    return format_of(path)


def tape_at(path: str, kind: str, options: dict[str, Any]) -> Tape:
    """The tape at a path; `kind` is a registered source, or auto."""
    name = kind_of(path) if kind == "auto" else kind
    source = KEPT[name] if name in KEPT else registry.resolve("source", name, "--format")
    tape: Tape = source(None if name in NEEDS_NO_PATH else path, **options)
    return tape


def bar_source(name: str, settings: dict[str, Any]) -> BarSource:
    """The source of bars behind a name.

    Args:
        name: see `WRITTEN`.
        settings: further arguments of its constructor.
    """
    kind, _, rest = name.partition(":")
    if kind == "dataset" and rest:
        folder, reference = folder_and_version(rest)
        return DatasetSource(Dataset(folder), reference)
    if kind in NEEDS and not rest:
        raise ConfigError("SOURCE", name, NEEDS[kind], "Add what stands after the colon.")
    if kind not in BAR_SOURCES and not rest:
        raise ConfigError("SOURCE", name, WRITTEN, "Correct its spelling.")
    maker = registry.resolve("source", BAR_SOURCES.get(kind, name), "SOURCE")
    arguments = [rest] if kind in BAR_SOURCES and rest else []
    try:
        made: BarSource = maker(*arguments, **settings)
    except TypeError as error:
        raise ConfigError("--set", settings, f"arguments of {name} ({error})", "Correct the settings.") from None
    return made
