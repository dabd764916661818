"""The referee's findings as parts of a page, from its record: what to distrust first, then each question."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.report import referee_tables as tables
from polyfolio.report.page.parts import Part, Section, Words

Record = Mapping[str, Any]
TONES = {"grave": "bad", "serious": "warning", "minor": "plain"}


def sections_of(record: Record) -> tuple[Section, ...]:
    """The sections of one lane's referee page.

    Args:
        record: what `polyfolio.backtests.referee` wrote, as it is or read back from JSON.
    """
    return (
        distrust(record),
        costs_and_fills(record),
        capital(record),
        luck(record),
        bad_times(record),
        settings(record),
        prices(record),
    )


def distrust(record: Record) -> Section:
    """The verdict and every doubt, the heaviest first."""
    groups: list[Part] = [Words("referee-verdict", (record["verdict"],), tone=tone(record))]
    for grade, title in (("grave", "Grave"), ("serious", "Serious"), ("minor", "Minor")):
        told = tuple(doubt["sentence"] for doubt in record["doubts"] if doubt["grade"] == grade)
        if told:
            groups.append(Words(f"referee-{grade}", told, title, TONES[grade]))  # type: ignore[arg-type]
    if record["notes"]:
        groups.append(Words("referee-notes", tuple(record["notes"]), "Before reading on"))
    intro = "Each question below was asked by running the portfolio again. The sentences are in order of weight."
    return Section("referee", "What to distrust", tuple(groups), intro)


def tone(record: Record) -> Any:
    """The tone of the heaviest doubt."""
    grades = [doubt["grade"] for doubt in record["doubts"]]
    return TONES[grades[0]] if grades and grades[0] != "minor" else "good"


def costs_and_fills(record: Record) -> Section:
    """Fill timing times costs, and the break-even."""
    parts = (tables.break_even(record), tables.grid(record, "total_return"), tables.grid(record, "sharpe"))
    intro = (
        "The same signals, filled at other prices and charged multiples of the costs. A result that is real falls "
        "slowly to the right and hardly changes downwards."
    )
    return Section("referee-costs", "Costs and fills", parts, intro)


def capital(record: Record) -> Section:
    """The capacity curve."""
    found = record["capacity"]
    if not found["points"]:
        told = Words("referee-capacity-none", ("The tape has no volume, so nothing can be said of larger accounts.",))
        return Section("referee-capacity", "Capacity", (told,))
    law = "the portfolio's own impact model"
    if found["coefficient"] is not None:
        law = (
            f"the square-root law with a coefficient of {found['coefficient']:g}, as the portfolio has no impact model"
        )
    intro = f"The same portfolio with more capital, while its orders move prices by {law}."
    return Section("referee-capacity", "Capacity", tables.capacity(record), intro)


def luck(record: Record) -> Section:
    """Random copies."""
    found = record["luck"]
    intro = (
        "Copies make the same trades with the same holding times, sides and sizes, under the same costs, but begin "
        "them at random moments, or make them in random names. The portfolio's own trades are replayed in the same "
        "way, without its stops and limits, so that only the choice differs."
    )
    parts = [part for name in ("moments", "names") for part in tables.copies(found, name)]
    return Section("referee-luck", "Against luck", tuple(parts), intro)


def bad_times(record: Record) -> Section:
    """Crisis windows and stress runs."""
    parts = [*tables.crises(record), *tables.stress(record)]
    intro = (
        "The portfolio's own run in the worst stretches of its market, and runs on markets to which something happens. "
        "A shock strikes where most was held; its effect is counted over its own bars. Scenarios that change every bar "
        "are counted over the whole run, against the run without them."
    )
    return Section("referee-stress", "Crises and stress", tuple(parts), intro)


def settings(record: Record) -> Section:
    """Neighbouring parameters and the look-ahead proof."""
    found = record["proof"]
    told = {"clean": "No look-ahead found.", "leaks": "It looks ahead.", "unknown": "Not known."}[found["verdict"]]
    tones: dict[str, Any] = {"clean": "good", "leaks": "bad", "unknown": "warning"}
    rows = f" Asked over {found['rows']:,} rows." if found["rows"] else ""
    proof = Words("referee-proof", (f"{told} {found['words']}{rows}",), "Look-ahead proof", tones[found["verdict"]])
    return Section("referee-settings", "Settings and look-ahead", (proof, *tables.neighbours(record)))


def prices(record: Record) -> Section:
    """Findings in the data."""
    return Section("referee-data", "Prices", (tables.data(record),), "What the data check says of the tape's own rows.")
