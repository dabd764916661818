"""How fast tapes are made of Parquet files and opened again.

    python benchmarks/tapes.py FILE.parquet [KEY=VALUE ...]

Rows a second by the clock and by the time the processor worked (both cores added up), the best of so many turns.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from polyfolio.market.duck import read_duckdb
from polyfolio.market.duck_store import store_duckdb
from polyfolio.market.files import read_parquet
from polyfolio.market.store import open_stored, store_tape

TURNS = 9


def best(work: Callable[[], Any], turns: int = TURNS) -> tuple[float, float]:
    """Seconds by the clock and of the processor, each the least of so many turns."""
    clock, worked = [], []
    for _ in range(turns):
        start, began = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - start)
        worked.append(time.process_time() - began)
    return min(clock), min(worked)


def main(path: str, options: dict[str, Any]) -> None:
    tape = read_parquet(path, **options)
    rows = int((tape.tradable != 0).sum())
    print(f"{Path(path).name}: {rows:,} bars, {tape.rows:,} rows x {tape.slots} symbols")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "tape"
        for name, work in (
            ("build from Parquet", lambda: read_parquet(path, **options)),
            ("build by DuckDB", lambda: read_duckdb(path, **options)),
            ("store by DuckDB in batches", lambda: store_duckdb(path, place, rows_at_once=100_000, **options)),
            ("store", lambda: store_tape(tape, place)),
        ):
            clock, worked = best(work)
            speed = f"{rows / clock / 1e6:6.1f} M rows/s, {rows / worked / 1e6:6.1f} M by processor"
            print(f"  {name:<28} {clock * 1e3:8.1f} ms  {speed}")
        clock, _ = best(lambda: open_stored(place))
        print(f"  {'open the stored tape':<28} {clock * 1e3:8.1f} ms")
        clock, _ = best(lambda: open_stored(place, verify=True))
        print(f"  {'open and verify':<28} {clock * 1e3:8.1f} ms")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="FILE.parquet", help="long or wide bars")
    parser.add_argument("options", metavar="KEY=VALUE", nargs="*", help="options of reading, as in calendar=XNYS")
    arguments = parser.parse_args()
    pairs = dict(word.split("=", 1) for word in arguments.options)
    main(arguments.path, {name: {"true": True, "false": False}.get(value, value) for name, value in pairs.items()})
