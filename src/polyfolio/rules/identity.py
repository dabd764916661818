"""A run's id: the digest of everything its numbers depend on."""

from __future__ import annotations

import hashlib
import json

from polyfolio.rules.spec import Spec


def canonical(spec: Spec) -> str:
    """The effective configuration as JSON with sorted keys: equal for two files that mean the same."""
    return json.dumps(spec.model_dump(mode="json"), sort_keys=True, separators=(",", ":"), allow_nan=False)


def run_id(spec: Spec, tape_digest: str, kernel_digest: str, seed: int | None = None) -> str:
    """sha256 (hex) of spec, tape, kernels and seed; the spec's own seed where none is given."""
    parts = {
        "spec": json.loads(canonical(spec)),
        "tape": tape_digest,
        "kernels": kernel_digest,
        "seed": spec.seed if seed is None else seed,
    }
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
