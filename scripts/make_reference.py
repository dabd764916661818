"""Write the reference pages that follow from the code: definitions, reasons, records, strategies.

Usage: python scripts/make_reference.py [--check]

`docs/reference/config.md` is written by `polyfolio config reference`.
"""

from __future__ import annotations

import argparse
import ast
import io
import re
import sys
import textwrap
import tokenize
from enum import IntEnum
from pathlib import Path

from polyfolio.core import codes
from polyfolio.core.codes import Reason
from polyfolio.kernels.measures.cards import Card, cards
from polyfolio.kernels.measures.conventions import FORMULAS, REPLACED
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.strategies.describe import REQUIRED, describe, plain, space_words

ROOT = Path(__file__).resolve().parents[1]
REFERENCE = ROOT / "docs" / "reference"
CORE = ROOT / "src" / "polyfolio" / "core"
BY_SCRIPT = "Written by `python scripts/make_reference.py`."

SYMBOLS = (
    "Symbols: r simple return per period after all costs, rf risk-free rate per period, e = r - rf, b benchmark return,"
    " N periods a year, Y elapsed years (days / 365.25), W wealth from 1, dd = W / running maximum - 1, c confidence,"
    " n number of returns. `annualised` names what stands in the formula; it is printed beside the number. `equals` is "
    "the library with the same number, to the relative tolerance. Undefined numbers are NaN, with their reason."
)

FAMILIES = {
    "returns": "From returns alone",
    "relative": "Against a benchmark",
    "exposure": "From exposures at the closes",
    "trades": "From closed trades",
}

# The sentence behind each code.
MEANINGS = {
    "NONE": "Nothing was cut.",
    "SIGNAL": "The signal asked for it.",
    "NOT_REBALANCE_BAR": "`rebalance.every` does not name this row: the book is held.",
    "UNTRADABLE": "The slot does not trade in this row.",
    "BARRED": "The sleeve left by a stop or target and must stay out (`exits.bar_until`).",
    "NO_SHORTING": "A negative want where `sizing.allow_short` is false.",
    "MAX_POSITION": "Above `limits.max_position`.",
    "MAX_POSITION_RISK": "Above `risk.max_position_risk`.",
    "MAX_LABEL": "Above a cap of `limits.labels`.",
    "MAX_LONG_POSITIONS": "More longs than `limits.max_long_positions`; in certificates.",
    "MAX_SHORT_POSITIONS": "More shorts than `limits.max_short_positions`; in certificates.",
    "MAX_POSITIONS": "More positions than `limits.max_positions`, or than one side may have.",
    "MIN_POSITION": "Below `limits.min_position`.",
    "MIN_NOTIONAL": "The order is worth less than `limits.min_notional` or the instrument's own minimum.",
    "CORRELATION": "Correlated with another want beyond `correlation.limit`.",
    "FEEDBACK": "A round of `feedback` resized it.",
    "HEDGE": "The hedge brought beta back into its band.",
    "MAX_DRAWDOWN": "The drawdown reached `risk.max_drawdown`, or has recovered from it.",
    "MAX_DAILY_LOSS": "The day's loss reached `limits.max_daily_loss`.",
    "MAX_NET": "Net exposure above `limits.max_net`.",
    "MAX_GROSS": "Gross exposure above `limits.max_gross`.",
    "MAX_LEVERAGE": "Gross exposure above `limits.max_leverage`.",
    "MIN_CASH_RESERVE": "Too little cash left for `limits.min_cash_reserve`.",
    "MAX_VOLATILITY": "Predicted volatility above `risk.max_volatility`.",
    "MAX_VAR": "Value at risk above `risk.max_var`.",
    "MAX_ES": "Expected shortfall above `risk.max_es`.",
    "FROZEN": "A part of the book that cannot trade is in breach alone; only trades that lower the risk pass.",
    "WARMUP": "A limit or a sizing method needs a statistic that does not exist yet.",
    "PROJECTION": "The nearest feasible want (`risk.projection: qp`).",
    "THRESHOLD": "No weight is further from its target than `rebalance.threshold`: the book is held.",
    "RISK_BAND": "Predicted volatility is inside `rebalance.risk_band`: the book is held.",
    "NOT_WORTH_COST": "The expected gain is not above the cost (`rebalance.cost_aware`): the book is held.",
    "LOT": "Whole lots broke a limit, and the wants were scaled again.",
    "BUYING_POWER": "Openings did not fit what the lane can pay for; one factor was taken of all of them.",
    "PARTICIPATION": "More than the bar's volume lets through (`participation_rate_limit`, `auction_share`).",
    "NO_VOLUME": "The bar has no volume.",
    "MAX_SLIPPAGE": "The price lies beyond `execution.max_slippage`.",
    "MARKET_IMPACT": "The estimated impact lies beyond `execution.market_impact_limit`.",
    "LIMIT_NOT_REACHED": "The price did not reach the limit.",
    "EXPIRED": "The order's time was over.",
    "FILL_OR_KILL": "The order could not fill whole at once.",
    "REPLACED": "A later decision replaced the order.",
    "STOP_LOSS": "The stop was reached.",
    "TAKE_PROFIT": "The target was reached.",
    "TRAILING_STOP": "The trailing stop was reached.",
    "LIQUIDATION": "Equity fell below the maintenance margin, or the liquidation has ended.",
    "RUINED": "Equity is not positive.",
    "SPLIT_CASH": "The rest of a split below one lot was paid in cash.",
    "GROUP_LIMIT": "A limit of the group cut what opens.",
    "RISK_SPEED": "The risk scale recovers by at most `risk.risk_adjustment_speed`.",
    "TARGET_VOLATILITY": "Scaled to `sizing.target_volatility`.",
    "KELLY_FLOOR": "Below `sizing.min_kelly`.",
    "TARGET_RISK": "Scaled to `sizing.target_risk`.",
    "EXTENSION": "A third party's stage changed it.",
    "END_OF_RUN": "`execution.sell_out` closed it at the last row.",
    "FALLBACK": "The method could not be solved; its stand-in was used.",
    "USER_ORDER": "An order given one by one.",
    "PROTECTED": "The sleeve's own stop or target cancelled the order.",
    "MIN_FILL": "Less than `execution.min_fill` can fill at once.",
    "MIN_NET": "Net exposure below `limits.min_net`.",
    "MAX_POSITION_VALUE": "Worth more than `limits.max_position_value`.",
    "TURNOVER": "Larger trades of the decision used `limits.max_turnover`.",
    "MAX_TRADES": "Larger trades of the decision used `limits.max_trades`.",
    "SCHEDULE": "The rest of the order waits for its next part (`execution.schedule`).",
    "TRANSFER": "Capital moved between portfolios.",
    "RETIRED": "The portfolio was taken out of the run.",
}


def prose(text: str) -> str:
    """A paragraph, wrapped."""
    return textwrap.fill(text, 118, break_long_words=False, break_on_hyphens=False)


def table(head: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """A Markdown table."""
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines)


def definitions() -> str:
    """A row per card, family by family, then what other libraries print instead."""

    def row(card: Card) -> tuple[object, ...]:
        ddof = "" if card.ddof is None else card.ddof
        return (
            f"`{card.name}`",
            card.formula,
            card.unit,
            card.annualised,
            ddof,
            card.equals,
            f"{card.tolerance:g}",
            card.undefined,
        )

    parts = [
        "# Definitions",
        prose(f"{BY_SCRIPT} {SYMBOLS}"),
    ]
    head = ("name", "formula", "unit", "annualised", "ddof", "equals", "tolerance", "NaN when")
    for family, title in FAMILIES.items():
        parts += [f"## {title}", table(head, [row(card) for card in cards().values() if card.family == family])]
    words = {**{name: card.formula for name, card in cards().items()}, **FORMULAS}
    other = [
        (library, f"`{name}`", f"`{variant}`: {words[variant]}")
        for library, names in REPLACED.items()
        for name, variant in names.items()
    ]
    parts += [
        "## Other conventions",
        prose("What `Convention(name=...)` puts in place of ours. A number that is not listed is the same."),
        table(("convention", "name", "becomes"), other),
    ]
    return "\n\n".join(parts) + "\n"


def comments(source: str) -> dict[int, str]:
    """Line number -> the comment on that line."""
    found = tokenize.generate_tokens(io.StringIO(source).readline)
    return {token.start[0]: token.string.lstrip("# ") for token in found if token.type == tokenize.COMMENT}


def above(notes: dict[int, str], line: int) -> str:
    """The comment block that ends right above a line, as one sentence."""
    lines = []
    while line - 1 in notes:
        line -= 1
        lines.append(notes[line])
    return " ".join(reversed(lines))


def written(names: set[str]) -> set[str]:
    """Those reasons that some compiled code or driver names."""
    sources = [
        path.read_text(encoding="utf-8")
        for folder in ("kernels", "engine")
        for path in (CORE.parent / folder).rglob("*.py")
    ]
    return names & set(re.findall(r"\bReason\.([A-Z_]+)", "\n".join(sources)))


def reasons() -> str:
    """A row per reason code, then the other codes of the journal with the comments of `core/codes.py`."""
    missing = {reason.name for reason in Reason} ^ set(MEANINGS)
    if missing:
        raise SystemExit(f"MEANINGS and Reason differ: {sorted(missing)}")
    live = written(set(MEANINGS))
    rows: list[tuple[object, ...]] = [
        (int(reason), f"`{reason.name}`", MEANINGS[reason.name] + ("" if reason.name in live else " (reserved)"))
        for reason in Reason
    ]
    parts = [
        "# Reasons",
        prose(
            f"{BY_SCRIPT} Why something was cut, refused, filled or closed: the column `reason` of "
            "events and fills. Codes are never given a new meaning; a reserved one is written by "
            "nothing yet."
        ),
        table(("code", "name", "meaning"), rows),
    ]
    source = (CORE / "codes.py").read_text(encoding="utf-8")
    notes = comments(source)
    lines = {
        node.name: {
            item.targets[0].id: item.lineno
            for item in node.body  # type: ignore[attr-defined]
            if isinstance(item, ast.Assign)
        }
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef)
    }
    for kind, column in (
        ("Event", "`event` of events"),
        ("Stage", "`stage` of cuts and holds"),
        ("Moment", "`moment` of fills"),
        ("Status", "`status` of marks"),
    ):
        members: type[IntEnum] = getattr(codes, kind)
        meanings: list[tuple[object, ...]] = [
            (int(member), f"`{member.name}`", notes.get(lines[kind][member.name], "")) for member in members
        ]
        parts += [f"## {kind}", f"The column {column}.", table(("code", "name", "meaning"), meanings)]
    return "\n\n".join(parts) + "\n"


def records() -> str:
    """The fields of every record, with the comments of `core/records.py`."""
    source = (CORE / "records.py").read_text(encoding="utf-8")
    notes = comments(source)
    parts = [
        "# Records",
        prose(
            f"{BY_SCRIPT} Field by field, as they stand in memory: f8 is a 64-bit float, i8, i4 "
            "and i2 are integers. A field of RULES has the name and meaning of its key in "
            "[the configuration](config.md)."
        ),
    ]
    for node in ast.parse(source).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.targets[0], ast.Name):
            entries = [item for item in ast.walk(node.value) if isinstance(item, ast.Tuple)]
            rows: list[tuple[object, ...]] = [
                (f"`{ast.literal_eval(item)[0]}`", ast.literal_eval(item)[1], notes.get(item.lineno, ""))
                for item in entries
            ]
            parts += [
                f"## {node.targets[0].id}",
                prose(above(notes, node.lineno)),
                table(("field", "type", "meaning"), rows),
            ]
    return "\n\n".join(parts) + "\n"


def strategies() -> str:
    """A section per built-in strategy, from its docstring, its arguments and its space."""
    parts = [
        "# Strategies",
        prose(
            f"{BY_SCRIPT} Each is named in a lane, `strategy: {{name: ..., params: {{...}}}}`; `polyfolio strategies "
            "show NAME` prints the same with a lane that uses it. Signals are -1 to 1, or weights where the sizing is "
            "`weights`; NaN keeps what is held. The last column is what a search tries."
        ),
    ]
    for name in sorted(BUILT_IN["strategy"]):
        found = describe(name)
        parts += [f"## {name}", found.summary, *([found.text] if found.text else []), f"Sizing: `{found.sizing}`."]
        rows: list[tuple[object, ...]] = [
            (
                f"`{argument.name}`",
                argument.kind,
                REQUIRED if argument.default == REQUIRED else f"`{plain(argument.default)}`",
                argument.meaning,
                space_words(argument.space),
            )
            for argument in found.arguments
        ]
        parts += [table(("argument", "type", "default", "meaning", "values"), rows)] if rows else []
    return "\n\n".join(parts) + "\n"


PAGES = {"definitions.md": definitions, "reasons.md": reasons, "records.md": records, "strategies.md": strategies}


def stale() -> list[str]:
    """The pages that say something else than the code."""
    paths = {name: REFERENCE / name for name in PAGES}
    return [
        name for name, path in paths.items() if not path.is_file() or path.read_text(encoding="utf-8") != PAGES[name]()
    ]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="write nothing; fail where a page is stale")
    if parser.parse_args().check:
        sys.exit(f"stale: {', '.join(stale())}" if stale() else 0)
    for name, page in PAGES.items():
        (REFERENCE / name).write_text(page(), encoding="utf-8")
        print(REFERENCE.relative_to(ROOT) / name)


if __name__ == "__main__":
    main()
