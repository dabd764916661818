"""What pages need beyond the core: loaded when it is used, with the extra named where it is missing."""

from __future__ import annotations

import importlib
from typing import Any

from polyfolio.errors import ConfigError


def loaded(module: str) -> Any:
    """A module of the extra `report`.

    Raises:
        ConfigError: its package is not installed.
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[report]'."
        raise ConfigError(module.partition(".")[0], None, f"installed ({error})", remedy) from error
