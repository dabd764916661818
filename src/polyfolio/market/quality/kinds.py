"""What can be wrong with market rows: each kind of finding with its severity, what it means, and what to do.

Severities: an `error` is refused by the readers or makes results wrong; a `warning` asks for a look; a `note` is a fact
about the rows that whoever uses them must know.
"""

from __future__ import annotations

from dataclasses import dataclass

SEVERITIES = ("error", "warning", "note")


@dataclass(frozen=True)
class Kind:
    """One kind of finding.

    Attributes:
        severity: one of `SEVERITIES`.
        meaning: what it says about the rows.
        fix: what to do; what the cleaned copy does, where it does something.
        repaired: whether the cleaned copy is changed.
    """

    severity: str
    meaning: str
    fix: str
    repaired: bool = False


def _error(meaning: str, fix: str, repaired: bool = False) -> Kind:
    return Kind("error", meaning, fix, repaired)


def _warning(meaning: str, fix: str, repaired: bool = False) -> Kind:
    return Kind("warning", meaning, fix, repaired)


def _note(meaning: str, fix: str) -> Kind:
    return Kind("note", meaning, fix)


READING = {
    "no_rows": _error("There is no row.", "Look at the symbol's spelling and the span, and fetch it again."),
    "missing_columns": _error("A column that every row needs is missing.", "Add it, empty where unknown."),
    "text_numbers": _error(
        "Text stands where a number must.",
        "The copy reads separators such as 1,234.5 and empties what is no number.",
        repaired=True,
    ),
    "no_time_zone": _error(
        "Times are written without a zone; they were read as UTC for this report.",
        "Give timezone=, the zone they are written in; the copy then stands in UTC.",
    ),
    "mixed_time_zones": _error(
        "Some times have a zone, others none.",
        "Write every time with its offset; the copy leaves the rows without one out, unless timezone= is given.",
        repaired=True,
    ),
    "unreadable_times": _error("A time is empty or is none.", "The copy leaves the rows out.", repaired=True),
    "no_symbol": _error("A row names no symbol.", "The copy leaves the rows out.", repaired=True),
    "symbol_spelling": _warning(
        "A symbol has blanks around it, or is spelled in two cases.", "The copy removes the blanks.", repaired=True
    ),
    "source": _warning("What the source itself said.", "Fetch the span again, or from another source."),
}

ORDER = {
    "unsorted": _error("A symbol's times do not rise.", "The copy is sorted by symbol and time.", repaired=True),
    "duplicates": _error("A row stands twice.", "The copy keeps the first.", repaired=True),
    "conflicting_rows": _error(
        "Two rows of one symbol and time differ.",
        "The copy keeps the last, as corrections come later; ask the vendor which one holds.",
        repaired=True,
    ),
    "same_time": _note(
        "Several trades or quotes have one time.", "Keep their order of arrival; the time does not give one."
    ),
}

VALUES = {
    "partial_bars": _error("A bar has some prices and lacks others.", "The copy empties the bar.", repaired=True),
    "bad_values": _error("A price is not above 0 or not finite.", "The copy empties the bar.", repaired=True),
    "bad_extremes": _error(
        "The low stands above, or the high below, the open or the close.",
        "The copy widens the bar so that it holds its open and its close.",
        repaired=True,
    ),
    "bad_volume": _error("A volume is negative or infinite.", "The copy makes it unknown.", repaired=True),
    "bad_events": _error(
        "A dividend, split or spread is negative or infinite.", "The copy takes it away.", repaired=True
    ),
    "empty_bars": _note("Rows without any price.", "Nothing: such a bar is not traded."),
    "zero_volume": _warning("Bars without volume.", "Nothing is filled on them; a run of them is an outage."),
    "filled_bars": _warning(
        "Bars without volume whose prices all repeat the close before: a gap somebody filled.",
        "Nothing is filled on them; ask for the rows without filling.",
    ),
    "unknown_volume": _note("A symbol has no volume at all.", "Caps on participation are off for it."),
}

MOVES = {
    "spikes": _warning(
        "A close far from those around it, taken back by the next bar.",
        "The copy empties the bar; compare it with another source.",
        repaired=True,
    ),
    "jumps": _warning(
        "A close far from the one before that stays: news, or an event that is not recorded.",
        "Compare with another source; nothing is changed.",
    ),
    "wicks": _warning(
        "A high or low far beyond the open and the close.", "Stops would fill there: compare with another source."
    ),
    "stale_runs": _warning(
        "The close repeats itself longer than chance explains.", "Ask the vendor: the feed may have stood still."
    ),
}

ACTIONS = {
    "splits_in_prices": _error(
        "Prices are adjusted already for the splits recorded beside them, so each would count twice.",
        "Give splits=False; the copy renames the column to applied_splits.",
        repaired=True,
    ),
    "split_unseen": _warning(
        "A split that the prices do not show, though they show others.", "Correct the split or its date."
    ),
    "unrecorded_split": _warning(
        "Prices jump by the ratio of a split and stay there, and no split is recorded.",
        "Look the split up; record it, or adjust the rows before it.",
    ),
    "later_split": _warning(
        "All volumes of a symbol are multiples of a number that others do not share: rows adjusted for a split "
        "that is not among them.",
        "Prices and quantities of that time were other ones: lots, ticks and fees per share do not hold.",
    ),
    "odd_split": _warning(
        "A split of an odd ratio: a spin-off booked as a split.",
        "A spin-off changes no quantity, and adds another holding: look the event up.",
    ),
    "spinoff": _error(
        "One event is booked as a split and as a dividend: its value counts twice in adjusted returns.",
        "The copy takes the dividend away and scales the adjusted closes before it.",
        repaired=True,
    ),
    "large_dividend": _warning(
        "A dividend moves the adjusted return by more than 5 % from the price's own.",
        "A special dividend, or a spin-off booked as one: look it up.",
    ),
    "adjustment": _error(
        "The adjusted close does not follow close / (close before - dividend).",
        "Take the closes and the events; leave adj_close aside.",
    ),
    "adjusted_prices": _note(
        "Beside the closes stand closes adjusted for dividends and splits.",
        "Use one of the two in a run: closes with dividends, or adjusted=True with dividends=False, splits=False.",
    ),
}

QUOTES = {
    "crossed_quotes": _warning(
        "The ask stands below the bid.", "Such a bar is not traded; the copy empties it.", repaired=True
    ),
    "sparse_funding": _note(
        "The funding rate stands in few rows only, where it is paid.", "Leave the others empty; never fill forward."
    ),
}

TIMES = {
    "calendar": _note("No calendar was named; the rows fit this one.", "Give calendar= where it is another."),
    "calendar_unknown": _warning("No calendar could be checked.", "Give calendar=, such as XNYS or 24/7."),
    "interval": _warning(
        "The rows' step is not the interval named.", "Correct interval=, or ask why the rows are finer or coarser."
    ),
    "daily_labels": _note(
        "Daily times at midnight are labels of a session, not the time the bar was known.",
        "Name the exchange; the reader then stamps them with its close.",
    ),
    "opening_stamps": _warning(
        "Rows are stamped with the opening of their bar, so they seem known one bar too early.", 'Give stamps="open".'
    ),
    "missing_sessions": _warning("Whole sessions are missing between a symbol's first and last row.", "Fetch them."),
    "missing_bars": _warning("Bars are missing inside sessions.", "Fetch them; a missing bar is not traded."),
    "partial_days": _warning(
        "A session begins late or ends early against the calendar.", "Fetch the rest, or leave the session out."
    ),
    "off_session": _warning(
        "Rows stand outside the sessions of the calendar.",
        "Leave them out, or name another calendar; a constant shift is a wrong time zone.",
    ),
    "off_grid": _warning("Rows do not stand on the steps of the interval.", "Build bars anew from finer rows."),
    "partial_feed": _warning(
        "Bars are missing all over the sessions of a symbol: a feed of one venue, a sample, or a symbol that trades "
        "seldom.",
        "Compare with reference=, daily rows of all venues, before its volume caps participation.",
    ),
}

UNIVERSE = {
    "late_start": _note("A symbol begins after the others.", "It lists late, or its history is cut."),
    "early_end": _note("A symbol ends before the others.", "It was delisted, or its file was not renewed."),
    "survivorship": _warning(
        "No history of membership was given, so the symbols were chosen with hindsight: their average return is "
        "that of survivors.",
        "Give membership=, spells of (symbol, first, last), and trade the members of each date alone.",
    ),
    "members_without_rows": _warning(
        "Members of the universe have no rows.", "Results are those of the others: add them, delisted ones too."
    ),
    "rows_outside_membership": _warning(
        "A symbol has rows where it was no member.", "Build the tape with the membership: it is not tradable there."
    ),
    "one_venue": _error(
        "The volume is less than a fifth of the reference's: the feed shows one venue, or a sample.",
        "Do not cap participation by it; the copy makes the volume unknown.",
        repaired=True,
    ),
    "partial_volume": _warning(
        "The volume is a part of the reference's: auctions or other venues are missing.",
        "Scale caps on participation accordingly, or take the reference's volume.",
    ),
    "not_compared": _warning(
        "The reference has too few rows of a symbol to compare it.",
        "Name a reference that spells the symbol as the rows do and covers their span.",
    ),
    "different_closes": _warning(
        "Closes of sessions differ from the reference's.", "Other adjustment, other session or other source: look."
    ),
}

KINDS = READING | ORDER | VALUES | MOVES | ACTIONS | QUOTES | TIMES | UNIVERSE
