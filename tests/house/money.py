"""The walk that looks for arithmetic on money: which names are money, and what counts as computing with them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

HEADING = "## Money names"

# Calls that compute an amount from amounts.
NUMERIC_BUILTINS = {"sum", "abs", "min", "max", "round", "divmod", "pow"}
NUMERIC_MODULES = {"np", "numpy", "math", "statistics", "operator", "scipy", "numba"}
# NumPy functions that make, reshape, select or test arrays: no new amount comes out of them.
SHAPING = {
    "all",
    "allclose",
    "any",
    "argsort",
    "array",
    "array_equal",
    "asarray",
    "ascontiguousarray",
    "atleast_1d",
    "broadcast_to",
    "concatenate",
    "copy",
    "copyto",
    "empty",
    "empty_like",
    "errstate",
    "float64",
    "flatnonzero",
    "frombuffer",
    "full",
    "full_like",
    "isfinite",
    "isclose",
    "isinf",
    "isnan",
    "load",
    "nonzero",
    "ones_like",
    "repeat",
    "reshape",
    "save",
    "savez",
    "searchsorted",
    "shape",
    "size",
    "stack",
    "take",
    "tile",
    "transpose",
    "unique",
    "where",
    "zeros",
    "zeros_like",
}
NUMERIC_METHODS = {
    "add",
    "agg",
    "cumprod",
    "cumsum",
    "diff",
    "div",
    "divide",
    "dot",
    "max",
    "mean",
    "median",
    "min",
    "mul",
    "multiply",
    "pct_change",
    "prod",
    "quantile",
    "round",
    "std",
    "sub",
    "subtract",
    "sum",
    "var",
}
# What wraps an amount without changing it.
CASTS = {
    "float",
    "list",
    "tuple",
    "sorted",
    "reversed",
    "np.asarray",
    "np.array",
    "np.float64",
    "np.copy",
    "np.ascontiguousarray",
}
KEPT_BY = {"astype", "copy", "flatten", "get", "item", "pop", "ravel", "reshape", "to_numpy", "tolist", "view"}


def money_names(notation: Path) -> set[str]:
    """The names in the first column of the table under the heading `## Money names`."""
    text = notation.read_text(encoding="utf-8") if notation.is_file() else ""
    assert HEADING in text.splitlines(), f"{notation.name} needs a section `{HEADING}` with a table, one name per row"
    section = re.split(r"^## ", text.split(HEADING, 1)[1], flags=re.MULTILINE)[0]
    names = set(re.findall(r"^\| *`(\w+)` *\|", section, flags=re.MULTILINE))
    assert names, f"{notation.name}: the table under `{HEADING}` names nothing; a row begins with | `name` |"
    return names


class Walk:
    """Looks through one module for arithmetic on money names.

    A name is money when it is listed, is the plural of a listed one, or ends in one (`last_price`); a rule field is a
    bound and is money only when it is listed itself. A local variable assigned from money is money in its function.
    """

    def __init__(self, names: set[str], bounds: set[str]) -> None:
        self.names = names
        self.bounds = bounds - names
        self.local: set[str] = set()

    def is_listed(self, word: str) -> bool:
        if word in self.bounds:
            return False
        tails = [word, *("_".join(word.split("_")[start:]) for start in range(1, word.count("_") + 1))]
        singular = {re.sub(r"ies$", "y", tail) for tail in tails} | {tail.removesuffix("s") for tail in tails}
        return bool(self.names & (set(tails) | singular))

    def money(self, node: ast.AST | None) -> str:
        """The money name an expression stands for, or an empty string."""
        match node:
            case ast.Name(id=word):
                return word if word in self.local or self.is_listed(word) else ""
            case ast.Attribute(attr=word, value=value):
                return word if self.is_listed(word) else self.money(value) if word in ("T", "values", "flat") else ""
            case ast.Subscript(value=value, slice=ast.Constant(value=str(word))):
                return word if self.is_listed(word) else ""
            case ast.Subscript(value=value) | ast.Starred(value=value) | ast.NamedExpr(value=value):
                return self.money(value)
            case ast.GeneratorExp(elt=value) | ast.ListComp(elt=value) | ast.SetComp(elt=value):
                return self.money(value)
            case ast.IfExp(body=body, orelse=orelse):
                return self.money(body) or self.money(orelse)
            case ast.Tuple(elts=items) | ast.List(elts=items):
                return next((name for item in items if (name := self.money(item))), "")
            case ast.Call():
                return self.wrapped(node)
            case _:
                return ""

    def wrapped(self, call: ast.Call) -> str:
        """The money name a cast or a look-up hands on."""
        if ast.unparse(call.func) in CASTS and call.args:
            return self.money(call.args[0])
        first = call.args[0] if call.args else None
        if isinstance(call.func, ast.Attribute) and call.func.attr in KEPT_BY:
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                return first.value if self.is_listed(first.value) else ""
            return self.money(call.func.value)
        if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
            word = getattr(call.args[1], "value", "")
            return word if isinstance(word, str) and self.is_listed(word) else ""
        return ""

    def computed(self, node: ast.AST) -> str:
        """The money name a single operation computes with, or an empty string."""
        match node:
            case ast.BinOp(left=ast.Constant(value=str()) | ast.JoinedStr()):
                return ""
            case ast.BinOp(op=ast.BitOr() | ast.BitAnd()) | ast.AugAssign(op=ast.BitOr() | ast.BitAnd()):
                return ""  # of masks, sets and dicts
            case ast.BinOp(left=left, right=right):
                return self.money(left) or self.money(right)
            case ast.AugAssign(target=target, value=value):
                return self.money(target) or self.money(value)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                return self.money(operand)
            case ast.Call():
                return self.numeric(node)
            case _:
                return ""

    def numeric(self, call: ast.Call) -> str:
        """The money name a numeric call computes with."""
        arguments = next((name for item in call.args if (name := self.money(item))), "")
        if isinstance(call.func, ast.Name):
            return arguments if call.func.id in NUMERIC_BUILTINS else ""
        if not isinstance(call.func, ast.Attribute):
            return ""
        module = ast.unparse(call.func).split(".")[0]
        if module in NUMERIC_MODULES:
            return "" if call.func.attr in SHAPING else arguments
        return self.money(call.func.value) if call.func.attr in NUMERIC_METHODS else ""

    def learn(self, scope: ast.AST) -> None:
        """Note the local variables of a function that hold money."""
        for node in ast.walk(scope):
            match node:
                case ast.Assign(targets=[ast.Name(id=word)], value=value) if self.money(value):
                    self.local.add(word)
                case ast.AnnAssign(target=ast.Name(id=word), value=value) if self.money(value):
                    self.local.add(word)
                case ast.For(target=ast.Name(id=word), iter=several) if self.money(several):
                    self.local.add(word)

    def offences(self, module: ast.Module) -> Iterator[tuple[ast.AST, str, str]]:
        """Each operation on money: the node, the function around it, the name."""
        functions = [node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
        inner = {node: function.name for function in functions for node in ast.walk(function)}
        for scope in [module, *functions]:
            self.local = set()
            if scope is not module:
                self.learn(scope)
            for node in ast.walk(scope):
                belongs = inner.get(node, "module") == getattr(scope, "name", "module")
                if belongs and (name := self.computed(node)):
                    yield node, getattr(scope, "name", "module"), name
