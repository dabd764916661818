"""Set up polyfolio: find a Python, make `.venv`, install from wheels with the lock, compile the kernels.

    python3 bootstrap.py [--extras test,dev] [--check] [--no-warm] [--quiet]

Standard library only, and no syntax newer than Python 3.8, so that an old Python can say which one is needed.
A second call does nothing. Extras accumulate. pip's own settings (index, proxy, certificates) are obeyed.

Exit codes: 0 ready, 1 something failed (or --check found work to do), 2 something must be installed first.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` would be a third of the time of a call that finds nothing to do
    from collections.abc import Callable, Iterator
    from typing import Any

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
STAMP = VENV / "polyfolio-setup.json"
# Stands while packages are being installed: what a killed set-up leaves behind is not trusted.
UNFINISHED = VENV / "polyfolio-setup-unfinished"
FITTING = ((3, 11), (3, 12), (3, 13))
PIP_WITH_PYTHON_OPTION = (22, 3)
# What the compiled kernels are made from; a change here asks for another `polyfolio warm`.
COMPILED = ("core", "kernels", "engine")

PROBE = """
import json, sys
facts = {"version": list(sys.version_info[:3]), "executable": sys.executable}
for name in ("venv", "ensurepip", "virtualenv", "pip"):
    try:
        facts[name] = getattr(__import__(name), "__version__", "yes")
    except Exception:
        facts[name] = ""
print(json.dumps(facts))
"""

NO_PYTHON = """polyfolio needs Python 3.11, 3.12 or 3.13.
Found: {found}
Get one, then run this again:
  Debian, Ubuntu   apt install python3.12 python3.12-venv   (or the 3.11 / 3.13 packages of your release)
  Fedora           dnf install python3.12
  macOS            brew install python@3.12
  Windows          winget install Python.Python.3.12
  any, with pyenv  pyenv install 3.12"""

NO_PIP = """{executable} is Python {version}, but it cannot make an environment: ensurepip is missing,
and there is neither an installed pip 22.3 or later nor virtualenv to do it instead.
Get one of them, then run this again:
  Debian, Ubuntu   apt install python{short}-venv
  Alpine, others   the package named py3-virtualenv or python3-virtualenv"""

# What pip says when it fails, and what the reader can do. The first match is printed.
ADVICE = {
    "No space left on device|quota exceeded": """
The disk is full: the core set needs about 1 GB in {venv}, and as much again while it is unpacked.""",
    "CERTIFICATE_VERIFY_FAILED|SSLError": """
The package index shows a certificate this machine does not trust: name the right bundle in PIP_CERT.""",
    "NewConnectionError|name resolution|Max retries|ProxyError|timed out|Connection refused|getaddrinfo failed": """
pip cannot reach its package index. Behind a proxy set HTTPS_PROXY; for an index or a folder of wheels of your own
set PIP_INDEX_URL or PIP_FIND_LINKS (`pip config` does the same for good). What was downloaded is kept.""",
    # With constraints, pip calls a wheel it cannot find a conflict.
    r"(?:No matching distribution found for|\(constraint\)) ([^\s(;]+)": """
There is no wheel of {what} for {python} on {platform} where pip looks. Wheels exist for Python 3.11 to 3.13 on
Linux with glibc (x86-64, aarch64), macOS 14 or later (arm64), Windows (x86-64); an index of your own may lack them.
Where nothing is lacking, pyproject.toml and constraints.txt contradict each other: `scripts/lock` renews them.""",
    "Permission denied|PermissionError": """
{venv} cannot be written: see who owns it, or delete it.""",
}


class SetupError(Exception):
    """Set-up cannot go on: the message says what is missing and how to get it."""

    def __init__(self, message: str, code: int = 1) -> None:
        super().__init__(message)
        self.code = code


class Reporter:
    """Plain lines of progress, or none."""

    def __init__(self, quiet: bool) -> None:
        self.quiet = quiet

    def line(self, text: str) -> None:
        """Print one line at once, also into a pipe."""
        if not self.quiet:
            print(text, flush=True)

    def step(self, text: str) -> Callable[[], None]:
        """Announce a step; call the result when it is done."""
        self.line(text + " ...")
        start = time.monotonic()
        return lambda: self.line("  done in {:.1f} s".format(time.monotonic() - start))


def environment_python() -> Path:
    """Path of the environment's interpreter, which may not exist yet."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def read_stamp() -> dict[str, Any]:
    """What the last complete set-up wrote, or nothing."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def install_digest(extras: list[str], python: list[int]) -> str:
    """Digest of everything that decides what is installed."""
    digest = hashlib.sha256()
    for name in ("constraints.txt", "pyproject.toml"):
        digest.update((ROOT / name).read_bytes())
    digest.update(json.dumps([sorted(extras), list(python), str(ROOT)]).encode())
    return digest.hexdigest()


def kernel_digest() -> str:
    """Digest of the sources the compiled kernels are made from."""
    digest = hashlib.sha256()
    for package in COMPILED:
        for path in sorted((ROOT / "src" / "polyfolio" / package).rglob("*.py")):
            digest.update(path.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def known_extras() -> list[str]:
    """Names of the extras in pyproject.toml (no TOML reader before Python 3.11, so by its layout)."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = text.split("[project.optional-dependencies]", 1)[-1].split("\n[", 1)[0]
    return sorted(re.findall(r"^([A-Za-z0-9_-]+) = \[", section, flags=re.MULTILINE))


def wanted_extras(asked: str, stamp: dict[str, Any]) -> list[str]:
    """The extras asked for and those installed before, so that one command does not undo another."""
    names = [name.strip() for name in asked.split(",") if name.strip()]
    unknown = sorted(set(names) - set(known_extras()))
    if unknown:
        raise SetupError("--extras: got {}, must be among {}. Correct the name.".format(unknown, known_extras()))
    return sorted(set(names) | set(stamp.get("extras", [])).intersection(known_extras()))


def is_installed(stamp: dict[str, Any], extras: list[str]) -> bool:
    """Whether the environment holds what pyproject, constraints and these extras ask for."""
    return (
        bool(stamp)
        and environment_python().exists()
        and not UNFINISHED.exists()
        and stamp.get("installed") == install_digest(extras, stamp.get("python", []))
    )


def capture(command: list[str]) -> tuple[int, str]:
    """Run a command: its exit code and what it printed. A command that cannot start has exit code 127."""
    try:
        done = subprocess.run(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, check=False, timeout=300
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return 127, str(error)
    return done.returncode, done.stdout


def probe(command: list[str]) -> dict[str, Any] | None:
    """What an interpreter is and has, or nothing where it does not start (a pyenv shim without a version)."""
    code, output = capture([*command, "-c", PROBE])
    try:
        return json.loads(output.strip().splitlines()[-1]) if code == 0 else None
    except (ValueError, IndexError):
        return None


def candidates() -> Iterator[list[str]]:
    """Commands that may start a fitting Python: this one, those on PATH, pyenv's, the Windows launcher's."""
    # Called from an activated `.venv`, the interpreter beneath it counts, not the one that may be replaced.
    yield [getattr(sys, "_base_executable", None) or sys.executable]
    for name in [*("python{}.{}".format(*version) for version in FITTING), "python3", "python"]:
        path = shutil.which(name)
        if path:
            yield [path]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv") / "versions"
    for version in FITTING:
        for path in sorted(pyenv.glob("{}.{}.*/bin/python".format(*version)), reverse=True):
            yield [str(path)]
    if os.name == "nt" and shutil.which("py"):
        for version in FITTING:
            yield ["py", "-{}.{}".format(*version)]


def interpreters() -> Iterator[dict[str, Any]]:
    """Every interpreter that starts, once, as its probe."""
    seen = set()
    for command in candidates():
        found = probe(command)
        if found and found["executable"] not in seen and VENV not in Path(found["executable"]).parents:
            seen.add(found["executable"])
            yield found


def dotted(version: list[int]) -> str:
    """Version numbers as text."""
    return ".".join(str(number) for number in version)


def find_python() -> dict[str, Any]:
    """The first fitting interpreter that can make an environment by itself, else the first fitting one."""
    others, without = [], []
    for found in interpreters():
        if tuple(found["version"][:2]) not in FITTING:
            others.append("{} ({})".format(dotted(found["version"]), found["executable"]))
        elif found["ensurepip"] and found["venv"]:
            return found
        else:
            without.append(found)
    if without:
        return without[0]
    raise SetupError(NO_PYTHON.format(found=", ".join(others) or "no Python at all"), code=2)


def outer_pip() -> list[str]:
    """An installed pip that can install into another environment (`--python`, since 22.3), or none."""
    for found in interpreters():
        numbers = re.match(r"(\d+)\.(\d+)", found["pip"])
        if numbers and tuple(int(part) for part in numbers.groups()) >= PIP_WITH_PYTHON_OPTION:
            return [found["executable"], "-m", "pip", "--python", str(environment_python())]
    return []


def creation_command(python: dict[str, Any]) -> list[str]:
    """The command that makes an environment with what this interpreter has."""
    if python["venv"] and python["ensurepip"]:
        return [python["executable"], "-m", "venv", "--clear", str(VENV)]
    if python["venv"] and outer_pip():
        return [python["executable"], "-m", "venv", "--clear", "--without-pip", str(VENV)]
    if python["virtualenv"]:
        return [python["executable"], "-m", "virtualenv", "--clear", str(VENV)]
    if shutil.which("virtualenv"):
        return [shutil.which("virtualenv"), "--python", python["executable"], "--clear", str(VENV)]
    version = dotted(python["version"])
    raise SetupError(NO_PIP.format(executable=python["executable"], version=version, short=version[:4]), code=2)


def make_environment(report: Reporter) -> dict[str, Any]:
    """Make `.venv` afresh and return the probe of its interpreter."""
    python = find_python()
    done = report.step("Making .venv with Python {} ({})".format(dotted(python["version"]), python["executable"]))
    code, output = capture(creation_command(python))
    inside = probe([str(environment_python())])
    if code != 0 or inside is None:
        raise SetupError("Making {} failed:\n{}".format(VENV, output.strip()))
    done()
    return inside


def sound_environment(report: Reporter) -> dict[str, Any]:
    """The probe of the environment's interpreter; a missing, moved or half-made environment is made again."""
    moved = read_stamp().get("root", str(ROOT)) != str(ROOT)
    inside = probe([str(environment_python())]) if environment_python().exists() else None
    fits = inside and tuple(inside["version"][:2]) in FITTING and (inside["pip"] or outer_pip())
    if fits and not moved and not UNFINISHED.exists():
        return inside
    if VENV.exists():
        report.line("{} is not whole and is made again.".format(VENV.name))
    return make_environment(report)


def pip_command(inside: dict[str, Any]) -> list[str]:
    """The pip of the environment, or an outer one that is told where to install."""
    return [str(environment_python()), "-m", "pip"] if inside["pip"] else outer_pip()


def advice(output: str, version: list[int]) -> str:
    """What a failed pip run means, in words; empty where it is not known."""
    for pattern, text in ADVICE.items():
        found = re.search(pattern, output)
        if found:
            what, where = (found.groups() or ("",))[0], "{} {}".format(platform.system(), platform.machine())
            return text.format(what=what, python="Python " + dotted(version), platform=where, venv=VENV).strip()
    return ""


def progress_line(line: str) -> str:
    """The part of pip's output worth a line of ours: what it fetches and that it installs."""
    found = re.match(r"\s*(?:Downloading|Using cached|Processing) (?:\S*/)?([^/\s]+?)-([^-\s]+)-\S+\.whl(\s.*)?$", line)
    if found:
        name, version, rest = found.groups()
        size = re.search(r"\([\d.]+ [kMG]?B\)", rest or "")
        return "  {} {} {}".format(name, version, size.group() if size else "").rstrip()
    if line.startswith("Installing collected packages:"):
        return "  installing ({})".format(line.count(",") + 1)
    return ""


def run_pip(inside: dict[str, Any], arguments: list[str], report: Reporter) -> None:
    """Run `pip install`, showing what it does; raise with advice when it fails."""
    command = [*pip_command(inside), "install", "--only-binary", ":all:", "--progress-bar", "off", *arguments]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, cwd=str(ROOT)
    )
    lines = []
    for line in process.stdout:
        lines.append(line)
        shown = progress_line(line)
        if shown:
            report.line(shown)
    if process.wait() != 0:
        output = "".join(lines)
        tail = "".join(lines[-12:]).rstrip()
        raise SetupError("pip failed:\n{}\n\n{}".format(tail, advice(output, inside["version"])).rstrip())


def install(inside: dict[str, Any], extras: list[str], report: Reporter) -> None:
    """Install polyfolio, editable, with its extras: wheels only, at the versions of the lock."""
    target = ".[{}]".format(",".join(extras)) if extras else "."
    done = report.step("Installing polyfolio{} and what it needs".format(target[1:]))
    UNFINISHED.write_text("", encoding="utf-8")
    try:
        # The build backend comes from the lock too; pip's isolated build would take the newest one.
        run_pip(inside, ["-c", "constraints.txt", "setuptools"], report)
        run_pip(inside, ["--no-build-isolation", "-c", "constraints.txt", "-e", target], report)
    except SetupError:
        # pip undoes a failed installation itself; only a killed one leaves pieces.
        UNFINISHED.unlink()
        raise
    done()


def warm(report: Reporter) -> None:
    """Compile the kernels into Numba's cache, so that the first run does not wait for it."""
    done = report.step("Compiling the kernels (once per version)")
    command = [str(environment_python()), "-m", "polyfolio", "warm"]
    quiet = subprocess.PIPE if report.quiet else None
    result = subprocess.run(command, stdout=quiet, stderr=quiet and subprocess.STDOUT, check=False, cwd=str(ROOT))
    if result.returncode != 0:
        output = (result.stdout or b"").decode(errors="replace")
        raise SetupError("`polyfolio warm` failed with exit code {}. {}".format(result.returncode, output).rstrip())
    done()


def set_up(asked: str, with_warm: bool, report: Reporter) -> None:
    """Bring the environment to what is asked; do nothing where it is there."""
    stamp = read_stamp()
    extras = wanted_extras(asked, stamp)
    if not is_installed(stamp, extras):
        inside = sound_environment(report)
        install(inside, extras, report)
        version = inside["version"]
        stamp = {"python": version, "extras": extras, "root": str(ROOT), "installed": install_digest(extras, version)}
        STAMP.write_text(json.dumps(stamp), encoding="utf-8")
        UNFINISHED.unlink()
    if with_warm and stamp.get("warmed") != kernel_digest():
        warm(report)
        STAMP.write_text(json.dumps(dict(stamp, warmed=kernel_digest())), encoding="utf-8")
    what = ", ".join(extras) or "none"
    report.line("Ready: .venv, Python {}, extras: {}.".format(dotted(stamp["python"]), what))


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, set up, and return the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--extras", default="", metavar="A,B", help="extras of pyproject.toml to install besides core")
    parser.add_argument("--check", action="store_true", help="only say whether everything is there (exit code 0 or 1)")
    parser.add_argument("--no-warm", action="store_true", help="do not compile the kernels")
    parser.add_argument("--quiet", action="store_true", help="print errors only")
    options = parser.parse_args(arguments)
    report = Reporter(options.quiet)
    try:
        if options.check:
            ready = is_installed(read_stamp(), wanted_extras(options.extras, read_stamp()))
            report.line("Ready." if ready else "Not ready: run this without --check.")
            return 0 if ready else 1
        set_up(options.extras, not options.no_warm, report)
    except (SetupError, OSError) as error:
        print(error, file=sys.stderr)
        return getattr(error, "code", 1)
    except KeyboardInterrupt:
        print("Stopped. Run it again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
