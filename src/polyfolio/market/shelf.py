"""Bars in a folder under their digest: each kept once, and read only if they still are what their name says."""

from __future__ import annotations

import logging
from pathlib import Path

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.disk import refusal, write_file
from polyfolio.market.encode import decoded, digest_of, encoded
from polyfolio.market.versions import Held

log = logging.getLogger("polyfolio.market")


class Shelf:
    """Bars by their digest.

    Args:
        folder: made when the first bars come.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, bars: Bars) -> Held:
        """Write the bars unless they stand there whole; what a version says of them."""
        digest = digest_of(bars)
        if not self._whole(digest):
            write_file(self._place(digest), encoded(bars), f"bars of {bars.symbol}")
        return Held(digest, int(bars.times[0]), int(bars.times[-1]), bars.size)

    def read(self, digest: str) -> Bars:
        """The bars of a digest.

        Raises:
            DataError: they are not there, or damaged; named with their file.
        """
        place = self._place(digest)
        try:
            content = place.read_bytes()
        except FileNotFoundError:
            raise DataError(str(place), None, "a file of the dataset", "Fetch the bars anew.") from None
        except OSError as error:
            raise refusal("bars", place, error) from error
        bars = decoded(content, str(place))
        if digest_of(bars) != digest:
            raise DataError(str(place), digest_of(bars)[:16], f"{digest[:16]}, as its name says", "Fetch them anew.")
        return bars

    def _whole(self, digest: str) -> bool:
        if not self._place(digest).is_file():
            return False
        try:
            return self.read(digest).size > 0
        except DataError as error:
            log.warning("kept bars are damaged and written anew: %s", error)
            return False

    def _place(self, digest: str) -> Path:
        return self.folder / digest[:2] / f"{digest}.parquet"
