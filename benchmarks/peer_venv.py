"""Other people's libraries in environments of their own: made by venv and pip, asked by a script, named by options.

A peer is asked in its own process: a script of ours, run by the peer's interpreter on one core, gets a task as JSON and
prints its answer as JSON. The environment is `<cache>/polyfolio/peers/<name>`; pip fills it the first time it is needed
under the settings of whoever runs it. The project itself never depends on a peer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ONE_CORE = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")


class PeerError(RuntimeError):
    """A peer could not be installed or run; the message says what to do."""


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A library of somebody else.

    Attributes:
        name: of its script and of its environment's folder.
        requirements: installed with what they ask for.
        alone: installed without what they ask for, where that contradicts itself or is never imported.
    """

    name: str
    requirements: tuple[str, ...]
    alone: tuple[str, ...] = ()

    @property
    def wanted(self) -> list[str]:
        """Everything pip is asked for."""
        return [*self.requirements, *self.alone]


def cache_folder(name: str = "peers") -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or (Path.home() / ".cache")
    return Path(base) / "polyfolio" / name


def environment(peer: Peer, cache: Path) -> Path:
    """The interpreter of the peer's environment; made by venv and pip where it is missing or of other releases."""
    folder = cache / peer.name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed.json"
    if python.exists() and done.exists() and json.loads(done.read_text()) == peer.wanted:
        return python
    sys.stderr.write(f"{peer.name}: installing {', '.join(peer.wanted)} into {folder}\n")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    commands = [[sys.executable, "-m", "venv", "--clear", str(folder)], [*pip, *peer.requirements]]
    if peer.alone:
        commands.append([*pip, "--no-deps", *peer.alone])
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            remedy = f"pass --python {peer.name}=PATH, an interpreter that has {', '.join(peer.alone or peer.wanted)}"
            raise PeerError(f"{peer.name} cannot be installed: {last_words(error)}; {remedy}") from error
    done.write_text(json.dumps(peer.wanted))
    return python


def ask(
    peer: Peer,
    script: Path,
    task: Mapping[str, Any],
    *,
    python: Path | None = None,
    cache: Path | None = None,
    seconds: float,
    slow: str = "",
    environ: Mapping[str, str] | None = None,
) -> Any:
    """What the script answers to a task: the last line it prints, read as JSON.

    Args:
        peer: whose interpreter runs the script.
        script: a file of ours.
        task: given to it as JSON.
        python: an interpreter that has the peer; None uses the peer's environment.
        cache: folder of the environments.
        seconds: the peer may take no longer.
        slow: what to do about a peer that takes longer, for the message.
        environ: further environment variables.

    Raises:
        PeerError: it cannot be installed or run.
    """
    python = python or environment(peer, cache or cache_folder())
    own = os.environ | ONE_CORE | dict(environ or {})
    command = [str(python), str(script), json.dumps(task)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds, env=own)
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"{peer.name} took longer than {seconds:.0f} s{slow and '; '}{slow}") from error
    except (OSError, subprocess.CalledProcessError) as error:
        wanted = ", ".join(peer.wanted)
        raise PeerError(f"{peer.name} failed under {python}: {last_words(error)}; it must have {wanted}") from error
    return json.loads(done.stdout.splitlines()[-1])


def last_words(error: Exception) -> str:
    """The last line of what a process said before it failed."""
    said = getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)
    return str(said).strip().splitlines()[-1]


def each(names: Iterable[str], ask_one: Callable[[str], dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per peer; a peer that cannot run gives `{"what": ..., "peer": name, "error": message}`."""
    rows = []
    for name in names:
        try:
            rows.append(ask_one(name))
        except PeerError as error:
            rows.append({"what": f"peer {name}", "peer": name, "error": str(error)})
    return rows


def parser_of(text: str | None, known: Sequence[str]) -> argparse.ArgumentParser:
    """The options that every script of peers has: --only, --python, --cache."""
    parser = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    add_options(parser, known)
    return parser


def add_options(parser: argparse.ArgumentParser, known: Sequence[str]) -> None:
    parser.add_argument("--only", choices=tuple(known), action="append", help="may be repeated")
    parser.add_argument("--python", type=named_python(known), action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--cache", type=Path, help="folder of the environments, in the user's cache without it")


def named_python(known: Collection[str]) -> Callable[[str], tuple[str, Path]]:
    """Reads NAME=PATH."""

    def read(text: str) -> tuple[str, Path]:
        name, _, path = text.partition("=")
        if name not in known or not path:
            raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH with NAME one of {', '.join(known)}")
        return name, Path(path)

    return read
