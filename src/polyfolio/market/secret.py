"""Secrets: where they stand, never what they are."""

from __future__ import annotations

import base64
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import quote, quote_plus

from polyfolio.errors import ConfigError

STARS = "****"
PLACES = "env:NAME for an environment variable, or file:PATH for a file only its owner can read"


class Secret:
    """A value that is read where it is used and printed as stars.

    The object holds the place alone, so that neither a copy, a printout, a pickle nor a traceback's locals show more.

    Args:
        place: "env:NAME" or "file:PATH".
    """

    def __init__(self, place: str) -> None:
        self.place = str(place)
        kind, _, name = self.place.partition(":")
        if kind not in ("env", "file") or not name:
            # What stands here may be the secret itself: it is not repeated.
            raise ConfigError("secret", STARS, f"written {PLACES}", "Move the secret there and write its place.")

    def reveal(self) -> str:
        """The value, without the line's end.

        Raises:
            ConfigError: it is not there, empty, or others can read the file.
        """
        kind, _, name = self.place.partition(":")
        value = os.environ.get(name) if kind == "env" else _content(Path(name).expanduser(), self.place)
        if not value:
            raise ConfigError(self.place, value, "set and not empty", "Set it, or write another place.")
        return value

    def __repr__(self) -> str:
        return f"Secret({self.place!r}, {STARS})"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other.place == self.place

    def __hash__(self) -> int:
        return hash(self.place)


def _content(path: Path, place: str) -> str:
    try:
        mode = path.stat().st_mode
        if os.name == "posix" and mode & (stat.S_IRWXG | stat.S_IRWXO):
            found = f"permissions {stat.S_IMODE(mode):o}"
            raise ConfigError(place, found, "a file only its owner can read", f"Run: chmod 600 {path}.")
        return path.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigError(place, error.strerror, "a readable file", "Correct the path.") from None


def hidden(text: str, values: Iterable[str]) -> str:
    """Text in which every secret value is stars, also where it stands encoded for an address or as Base64."""
    for value in sorted({value for value in values if value}, key=len, reverse=True):
        plain = base64.b64encode(value.encode()).decode()
        for form in (value, quote(value, safe=""), quote_plus(value), plain, plain.rstrip("=")):
            text = text.replace(form, STARS)
    return text
