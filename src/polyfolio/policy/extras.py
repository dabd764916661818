"""What to say when a package of the extra `rl` is missing."""

from __future__ import annotations

from polyfolio.errors import ConfigError


def missing(name: str, error: ImportError) -> ConfigError:
    """The error that names the extra to install."""
    return ConfigError(name, None, f"installed ({error})", "Install the extra: pip install 'polyfolio[rl]'.")
