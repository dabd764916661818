"""Steps a second of other people's trading environments, one core each, on the same prices.

    python benchmarks/env_peers.py                              JSON, one object per peer
    python benchmarks/env_peers.py --python finrl=/path/python  use an environment that has the peer
    python benchmarks/env_peers.py --only finrl --assets 30

A peer runs in its own process and its own environment, `<cache>/polyfolio/peers/<name>`, which pip fills the first
time it is needed; the project itself never depends on one. Each file in `env_peers/` steps the environment with actions
drawn before the clock starts, and resets it where an episode ends. Environments of one asset are measured with one.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from peers import PeerError, cache_folder, synthetic_prices

FOLDER = Path(__file__).resolve().parent / "env_peers"
FEATURES = 8
BARS = 2_000
REPEATS = 3
SECONDS = 100.0  # one peer may take no longer
COMMON = ("gymnasium==1.2.2", "numpy==2.4.6", "matplotlib")


@dataclass(frozen=True)
class EnvPeer:
    """An environment of somebody else.

    Attributes:
        name: of its script and of its folder.
        steps: of one repetition.
        assets: how many it can trade; None for any number.
        timed: what the script steps.
        requirements: installed with what they ask for.
        alone: installed without what they ask for, where that contradicts itself or is never imported.
    """

    name: str
    steps: int
    assets: int | None
    timed: str
    requirements: tuple[str, ...]
    alone: tuple[str, ...] = ()


PEERS = {
    peer.name: peer
    for peer in (
        EnvPeer(
            "finrl",
            2_000,
            None,
            "StockTradingEnv.step, data frame of one row per asset and day",
            (*COMMON, "pandas==2.3.3"),
            ("finrl==0.3.7",),
        ),
        EnvPeer(
            "finrl_np",
            20_000,
            None,
            "StockTradingEnv.step of env_stocktrading_np, NumPy arrays",
            COMMON,
            ("finrl==0.3.7",),
        ),
        EnvPeer(
            "gym_trading_env",
            5_000,
            1,
            "TradingEnv.step, positions 0 and 1",
            (*COMMON, "pandas==2.3.3"),
            ("gym-trading-env==0.3.5",),
        ),
        EnvPeer(
            "gym_anytrading",
            20_000,
            1,
            "StocksEnv.step, window of 10 rows",
            (*COMMON, "pandas==2.3.3"),
            ("gym-anytrading==2.0.0",),
        ),
        EnvPeer(
            "tensortrade",
            2_000,
            1,
            "TradingEnv.step of env.default, simple orders",
            (
                "gym==0.26.2",
                "numpy==1.26.4",
                "pandas==2.3.3",
                "matplotlib",
                "plotly",
                "PyYAML",
                "ipython",
                "stochastic",
            ),
            ("tensortrade==1.0.3",),
        ),
    )
}


def environment(peer: EnvPeer, cache: Path) -> Path:
    """The interpreter of the peer's environment; made by venv and pip where it is missing or of other releases."""
    folder = cache / peer.name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done, wanted = folder / "installed.json", [*peer.requirements, *peer.alone]
    if python.exists() and done.exists() and json.loads(done.read_text()) == wanted:
        return python
    sys.stderr.write(f"{peer.name}: installing {', '.join(wanted)} into {folder}\n")
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    commands = [[sys.executable, "-m", "venv", "--clear", str(folder)], [*pip, *peer.requirements]]
    if peer.alone:
        commands.append([*pip, "--no-deps", *peer.alone])
    for command in commands:
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)).strip()
            remedy = f"pass --python {peer.name}=PATH, an interpreter that has {wanted[-1]}"
            raise PeerError(f"{peer.name} cannot be installed: {reason.splitlines()[-1]}; {remedy}") from error
    done.write_text(json.dumps(wanted))
    return python


def run_peer(
    name: str, *, assets: int = 10, steps: int | None = None, python: Path | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """Steps a second of one peer. Raises PeerError where it cannot be installed or run."""
    peer = PEERS[name]
    assets = peer.assets or assets
    python = python or environment(peer, cache or cache_folder())
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closes.npy"
        np.save(path, synthetic_prices(BARS, assets))
        task = {"closes": str(path), "features": FEATURES, "steps": steps or peer.steps, "repeats": REPEATS}
        command = [str(python), str(FOLDER / f"with_{name}.py"), json.dumps(task)]
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=SECONDS, env=os.environ | one_core
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{name} took longer than {SECONDS:.0f} s; lower its steps") from error
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            wanted = ", ".join((*peer.requirements, *peer.alone))
            raise PeerError(f"{name} failed under {python}: {reason}; it must have {wanted}") from error
    answer = json.loads(done.stdout.splitlines()[-1])
    return {
        "what": f"peer {name}",
        "peer": name,
        "version": answer["version"],
        "steps_per_second": task["steps"] / min(answer["seconds"]),
        "slots": assets,
        "envs": 1,
        "timed": peer.timed,
    }


def run_all(
    *, names: Sequence[str] = tuple(PEERS), assets: int = 10, pythons: Mapping[str, Path] | None = None
) -> list[dict[str, Any]]:
    """One row per peer; a peer that cannot run gives `{"peer": name, "error": message}`."""
    rows = []
    for name in names:
        try:
            rows.append(run_peer(name, assets=assets, python=(pythons or {}).get(name)))
        except PeerError as error:
            rows.append({"what": f"peer {name}", "peer": name, "error": str(error)})
    return rows


def named_python(text: str) -> tuple[str, Path]:
    name, _, path = text.partition("=")
    if name not in PEERS or not path:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=PATH with NAME one of {', '.join(PEERS)}")
    return name, Path(path)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=tuple(PEERS), action="append", help="may be repeated")
    parser.add_argument("--python", type=named_python, action="append", default=[], metavar="NAME=PATH")
    parser.add_argument("--assets", type=int, default=10, help="of the peers that trade several")
    options = parser.parse_args()
    rows = run_all(names=options.only or tuple(PEERS), assets=options.assets, pythons=dict(options.python))
    print(json.dumps(rows, indent=1))
    sys.exit(any("error" in row for row in rows))


if __name__ == "__main__":
    main()
