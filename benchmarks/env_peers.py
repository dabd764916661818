"""Steps a second of other people's trading environments, one core each, on the same prices.

    python benchmarks/env_peers.py                              JSON, one object per peer
    python benchmarks/env_peers.py --python finrl=/path/python  use an environment that has the peer
    python benchmarks/env_peers.py --only finrl --assets 30

A peer runs in its own process and its own environment, `<cache>/polyfolio/peers/<name>`, which pip fills the first
time it is needed; the project itself never depends on one. Each file in `env_peers/` steps the environment with actions
drawn before the clock starts, and resets it where an episode ends. Environments of one asset are measured with one.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from backtest_tasks import synthetic_prices
from peer_venv import Peer, ask, each, parser_of

FOLDER = Path(__file__).resolve().parent / "env_peers"
FEATURES = 8
BARS = 2_000
REPEATS = 3
SECONDS = 100.0  # one peer may take no longer
COMMON = ("gymnasium==1.2.2", "numpy==2.4.6", "matplotlib")


@dataclass(frozen=True, kw_only=True)
class EnvPeer(Peer):
    """An environment of somebody else.

    Attributes:
        steps: of one repetition.
        assets: how many it can trade; None for any number.
        timed: what the script steps.
    """

    steps: int
    assets: int | None = None
    timed: str


PEERS = {
    peer.name: peer
    for peer in (
        EnvPeer(
            name="finrl",
            steps=2_000,
            timed="StockTradingEnv.step, data frame of one row per asset and day",
            requirements=(*COMMON, "pandas==2.3.3"),
            alone=("finrl==0.3.7",),
        ),
        EnvPeer(
            name="finrl_np",
            steps=20_000,
            timed="StockTradingEnv.step of env_stocktrading_np, NumPy arrays",
            requirements=COMMON,
            alone=("finrl==0.3.7",),
        ),
        EnvPeer(
            name="gym_trading_env",
            steps=5_000,
            assets=1,
            timed="TradingEnv.step, positions 0 and 1",
            requirements=(*COMMON, "pandas==2.3.3"),
            alone=("gym-trading-env==0.3.5",),
        ),
        EnvPeer(
            name="gym_anytrading",
            steps=20_000,
            assets=1,
            timed="StocksEnv.step, window of 10 rows",
            requirements=(*COMMON, "pandas==2.3.3"),
            alone=("gym-anytrading==2.0.0",),
        ),
        EnvPeer(
            name="tensortrade",
            steps=2_000,
            assets=1,
            timed="TradingEnv.step of env.default, simple orders",
            requirements=(
                "gym==0.26.2",
                "numpy==1.26.4",
                "pandas==2.3.3",
                "matplotlib",
                "plotly",
                "PyYAML",
                "ipython",
                "stochastic",
            ),
            alone=("tensortrade==1.0.3",),
        ),
    )
}


def run_peer(
    name: str, *, assets: int = 10, steps: int | None = None, python: Path | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """Steps a second of one peer. Raises PeerError where it cannot be installed or run."""
    peer = PEERS[name]
    assets = peer.assets or assets
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closes.npy"
        np.save(path, synthetic_prices(BARS, assets))
        task = {"closes": str(path), "features": FEATURES, "steps": steps or peer.steps, "repeats": REPEATS}
        script = FOLDER / f"with_{name}.py"
        answer = ask(peer, script, task, python=python, cache=cache, seconds=SECONDS, slow="lower its steps")
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
    *,
    names: Sequence[str] = tuple(PEERS),
    assets: int = 10,
    pythons: Mapping[str, Path] | None = None,
    cache: Path | None = None,
) -> list[dict[str, Any]]:
    """One row per peer; one that cannot run says why."""
    known = pythons or {}
    return each(names, lambda name: run_peer(name, assets=assets, python=known.get(name), cache=cache))


def main() -> None:
    parser = parser_of(__doc__, tuple(PEERS))
    parser.add_argument("--assets", type=int, default=10, help="of the peers that trade several")
    options = parser.parse_args()
    names, pythons = options.only or tuple(PEERS), dict(options.python)
    rows = run_all(names=names, assets=options.assets, pythons=pythons, cache=options.cache)
    print(json.dumps(rows, indent=1))
    sys.exit(any("error" in row for row in rows))


if __name__ == "__main__":
    main()
