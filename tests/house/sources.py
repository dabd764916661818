"""The repository as the house tests see it: its files, their syntax trees, and the imports between modules."""

from __future__ import annotations

import ast
import functools
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "polyfolio"
ALLOWED = Path(__file__).with_name("allowed.toml")


@functools.cache
def tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def sources() -> list[Path]:
    """Every module of the package."""
    found = sorted(path for path in PACKAGE.rglob("*.py") if "data" not in path.relative_to(PACKAGE).parts[:1])
    assert found, f"no module under {PACKAGE}"
    return found


def name_of(path: Path) -> str:
    """The dotted name of a module of the package."""
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def where(path: Path, node: ast.AST) -> str:
    """A place a reader can go to."""
    return f"{path.relative_to(ROOT).as_posix()}:{getattr(node, 'lineno', 1)}"


def tracked_files() -> list[Path]:
    """The files of the repository: tracked, or new and not ignored; outside Git all but the usual litter."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode == 0 and listed.stdout:
        return sorted(path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file())
    litter = {"__pycache__", "results", "build", "dist"}
    parts = {path: path.relative_to(ROOT).parts for path in ROOT.rglob("*") if path.is_file()}
    hidden = {".ci", ".gitignore"}
    return sorted(
        path
        for path, names in parts.items()
        if not any(
            (name.startswith(".") and name not in hidden) or name in litter or name.endswith(".egg-info")
            for name in names
        )
    )


def python_files() -> list[Path]:
    """Every Python file of the repository."""
    return [path for path in tracked_files() if path.suffix == ".py"]


def functions(module: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Every function and method, nested ones too."""
    return (node for node in ast.walk(module) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def imports(node: ast.AST, names: set[str]) -> Iterator[str]:
    """Our modules imported by one statement; `from package import x` is the module `package.x` where there is one."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names if alias.name.split(".")[0] == "polyfolio")
    elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "polyfolio":
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in names else str(node.module)


@functools.cache
def allowed(section: str) -> dict[str, str]:
    """A section of the allow-list: what is allowed, and why."""
    return dict(tomllib.loads(ALLOWED.read_text(encoding="utf-8")).get(section, {}))


def unless_allowed(section: str, offences: dict[str, str]) -> list[str]:
    """The offences that are not allowed by name, and the allowances that allow nothing any more.

    Offences are keyed by what the allow-list names; the value tells a reader where.
    """
    listed = allowed(section)
    fresh = [f"{place}: {key}" for key, place in sorted(offences.items()) if key not in listed]
    stale = [
        f"allowed.toml [{section}] {key}: nothing needs it any more" for key in sorted(set(listed) - set(offences))
    ]
    return fresh + stale


def run_python(*arguments: str, cwd: Path | None = None, timeout: float = 240) -> subprocess.CompletedProcess[str]:
    """This interpreter in a process of its own, with the package on its path and nothing of the tests' settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "COV_"))}
    environment["PYTHONPATH"] = os.pathsep.join([str(PACKAGE.parent), environment.get("PYTHONPATH", "")]).rstrip(
        os.pathsep
    )
    environment["COLUMNS"] = "120"
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
