"""Modules of one's own, written module:Class in a configuration: those of the working folder are found."""

from __future__ import annotations

import sys
from pathlib import Path


def importable(*folders: str | Path) -> None:
    """Let modules of the working folder, and of these folders after it, be imported."""
    for folder in reversed((Path.cwd(), *folders)):
        here = str(folder)
        if here not in sys.path:
            sys.path.insert(0, here)
