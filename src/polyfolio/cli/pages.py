"""Pages of a run: written beside its numbers, found again, opened in the browser."""

from __future__ import annotations

import importlib.util
import webbrowser
from pathlib import Path
from typing import Any

from polyfolio.backtests.result import Result
from polyfolio.cli import part
from polyfolio.errors import DataError
from polyfolio.report.page.packing import library
from polyfolio.report.results_folder import PAGE, SUMMARY, write_pages

NO_PAGES = "No pages: they need plotly. Install the extra: pip install 'polyfolio[report]'."


def wanted(asked: bool | None) -> bool:
    """Whether pages are written: as asked, else where plotly is installed.

    Raises:
        ConfigError: they are asked for and cannot be written.
    """
    if asked:
        library()
    return importlib.util.find_spec("plotly") is not None if asked is None else asked


def write(terminal: Any, result: Result, folder: Path, *, doubted: bool, quiet: bool) -> Path | None:
    """Write the pages of a saved run; the one to open first, None where `reporting` wants none.

    Args:
        terminal: where progress is shown.
        result: the run.
        folder: where it was saved.
        doubted: True asks the referee, which takes further runs.
        quiet: True shows no progress.
    """
    extra = part("doubting").doubted(terminal, result, folder, quiet=quiet) if doubted else {}
    files = write_pages(result, folder, extra=extra, failed=result.failed)
    return files[0] if files and files[0].suffix == ".html" else None


def page_in(folder: Path) -> Path | None:
    """The page of a folder of results to open first: the one over all systems, else that of the only one."""
    summary = folder / SUMMARY
    if summary.is_file():
        return summary
    return next(iter(sorted(folder.glob(f"*/{PAGE}"))), None)


def open_in_browser(page: Path | None, folder: Path) -> None:
    """Open a page.

    Raises:
        DataError: there is none.
    """
    if page is None:
        raise DataError("page", str(folder), "a folder with a page", f"Write it: polyfolio report {folder} --open.")
    webbrowser.open(page.absolute().as_uri())
