"""Bars as bytes and back: Parquet with what is not a column in its metadata, and a digest of what they say."""

from __future__ import annotations

import hashlib
import io
import json
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars

KEY = b"polyfolio_bars"
VERSION = 1


def digest_of(bars: Bars) -> str:
    """Digest (hex) of symbol, interval, times and values; how they are written down does not enter it.

    Source and findings are left out too: two fetches that bring the same bars bring the same data.
    """
    digest = hashlib.sha256(json.dumps([bars.symbol, bars.interval, bars.size]).encode())
    digest.update(np.ascontiguousarray(bars.times).tobytes())
    for name, array in bars.columns().items():
        digest.update(name.encode() + array.tobytes())
    return digest.hexdigest()


def encoded(bars: Bars) -> bytes:
    """The bars as the bytes of a Parquet file."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    facts = {
        "version": VERSION,
        "symbol": bars.symbol,
        "interval": bars.interval,
        "source": bars.source,
        "findings": list(bars.findings),
        "digest": digest_of(bars),
    }
    columns = {"timestamp": pa.array(bars.times, pa.timestamp("ns", "UTC"))}
    # NaN stays a number: a null would come back as one too, but not with the same bits.
    columns |= {name: pa.array(array, pa.float64(), from_pandas=False) for name, array in bars.columns().items()}
    table = pa.table(columns).replace_schema_metadata({KEY: json.dumps(facts).encode()})
    sink = io.BytesIO()
    pq.write_table(table, sink, compression="zstd")
    return sink.getvalue()


def decoded(content: bytes, place: str) -> Bars:
    """The bars of such bytes.

    Args:
        content: what `encoded` gave.
        place: where the bytes were found, for messages.

    Raises:
        DataError: the bytes are damaged, or written by a newer version.
    """
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        table = pq.read_table(io.BytesIO(content))
        facts = json.loads((table.schema.metadata or {})[KEY])
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        raise damaged(place, f"{type(error).__name__}: {error}") from None
    if facts["version"] > VERSION:
        bound = f"of version {VERSION} or older"
        raise DataError(f"version of {place}", facts["version"], bound, "Read it with a newer polyfolio.")
    arrays: dict[str, Any] = {
        name: table[name].to_numpy().astype(np.float64, copy=False)
        for name in table.column_names
        if name != "timestamp"
    }
    times = table["timestamp"].cast(pa.int64()).to_numpy()
    named = {name: facts[name] for name in ("symbol", "interval", "source")}
    bars = Bars(times=times, findings=tuple(facts["findings"]), **named, **arrays)
    if digest_of(bars) != facts["digest"]:
        raise damaged(place, "its digest is another one")
    return bars


def damaged(place: str, reason: str) -> DataError:
    """The error of bytes that came back changed."""
    return DataError(place, reason[:200], "what was written there", "Delete it and fetch the bars anew.")
