"""Daily 1/N rebalancing of 100 assets in bt, backtrader and vectorbt: the same prices and fee, one core each.

    python benchmarks/peers.py                              JSON, one object per peer
    python benchmarks/peers.py --python bt=/path/python     use an environment that has the peer
    python benchmarks/peers.py --only vectorbt --bars 5000

A peer runs in its own process and its own environment, `<cache>/polyfolio/peers/<name>`, which pip fills the first time
it is needed; the project itself never depends on one. The bars differ by peer so that one run stays under two minutes;
the rate is per asset and bar. Each file in `peers/` is what a user of that library would write.

Every close all assets are brought to `INVESTED / N` of equity, fractional units, a fee on the traded notional. One
percent stays in cash because backtrader drops a buy that the cash does not cover. `difference` is the relative distance
of final equity from the loop in `reference_equity`; it shows that the peer made the trades and what it does otherwise.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

FOLDER = Path(__file__).resolve().parent / "peers"
ASSETS = 100
FEE = 0.001
INVESTED = 0.99
CASH = 100_000_000.0
REPEATS = 2
SECONDS = 100.0  # one peer may take no longer


class PeerError(RuntimeError):
    """A peer could not be installed or run; the message says what to do."""


@dataclass(frozen=True)
class Peer:
    """A library, the releases it is measured with, the bars of one run and what its time includes."""

    name: str
    bars: int
    timed: str
    requirements: tuple[str, ...] = field(default=())


PEERS = {
    peer.name: peer
    for peer in (
        Peer("bt", 750, "Backtest(...) and run()", ("bt==1.4.1", "numpy==2.4.6", "pandas==3.1.1")),
        Peer(
            "backtrader",
            400,
            "Cerebro.run(), feeds made before; sizes by hand, cheaper than order_target_percent",
            ("backtrader==1.9.78.123", "numpy==2.4.6", "pandas==3.1.1"),
        ),
        Peer(
            "vectorbt",
            2_520,
            "Portfolio.from_orders(call_seq='auto') and final_value(), compilation before",
            ("vectorbt==1.2.0", "numba==0.68.1", "numpy==2.4.6", "pandas==3.1.1"),
        ),
    )
}


# the common task


def synthetic_prices(bars: int, assets: int = ASSETS) -> npt.NDArray[np.float64]:
    """Closes[bars, assets], equal bits everywhere: splitmix64 of the cell number moves each price by up to 2 %.

    A shorter matrix of as many assets is the beginning of a longer one.
    """
    mixed = np.arange(1, bars * assets + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    uniform = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    steps = 1.0 + 0.04 * (uniform.reshape(bars, assets) - 0.5)
    return np.ascontiguousarray(100.0 * np.cumprod(steps, axis=0))


def reference_equity(closes: npt.NDArray[np.float64], fee: float = FEE, invested: float = INVESTED) -> float:
    """Equity at the last close, its rebalance included; each trade is sized on equity before the trade."""
    cash, units = CASH, np.zeros(closes.shape[1])
    for prices in closes:
        held = units * prices
        target = np.full(len(held), invested * (cash + held.sum()) / len(held))
        cash -= (target - held).sum() + fee * np.abs(target - held).sum()
        units = target / prices
    return float(cash + (units * closes[-1]).sum())


# environments


def cache_folder() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or (Path.home() / ".cache")
    return Path(base) / "polyfolio" / "peers"


def environment(peer: Peer, cache: Path) -> Path:
    """The interpreter of the peer's environment; made by venv and pip where it is missing or of other releases."""
    folder = cache / peer.name
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    done = folder / "installed.json"
    if python.exists() and done.exists() and json.loads(done.read_text()) == list(peer.requirements):
        return python
    sys.stderr.write(f"{peer.name}: installing {', '.join(peer.requirements)} into {folder}\n")
    remedy = f"pass --python {peer.name}=PATH, an interpreter that has {peer.requirements[0]}"
    make = [sys.executable, "-m", "venv", "--clear", str(folder)]
    fill = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--prefer-binary"]
    for command in (make, [*fill, *peer.requirements]):
        try:
            subprocess.run(command, check=True, capture_output=True, text=True)
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or getattr(error, "stdout", "") or str(error)).strip()
            raise PeerError(f"{peer.name} cannot be installed: {reason.splitlines()[-1]}; {remedy}") from error
    done.write_text(json.dumps(peer.requirements))
    return python


# runs


def run_peer(
    name: str, *, bars: int | None = None, assets: int = ASSETS, python: Path | None = None, cache: Path | None = None
) -> dict[str, Any]:
    """Time one peer. Raises PeerError where it cannot be installed or run."""
    peer = PEERS[name]
    python = python or environment(peer, cache or cache_folder())
    closes = synthetic_prices(bars or peer.bars, assets)
    one_core = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), "1")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "closes.npy"
        np.save(path, closes)
        task = {"closes": str(path), "fee": FEE, "invested": INVESTED, "cash": CASH, "repeats": REPEATS}
        command = [str(python), str(FOLDER / f"with_{name}.py"), json.dumps(task)]
        try:
            done = subprocess.run(
                command, check=True, capture_output=True, text=True, timeout=SECONDS, env=os.environ | one_core
            )
        except subprocess.TimeoutExpired as error:
            raise PeerError(f"{name} took longer than {SECONDS:.0f} s for {len(closes)} bars; lower --bars") from error
        except (OSError, subprocess.CalledProcessError) as error:
            reason = (getattr(error, "stderr", "") or str(error)).strip().splitlines()[-1]
            raise PeerError(f"{name} failed under {python}: {reason}; it must have {peer.requirements}") from error
    answer = json.loads(done.stdout.splitlines()[-1])
    seconds, final_equity = min(answer["seconds"]), answer["final_equity"]
    return {
        "peer": name,
        "version": answer["version"],
        "asset_bars_per_second": closes.size / seconds,
        "seconds": seconds,
        "bars": len(closes),
        "assets": assets,
        "fee": FEE,
        "invested": INVESTED,
        "final_equity": final_equity,
        "difference": final_equity / reference_equity(closes) - 1.0,
        "timed": peer.timed,
    }


def run_all(
    *,
    names: Sequence[str] = tuple(PEERS),
    bars: int | None = None,
    assets: int = ASSETS,
    pythons: Mapping[str, Path] | None = None,
    cache: Path | None = None,
) -> list[dict[str, Any]]:
    """One row per peer; a peer that cannot run gives `{"peer": name, "error": message}`."""
    rows = []
    for name in names:
        try:
            rows.append(run_peer(name, bars=bars, assets=assets, python=(pythons or {}).get(name), cache=cache))
        except PeerError as error:
            rows.append({"peer": name, "error": str(error)})
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
    parser.add_argument("--bars", type=int, help="for every peer; without it each has its own number")
    parser.add_argument("--assets", type=int, default=ASSETS)
    parser.add_argument("--cache", type=Path, help=f"folder of the environments, {cache_folder()} without it")
    options = parser.parse_args()
    rows = run_all(
        names=options.only or tuple(PEERS),
        bars=options.bars,
        assets=options.assets,
        pythons=dict(options.python),
        cache=options.cache,
    )
    print(json.dumps(rows, indent=1))
    sys.exit(any("error" in row for row in rows))


if __name__ == "__main__":
    main()
