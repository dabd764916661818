"""Audits the subjects of one peer; started by benchmarks/audit_peers.py in the peer's environment, the task as JSON."""

from __future__ import annotations

import importlib
import json
import sys
from importlib import metadata
from typing import Any

from polyfolio.testing.audit import audit


def main() -> None:
    task: dict[str, Any] = json.loads(sys.argv[1])
    subjects = importlib.import_module(f"subject_{task['peer']}").subjects()
    reports = [audit(subject, seed=task["seed"], steps=task["steps"]).record() for subject in subjects]
    print(json.dumps({"version": metadata.version(task["distribution"]), "reports": reports}, allow_nan=False))


if __name__ == "__main__":
    main()
