"""A run's id: the digest of everything its numbers depend on."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.kernels.compile import source_digest
from polyfolio.rules.foreign import digest_of, foreign_digests
from polyfolio.rules.plan import method_of
from polyfolio.rules.spec import Spec

PACKAGE = Path(__file__).resolve().parents[1]
# Beside core and kernels, whose digest the compiler's cache carries too: the packages that decide numbers.
DECIDING = ("rules", "engine", "features", "market", "policy", "strategies")


def canonical(spec: Spec) -> str:
    """The effective configuration as JSON with sorted keys: equal for two files that mean the same."""
    return json.dumps({**effective(spec), "defaults": None}, sort_keys=True, separators=(",", ":"), allow_nan=False)


def effective(spec: Spec) -> dict[str, Any]:
    """The configuration as it acts, as plain values; loaded again it gives the same run.

    Defaults and presets are written out, and so is the sizing method that a strategy brings along.
    """
    data: dict[str, Any] = spec.model_dump(mode="json", exclude={"defaults"})
    for number, (lane, plain) in enumerate(zip(spec.lanes, data["lanes"], strict=True)):
        with suppress(ConfigError):  # a strategy that nobody knows is told where the lanes are compiled
            plain["sizing"]["method"] = method_of(lane, f"lanes[{number}].strategy.name").name.lower()
    return data


def run_id(spec: Spec, tape_digest: str, kernel_digest: str, seed: int | None = None) -> str:
    """sha256 (hex) of spec, tape, kernels, code and seed; the spec's own seed where none is given."""
    parts = {
        "spec": json.loads(canonical(spec)),
        "tape": tape_digest,
        "kernels": kernel_digest,
        "code": code_digest(spec),
        "seed": spec.seed if seed is None else seed,
    }
    return _digest(parts)


def code_digest(spec: Spec) -> str:
    """sha256 (hex) of the packages that decide numbers, and of the code and files from outside that a spec names.

    A changed strategy of one's own, a helper it imports, or a policy file that was trained again is a new run; a
    changed page or command line is not.
    """
    return _digest({"package": package_digest(), "foreign": foreign_digests(spec)})


@cache
def package_digest() -> str:
    """sha256 (hex) of this package's modules that decide numbers."""
    files = [path for name in DECIDING for path in sorted((PACKAGE / name).rglob("*.py"))]
    return _digest([source_digest(), {path.relative_to(PACKAGE).as_posix(): digest_of(path) for path in files}])


def _digest(content: object) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
