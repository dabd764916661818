"""The audit of other libraries' trading environments: gym-trading-env, gym-anytrading, FinRL.

    python benchmarks/audit_peers.py                            lines for a terminal
    python benchmarks/audit_peers.py --only finrl --json out.json
    python benchmarks/audit_peers.py --python finrl=/path/python    an environment that has the peer and our core

Each peer runs in its own process and its own environment, `<cache>/polyfolio/peers_rl/<name>`, which pip fills with the
peer and with what polyfolio's core imports the first time it is needed; the project itself never depends on a peer.
"""

from __future__ import annotations

import json
import os
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peer_venv import Peer, cache_folder, each, parser_of
from peer_venv import ask as ask_peer

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(__file__).resolve().parent / "peers_rl"
SECONDS = 170.0  # one peer may take no longer
STEPS = 2_000  # of the walk whose steps are timed


def core() -> tuple[str, ...]:
    """What polyfolio itself imports."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return tuple(project["dependencies"])


@dataclass(frozen=True, kw_only=True)
class Audited(Peer):
    """A library whose distribution has its version; polyfolio's core is installed beside it."""

    distribution: str


def audited(name: str, distribution: str, *requirements: str) -> Audited:
    return Audited(name=name, distribution=distribution, requirements=(*requirements, *core()))


AUDITED = {
    peer.name: peer
    for peer in (
        audited("gym_trading_env", "gym-trading-env", "gym-trading-env==0.3.5", "gymnasium==1.2.2"),
        audited("gym_anytrading", "gym-anytrading", "gym-anytrading==2.0.0", "gymnasium==1.2.2"),
        audited("finrl", "FinRL", "FinRL==0.3.7", "gymnasium==1.2.2", "stable_baselines3==2.9.2", "matplotlib"),
    )
}


def ask(name: str, *, python: Path | None = None, cache: Path | None = None, seed: int = 0) -> dict[str, Any]:
    """The reports of one peer. Raises PeerError where it cannot be installed or asked."""
    peer = AUDITED[name]
    task = {"peer": name, "distribution": peer.distribution, "seed": seed, "steps": STEPS}
    answer = ask_peer(
        peer,
        FOLDER / "ask.py",
        task,
        python=python,
        cache=cache or cache_folder("peers_rl"),
        seconds=SECONDS,
        environ={"PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(FOLDER)])},
    )
    return {"peer": name, **answer}


def ask_all(names: list[str], pythons: dict[str, Path], cache: Path | None, seed: int) -> list[dict[str, Any]]:
    """One entry per peer; one that cannot be asked says why."""
    return each(names, lambda name: ask(name, python=pythons.get(name), cache=cache, seed=seed))


def text(answer: dict[str, Any]) -> str:
    """Lines for a terminal."""
    if "error" in answer:
        return f"{answer['peer']}: {answer['error']}"
    lines = []
    for report in answer["reports"]:
        lines.append(f"{report['subject']} {answer['version']}")
        lines += [f"  {v['outcome'].upper():<8}{v['check']:<14}{v['sentence']}" for v in report["verdicts"]]
    return "\n".join(lines)


def main() -> None:
    parser = parser_of(__doc__, tuple(AUDITED))
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
