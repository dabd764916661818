"""A configuration in another document's words, written anew in ours, for one ticker or for more."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from polyfolio.errors import ConfigError
from polyfolio.rules import aliases, documents, yamlfile
from polyfolio.rules.fields import Section
from polyfolio.rules.load import load_with_history
from polyfolio.rules.spec import Lane, Spec


@dataclass(frozen=True)
class Migrated:
    """A configuration in our words, with what became of each old key.

    Attributes:
        data: the configuration, only what the old one said; `load` takes it.
        kept: a line for each key: theirs, ours, value, remark.
        unused: old keys that nothing here reads.
    """

    data: dict[str, Any]
    kept: tuple[str, ...]
    unused: tuple[str, ...]

    def text(self) -> str:
        """The new file: the old keys as comments, then YAML."""
        lines = ["# What became of each key:", *(f"#   {line}" for line in self.kept)]
        lines += [f"#   {name}: not used" for name in self.unused]
        return "\n".join(lines) + "\n" + yaml.safe_dump(self.data, sort_keys=False, allow_unicode=True, width=120)


def migrate(path: str | os.PathLike[str], tickers: Iterable[str] = (), name: str | None = None) -> Migrated:
    """An old file in our words.

    Args:
        path: a single-ticker file (an `intraday_env` block, or `ticker` without a block), or another known document.
        tickers: symbols to trade beside the file's own, in slot order after it.
        name: of the run and its lane; the old file's name where None.

    Raises:
        ConfigError: a file in our words already, or what loading the old file refuses.
    """
    path = Path(path)
    old, _ = yamlfile.read(path)
    document = aliases.document_of(old) if isinstance(old, dict) else None
    if document is None:
        raise ConfigError(
            path.name,
            sorted(map(str, old)) if isinstance(old, dict) else old,
            "written in the keys of another document: intraday_env, ticker, multi_ticker_env, ...",
            "A file in polyfolio's own keys needs no migration: add symbols to tape.symbols.",
        )
    loaded = load_with_history(path)  # refuses at the old file's keys and lines
    chosen = str(name or old.get("name") or path.stem)
    data = {**documents.translate(document, old).as_spec(chosen), "name": chosen}
    kept = tuple(aliases.arrow(item) for item in loaded.mapped)
    added = tuple(dict.fromkeys(tickers))
    if added:
        tape = data.get("tape") or {}
        symbols = [*tape.get("symbols", ()), *(symbol for symbol in added if symbol not in tape.get("symbols", ()))]
        data["tape"] = {**tape, "symbols": symbols}
        kept += (f"added -> tape.symbols: {', '.join(added)}",)
    load_with_history(data)
    return Migrated(_ordered(data, Spec), kept, loaded.unused)


def _ordered(data: Mapping[str, Any], model: type[Section]) -> dict[str, Any]:
    """Keys in the order of the reference page, lanes last."""
    known = [name for name in model.model_fields if name in data and name != "lanes"]
    lanes = [_ordered(lane, Lane) for lane in data.get("lanes", ())]
    return {name: data[name] for name in known} | ({"lanes": lanes} if lanes else {})
