"""`--set key=value`: single keys of a configuration file changed from the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import yamlfile

EXAMPLE = "Write it like --set seed=7, or --set lanes.momentum.limits.max_position=0.2."


def applied(data: dict[str, Any], settings: Iterable[str]) -> dict[str, Any]:
    """The configuration with each setting written into it; values are read as YAML.

    Raises:
        ConfigError: a setting without `=`, or a path through something that is no section or lane.
    """
    for setting in settings:
        path, sign, text = setting.partition("=")
        if not sign or not path.strip():
            raise ConfigError("--set", setting, "key=value", EXAMPLE)
        value, _ = yamlfile.parse(text, f"--set {path}") if text.strip() else (None, {})
        _write(data, _parts(path.strip()), value, setting)
    return data


def _parts(path: str) -> list[str]:
    """`lanes[0].limits` and `lanes.0.limits` alike."""
    return [part for part in re.split(r"[.\[\]]+", path) if part]


def _write(data: dict[str, Any], parts: list[str], value: Any, setting: str) -> None:
    place: Any = data
    for part in parts[:-1]:
        place = _step(place, part, setting)
    if isinstance(place, dict):
        place[parts[-1]] = value
    elif isinstance(place, list) and parts[-1].isdigit() and int(parts[-1]) < len(place):
        place[int(parts[-1])] = value
    else:
        raise ConfigError("--set", setting, "a key of a section", EXAMPLE)


def _step(place: Any, part: str, setting: str) -> Any:
    if isinstance(place, dict):
        below = place.setdefault(part, {})
        if below is None:
            below = place[part] = {}
        return below
    if isinstance(place, list):
        named = [item for item in place if isinstance(item, dict) and item.get("name") == part]
        if named:
            return named[0]
        if part.isdigit() and int(part) < len(place):
            return place[int(part)]
        names = [str(item.get("name", number)) for number, item in enumerate(place) if isinstance(item, dict)]
        raise ConfigError("--set", setting, f"through one of {', '.join(names)}", f"`{part}` is not in the file.")
    raise ConfigError("--set", setting, f"a key below a section; `{part}` leads through {place!r}", EXAMPLE)
