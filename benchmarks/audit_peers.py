"""The audit of other libraries' trading environments: gym-trading-env, gym-anytrading, FinRL.

    python benchmarks/audit_peers.py                            lines for a terminal
    python benchmarks/audit_peers.py --only finrl --json out.json
    python benchmarks/audit_peers.py --python finrl=/path/python    an environment that has the peer and our core

Each peer runs in its own process and its own environment, `<cache>/polyfolio/peers_rl/<name>`, which pip fills with the
peer and with what polyfolio's core imports the first time it is needed; the project itself never depends on a peer.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers import Peer, PeerError, cache_folder, environment

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "peers_rl"
SECONDS = 170.0  # one peer may take no longer
STEPS = 2_000  # of the walk whose steps are timed


@dataclass(frozen=True)
class Audited:
    """A library, the distribution that has its version, and what is installed with it."""

    name: str
    distribution: str
    requirements: tuple[str, ...]


AUDITED = {
    audited.name: audited
    for audited in (
        Audited("gym_trading_env", "gym-trading-env", ("gym-trading-env==0.3.5", "gymnasium==1.2.2")),
        Audited("gym_anytrading", "gym-anytrading", ("gym-anytrading==2.0.0", "gymnasium==1.2.2")),
        Audited("finrl", "FinRL", ("FinRL==0.3.7", "gymnasium==1.2.2", "stable_baselines3==2.9.2", "matplotlib")),
    )
}


def core() -> tuple[str, ...]:
    """What polyfolio itself imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(project["dependencies"])


def interpreter(audited: Audited, cache: Path) -> Path:
    """The interpreter of the peer's environment, made where it is missing."""
    return environment(Peer(audited.name, 0, "", (*audited.requirements, *core())), cache)


def ask(name: str, *, python: Path | None = None, cache: Path | None = None, seed: int = 0) -> dict[str, Any]:
    """The reports of one peer. Raises PeerError where it cannot be installed or asked."""
    audited = AUDITED[name]
    python = python or interpreter(audited, cache or cache_folder().with_name("peers_rl"))
    task = {"peer": name, "distribution": audited.distribution, "seed": seed, "steps": STEPS}
    place = os.pathsep.join([str(ROOT / "src"), str(FOLDER)])
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    try:
        done = subprocess.run(
            [str(python), str(FOLDER / "ask.py"), json.dumps(task)],
            check=True,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            env=os.environ | one_core | {"PYTHONPATH": place},
        )
    except subprocess.TimeoutExpired as error:
        raise PeerError(f"{name} took longer than {SECONDS:.0f} s") from error
    except (OSError, subprocess.CalledProcessError) as error:
        reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
        raise PeerError(f"{name} failed under {python}: {reason}; it must have {audited.requirements}") from error
    return {"peer": name, **json.loads(done.stdout.splitlines()[-1])}


def ask_all(names: list[str], pythons: dict[str, Path], cache: Path | None, seed: int) -> list[dict[str, Any]]:
    """One entry per peer; a peer that cannot be asked gives `{"peer": name, "error": message}`."""
    out = []
    for name in names:
        try:
            out.append(ask(name, python=pythons.get(name), cache=cache, seed=seed))
        except PeerError as error:
            out.append({"peer": name, "error": str(error)})
    return out


def text(answer: dict[str, Any]) -> str:
    """Lines for a terminal."""
    if "error" in answer:
        return f"{answer['peer']}: {answer['error']}"
    lines = []
    for report in answer["reports"]:
        lines.append(f"{report['subject']} {answer['version']}")
        lines += [f"  {v['outcome'].upper():<8}{v['check']:<14}{v['sentence']}" for v in report["verdicts"]]
    return "\n".join(lines)


def named_python(given: str) -> tuple[str, Path]:
    name, _, path = given.partition("=")
    if name not in AUDITED or not path:
        raise argparse.ArgumentTypeError(f"{given!r} is not NAME=PATH with NAME one of {', '.join(AUDITED)}")
    return name, Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(AUDITED), action="append", help="may be repeated")
    parser.add_argument("--python", type=named_python, action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--cache", type=Path, help="folder of the environments")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="write the reports here")
    options = parser.parse_args()
    answers = ask_all(options.only or list(AUDITED), dict(options.python), options.cache, options.seed)
    if options.json:
        options.json.write_text(json.dumps(answers, indent=1), encoding="utf-8")
    print("\n".join(text(answer) for answer in answers))
    sys.exit(any("error" in answer for answer in answers))


if __name__ == "__main__":
    main()
