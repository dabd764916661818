"""Text packed into a page: gzip, then base64, unpacked by the browser when it is wanted."""

from __future__ import annotations

import base64
import gzip
from functools import lru_cache
from importlib import resources

from polyfolio.report.extras import loaded


def packed(text: str, level: int = 6) -> str:
    """Base64 of the gzipped text; the same text gives the same letters."""
    return base64.b64encode(gzip.compress(text.encode("utf-8"), level, mtime=0)).decode("ascii")


@lru_cache(maxsize=1)
def library() -> str:
    """The charts' script, packed: 4.8 MB become 1.9 MB, once per process.

    Raises:
        ConfigError: plotly is not installed.
    """
    return packed(loaded("plotly.offline").get_plotlyjs(), level=9)


@lru_cache(maxsize=4)
def asset(name: str) -> str:
    """A file that stands beside this one: style.css, page.js, charts.js."""
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
