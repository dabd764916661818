"""Pages in a real browser: nothing is loaded, nothing overflows, charts are drawn, cards open, tables sort, print."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Heat, Level, Line, Page, Section, Span, Table, Words
from polyfolio.report.page.render import write
from polyfolio.report.results_folder import SUMMARY, write_pages
from tests.report.run_page import runs

SIZES = {"phone": (390, 844), "desk": (1280, 900)}
# Set by the script when it has nothing left to draw.
DRAWN = "document.documentElement.dataset.drawn === 'yes'"
# Long names and a wide table: what overflows first.
LONG = "AVeryLongNameWithoutAnySpaceInItThatGoesOnAndOnAndOnAndOn"


def chromium() -> str:
    """The browser's path; a test is skipped where there is none."""
    named = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("google-chrome")
    if not named:
        pytest.skip("no Chromium: install it, or name it in the variable CHROMIUM")
    return named


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = chromium()
    with sync.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages of a run, and one with every part and awkward content."""
    place = tmp_path_factory.mktemp("pages")
    write_pages(runs.result(), place)
    whole = everything()
    write(whole, place / "everything.html")
    # Without charts a page opens at once.
    write(replace(whole, sections=whole.sections[:1]), place / "tables.html")
    return place


def everything() -> Page:
    """Every part, with long words, many rows, gaps, a hundred columns' worth of matrix."""
    rng = np.random.default_rng(2)
    days = np.datetime64("2020-01-01") + np.arange(400).astype("timedelta64[D]")
    path = np.cumsum(rng.normal(size=400))
    path[100:110] = np.nan
    kinds = ("line", "dashed", "step", "area", "points", "up", "down")
    lines = tuple(Line(f"{kind} {LONG}", days[::9], path[::9] + at, kind) for at, kind in enumerate(kinds))  # type: ignore[arg-type]
    stacked = tuple(Line(f"s{at}", days, rng.normal(size=400), "stacked") for at in range(10))
    rows = [(f"row {at}", (at * 37) % 101 - 50, None if at % 7 == 0 else at / 3, f"{LONG} words") for at in range(101)]
    columns = (Column("Name"), Column("Number", "money", "sharpe", True), Column("Share", "percent"), Column("Words"))
    parts = (
        Facts("tiles", (Fact(LONG, LONG, card="sharpe"), Fact("Sharpe", 1.5, "ratio", "sharpe")), LONG),
        Words("words", (LONG, "A sentence."), LONG, "bad"),
        Table("table", LONG, columns, [*rows, ("sum", 7, None, "")], LONG, rows_shown=20, totals=1),
        Table("folded", "Folded", (Column("a"),), [("inside",)], folded=True),
        Heat("heat", "Matrix", tuple(f"c{at}" for at in range(40)), ("a", LONG), rng.normal(size=(2, 40))),
    )
    charts = (
        Chart("lines", LONG, lines, "money", LONG, (Span(days[5], days[60], LONG),), (Level(5.0, LONG),)),
        Chart("stack", "Stack", stacked, "percent", height=200),
        Chart("bars", "Bars", (Line("b", ["a", "b", LONG], [1.0, -2.0, 3.0], "bars"),), height=200),
        Chart(
            "log", "Log", (Line("l", days, np.exp(np.arange(400) / 50)), Line("r", days, path, right=True)), log=True
        ),
    )
    sections = (Section("parts", "Parts", parts, LONG), Section("charts", "Charts", charts))
    return Page(LONG, LONG, sections, definition_cards(), {"run": LONG * 3}, {LONG: "other.html"})


class Opened:
    """A page in the browser, with everything it complained about or asked for."""

    def __init__(self, browser: Any, path: Path, look: str, drawn: bool, **more: Any) -> None:
        size, scheme = look.split()
        width, height = SIZES[size]
        viewport = {"width": width, "height": height}
        self.context = browser.new_context(viewport=viewport, color_scheme=scheme, accept_downloads=True, **more)
        self.page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type != "log" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", self.asked)
        self.page.goto(path.as_uri())
        if drawn:
            self.page.wait_for_function(DRAWN, timeout=60_000)

    def asked(self, request: Any) -> None:
        if not request.url.startswith(("file:", "data:", "blob:")):
            self.complaints.append(f"asked for {request.url}")

    def read(self, expression: str) -> Any:
        """A value of the page."""
        return self.page.evaluate(expression)

    def overflow(self) -> float:
        """Pixels by which the page is wider than the window."""
        return float(self.read("document.documentElement.scrollWidth - window.innerWidth"))

    def undrawn(self) -> list[str]:
        """Charts without a drawn path or bar."""
        plots = "[...document.querySelectorAll('.plot')]"
        found: list[str] = self.read(f"{plots}.filter(one => !one.querySelector('.trace path')).map(one => one.id)")
        return found


@pytest.fixture
def opened(browser: Any) -> Iterator[Any]:
    """Opens pages; what they complained about fails the test."""
    pages: list[Opened] = []

    def start(path: Path, look: str = "desk light", *, drawn: bool = True, **more: Any) -> Opened:
        pages.append(Opened(browser, path, look, drawn, **more))
        return pages[-1]

    yield start
    complaints = [text for one in pages for text in one.complaints]
    for one in pages:
        one.context.close()
    assert not complaints


@pytest.mark.parametrize(
    ("name", "look"),
    [
        ("everything.html", "desk light"),
        ("careful_i/report.html", "phone dark"),
        pytest.param(SUMMARY, "phone light", marks=pytest.mark.slow),
        pytest.param(SUMMARY, "desk dark", marks=pytest.mark.slow),
        pytest.param("everything.html", "phone dark", marks=pytest.mark.slow),
        pytest.param("everything.html", "phone light", marks=pytest.mark.slow),
        pytest.param("everything.html", "desk dark", marks=pytest.mark.slow),
        pytest.param("careful_i/report.html", "desk light", marks=pytest.mark.slow),
        pytest.param("both_sides/report.html", "phone light", marks=pytest.mark.slow),
    ],
)
def test_pages_fit_their_window_and_draw_their_charts(opened: Any, folder: Path, name: str, look: str) -> None:
    page = opened(folder / name, look)
    assert page.overflow() <= 0
    assert page.undrawn() == []
    assert page.read("document.querySelectorAll('.plot').length") >= 3
    dark = page.read("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
    assert dark == look.endswith("dark")


def test_the_theme_is_switched_and_charts_follow(opened: Any, folder: Path) -> None:
    page = opened(folder / "everything.html")
    ink = "getComputedStyle(document.querySelector('#lines .xtick text')).fill"
    before = page.read(ink)
    button = page.page.locator(".theme")
    assert button.inner_text() == "Theme: system"
    button.click()
    assert page.read(ink) == before
    button.click()
    assert button.inner_text() == "Theme: dark"
    assert page.read("getComputedStyle(document.body).backgroundColor") == "rgb(22, 24, 27)"
    assert page.read(ink) != before
    page.page.reload()
    assert page.page.locator(".theme").inner_text() == "Theme: dark"


def test_a_card_opens_beside_its_number_and_closes_with_escape(opened: Any, folder: Path) -> None:
    page = opened(folder / "tables.html")
    key = page.page.locator("a.key[href='#card-sharpe']").first
    card = page.page.locator("#card")
    assert not card.is_visible()
    key.click()
    assert card.is_visible()
    assert "mean(e) / std(e" in card.inner_text()
    box, beside = card.bounding_box(), key.bounding_box()
    assert abs(box["x"] - beside["x"]) < 420
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1280
    page.page.keyboard.press("Escape")
    assert not card.is_visible()


def column(page: Opened, at: int) -> list[str]:
    """Words of a column of the table."""
    script = f"[...document.querySelector('#table').tBodies[0].rows].map(row => row.cells[{at}].textContent)"
    found: list[str] = page.read(script)
    return found


def test_a_heading_sorts_all_rows_and_leaves_sums_below(opened: Any, folder: Path) -> None:
    page = opened(folder / "tables.html")
    assert len(column(page, 0)) == 20
    heading = page.page.locator("#table th").nth(1)
    heading.locator(".sort").click()
    page.page.wait_for_function("document.querySelector('#table').tBodies[0].rows.length === 101")
    page.page.wait_for_function("document.querySelector('#table th[aria-sort=descending]') !== null")
    values = [float(text.replace("\u2212", "-")) for text in column(page, 1)]
    assert values == sorted(values, reverse=True)
    assert page.read("document.querySelector('#table').tFoot.textContent").startswith("sum")
    heading.locator(".sort").click()
    page.page.wait_for_function("document.querySelector('#table th[aria-sort=ascending]') !== null")
    assert column(page, 1)[0] == "\u221250.00"
    page.page.locator("#table th").nth(2).locator(".sort").click()
    page.page.wait_for_function("document.querySelectorAll('#table th')[2].getAttribute('aria-sort') === 'descending'")
    # Cells without a value come last, whichever way the others are sorted.
    assert set(column(page, 2)[-15:]) == {""}


def saved(page: Opened, selector: str) -> list[list[str]]:
    """The rows of the CSV file behind a button."""
    with page.page.expect_download() as waiting:
        page.page.locator(selector).click()
    text = Path(waiting.value.path()).read_text(encoding="utf-8")
    return [line.split(",") for line in text.splitlines()]


def test_tables_matrices_and_charts_are_saved_unrounded(opened: Any, folder: Path) -> None:
    page = opened(folder / "everything.html")
    rows = saved(page, "[data-act=csv][data-of=table]")
    assert rows[0] == ["Name", "Number", "Share", "Words"]
    assert len(rows) == 1 + 101 + 1
    assert rows[2][:3] == ["row 1", "-13", "0.3333333333"]
    assert rows[1][2] == ""
    assert len(saved(page, "[data-act=csv][data-of=heat]")) == 3
    points = saved(page, "[data-act=points][data-of=bars]")
    assert points == [["x", "b"], ["a", "1"], ["b", "-2"], [LONG, "3"]]
    assert saved(page, "[data-act=points][data-of=stack]")[1][0] == "2020-01-01 00:00:00"


def test_all_rows_of_a_table_are_opened(opened: Any, folder: Path) -> None:
    page = opened(folder / "tables.html")
    page.page.get_by_text("Show all 101 rows").click()
    page.page.wait_for_function("document.querySelector('#table').tBodies[0].rows.length === 101")
    assert page.page.locator(".more").count() == 0


def test_print_opens_what_is_folded_fits_the_paper_and_goes_back(opened: Any, folder: Path) -> None:
    page = opened(folder / "careful_i" / "report.html", "desk dark")
    width = "document.querySelector('#equity-chart .main-svg').getBoundingClientRect().width"
    before = page.read(width)
    page.page.set_viewport_size({"width": 703, "height": 1000})  # A4 with the page's margins
    page.page.emulate_media(media="print", color_scheme="dark")
    page.read("window.dispatchEvent(new Event('beforeprint'))")
    assert page.read("document.querySelectorAll('details:not([open])').length") == 0
    assert page.read(width) == 680
    assert page.overflow() <= 0
    assert page.read("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.read("getComputedStyle(document.querySelector('nav')).display") == "none"
    page.page.emulate_media(media="screen", color_scheme="dark")
    page.page.set_viewport_size({"width": 1280, "height": 900})
    page.read("window.dispatchEvent(new Event('afterprint'))")
    assert page.read("document.querySelectorAll('details:not([open])').length") >= 2
    assert page.read(width) == before
    assert page.page.pdf(format="A4").startswith(b"%PDF")


def test_without_its_script_a_page_still_shows_every_number(opened: Any, folder: Path) -> None:
    page = opened(folder / "careful_i" / "report.html", drawn=False, java_script_enabled=False)
    assert "The charts need a script" in page.page.locator("noscript").inner_text()
    assert page.page.locator("#by-kind").is_visible()


def test_a_link_into_a_folded_part_opens_it(opened: Any, folder: Path) -> None:
    page = opened(folder / "tables.html")
    assert not page.page.locator("#card-sharpe").is_visible()
    page.read("location.hash = '#card-sharpe'")
    page.page.wait_for_function("document.getElementById('card-sharpe').closest('details').open")


@pytest.mark.slow
def test_the_summary_leads_to_the_portfolios_and_back(opened: Any, folder: Path) -> None:
    page = opened(folder / SUMMARY)
    page.page.locator("nav .pages a").first.click()
    page.page.wait_for_function(DRAWN, timeout=60_000)
    assert page.page.locator("h1").inner_text() == "careful <i>"
    page.page.locator("nav .pages a").first.click()
    page.page.wait_for_function(DRAWN, timeout=60_000)
    assert page.page.locator("h1").inner_text() == "pages"
