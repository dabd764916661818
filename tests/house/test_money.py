"""Formulas about money stand once, in the kernels: above them no operator and no numeric call touches a money name."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from polyfolio.core.records import RULES
from tests.house.money import HEADING, Walk, money_names
from tests.house.sources import PACKAGE, ROOT, sources, tree, unless_allowed, where

BELOW = {"core", "kernels"}
NAMES = {"cash", "equity", "price", "quantity", "commission", "gross"}


def walk() -> Walk:
    return Walk(NAMES, {"max_gross", "min_quantity"})


def test_no_arithmetic_on_money_stands_above_the_kernels() -> None:
    checker = Walk(money_names(ROOT / "NOTATION.md"), set(RULES.names or ()))
    offences = {}
    for path in sources():
        if path.relative_to(PACKAGE).parts[0] in BELOW:
            continue
        for node, function, name in checker.offences(tree(path)):
            place = where(path, node)
            offences[f"{place.rsplit(':', 1)[0]} {function} {name}"] = f"{place}: {ast.unparse(node)}"
    problems = unless_allowed("money", offences)
    assert not problems, "move the formula into a kernel:\n" + "\n".join(problems)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("cash + 1", "cash"),
        ("2 * book.equity[lane]", "equity"),
        ("record['cash'] - fee", "cash"),
        ("row.get('cash') / 2", "cash"),
        ("float(position.quantity) * last", "quantity"),
        ("last_price * 3", "last_price"),
        ("sum(p.quantity for p in positions)", "quantity"),
        ("np.dot(quantities, x)", "quantities"),
        ("np.abs(-x + 1 if f else price)", "price"),
        ("frame['equity'].pct_change()", "equity"),
        ("prices.cumsum()", "prices"),
        ("-commission", "commission"),
        ("max(0.0, cash)", "cash"),
        ("math.fsum(commissions)", "commissions"),
    ],
)
def test_an_operation_on_money_is_found(code: str, name: str) -> None:
    assert name in {found for _, _, found in walk().offences(ast.parse(code))}


@pytest.mark.parametrize(
    "code", ["book.cash += 5", "gain += equity", "def f(b):\n x = b.cash\n return x * 2", "for p in prices:\n pass"]
)
def test_statements_and_local_variables_are_followed(code: str) -> None:
    assert bool(list(walk().offences(ast.parse(code)))) is ("for" not in code)


@pytest.mark.parametrize(
    "code",
    [
        "cash < 0",
        "f'{price:.2f}'",
        "'%s' % price",
        "np.isnan(prices)",
        "np.asarray(prices, dtype=float)",
        "rules.max_gross / 2",
        "len(prices) + 1",
        "prices.shape[0] - 1",
        "kernel(cash, price) ",
        "x: float | None = price",
        "folder / 'equity.csv'",
        "prices |= more",
        "def f(b):\n x = b.cash\n return x\ndef g(x):\n return x * 2",
    ],
)
def test_what_is_no_arithmetic_on_money_passes(code: str) -> None:
    assert not list(walk().offences(ast.parse(code)))


def test_the_names_come_from_the_first_column_of_the_table(tmp_path: Path) -> None:
    notation = tmp_path / "NOTATION.md"
    rows = "| name | unit |\n|---|---|\n| `cash` | `base` |\n| `price` | x |\n"
    notation.write_text(f"# N\n\n{HEADING}\n\n{rows}\n## Next\n\n| `no` | |\n")
    assert money_names(notation) == {"cash", "price"}
    notation.write_text("# N\n")
    with pytest.raises(AssertionError, match="needs a section"):
        money_names(notation)
