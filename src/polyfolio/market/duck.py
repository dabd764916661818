"""Folders of Parquet larger than memory: DuckDB reads the columns, symbols and span that are asked for, and no others.

`read_duckdb` gives a tape in memory. `store_duckdb` writes a stored tape batch by batch of symbols, so that neither
the files nor the tape need to fit into memory; one field at a time does.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market.calendar import hours_of
from polyfolio.market.columns import FIELDS, KEYS, renamed, require
from polyfolio.market.frame import assemble, rows_of_frame
from polyfolio.market.intervals import DAY, SECOND, nanoseconds
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.rows import Rows
from polyfolio.market.stamps import bound
from polyfolio.market.tables import ENDINGS, files_of
from polyfolio.rules.arguments import closest

MEMORY = "1GB"
SCAN = "read_parquet($files, union_by_name=true, filename=true, file_row_number=true)"
LONGEST = 45 * DAY  # from a stamp to the close it means, where no interval is given: a month and a zone


def read_duckdb(path: str | PathLike[str], *, memory: str = MEMORY, **options: Any) -> Tape:
    """A tape of Parquet files read by DuckDB.

    Args:
        path: file, folder (with all its sub-folders) or pattern.
        memory: most memory DuckDB takes, such as "500MB"; what needs more goes through a temporary folder.
        **options: see `Reading`. Without `symbols` the slots stand in the order of the alphabet.

    Example:
        >>> read_duckdb("ticks/", symbols=["AAPL", "MSFT"], start="2024-01-01", calendar="XNYS", stamps="open")
    """
    reading = reading_of(options)
    with opened(path, reading, memory) as table:
        return assemble(table.rows(reading.symbols), reading)


class Table:
    """The rows behind a path, as DuckDB sees them.

    Attributes:
        files: the Parquet files.
        columns: canonical name -> the column's expression.
    """

    def __init__(self, connection: Any, files: list[Path], reading: Reading, source: str) -> None:
        self._connection = connection
        self._reading = reading
        self.source = source
        self.files = files
        described = self._all(f"DESCRIBE SELECT * FROM {SCAN}", self._paths())  # noqa: S608 - paths are parameters
        own = renamed([name for name, *_ in described], source)
        types = {name: str(kind) for name, kind, *_ in described}
        require(own, source, ("timestamp",))
        self.columns = {name: _quoted(own[name]) for name in (*KEYS, *FIELDS) if name in own}
        self.columns.setdefault("symbol", "regexp_extract(parse_filename(filename), '^[^.]+')")
        self._zoned = types[own["timestamp"]] == "TIMESTAMP WITH TIME ZONE"
        self._timed = self._zoned or types[own["timestamp"]].startswith(("TIMESTAMP", "DATE"))

    def counts(self) -> dict[str, int]:
        """Rows of each symbol in the span, in the order of the alphabet."""
        where, values = self._where(())
        symbol = self.columns["symbol"]
        text = f"SELECT {symbol}::VARCHAR AS word, count(*) FROM {SCAN} {where} GROUP BY word ORDER BY word"  # noqa: S608
        found = self._all(text, self._paths() | values)
        if any(word is None for word, _ in found):
            nameless = f"SELECT filename, file_row_number FROM {SCAN} WHERE {symbol} IS NULL LIMIT 1"  # noqa: S608
            name, row = self._all(nameless, self._paths())[0]
            raise DataError(f"symbol ({name}, row {row})", None, "given in every row", "Fill in the symbol.")
        return {str(word): int(count) for word, count in found}

    def rows(self, symbols: tuple[str, ...]) -> Rows:
        """The rows of some symbols, or of all, by symbol and time."""
        where, values = self._where(symbols)
        parameters = self._paths() | values
        picked = ", ".join(f"{column} AS {_quoted(name)}" for name, column in self.columns.items())
        ordered = f"FROM {SCAN} {where} ORDER BY {self.columns['symbol']}, {self.columns['timestamp']}"

        def place(row: int) -> str:
            text = f"SELECT filename, file_row_number {ordered} LIMIT 1 OFFSET {row}"
            name, number = self._all(text, parameters)[0]
            return f"{name}, row {number}"

        with told(self.source):
            table = self._connection.sql(f"SELECT {picked} {ordered}", params=parameters).to_arrow_table()
        if table.num_rows == 0:
            known = list(self.counts())
            remedy = closest(symbols[0], known) if symbols else "Widen the span."
            raise DataError(f"rows of {self.source}", 0, f"one or more of {', '.join(known[:12])}", remedy)
        return rows_of_frame(table.to_pandas(date_as_object=False), self._reading, self.source, place)

    def _paths(self) -> dict[str, Any]:
        return {"files": [str(file) for file in self.files]}

    def _where(self, symbols: tuple[str, ...]) -> tuple[str, dict[str, Any]]:
        """Symbols and span; the span is wider than asked for, since the close a stamp means is known only later."""
        terms: list[str] = []
        values: dict[str, Any] = {}
        if symbols:
            words = {f"symbol_{number}": word for number, word in enumerate(symbols)}
            terms.append(f"{self.columns['symbol']}::VARCHAR IN ({', '.join('$' + name for name in words)})")
            values |= words
        zone = hours_of(self._reading.calendar).timezone
        length = nanoseconds(self._reading.interval) if self._reading.interval else LONGEST
        make = "to_timestamp({})" if self._zoned else "make_timestamp({}::BIGINT * 1000000)"
        for key, sign, margin in (("start", ">=", -(length + 2 * DAY)), ("end", "<=", 2 * DAY)):
            moment = bound(getattr(self._reading, key), key, zone)
            if moment is not None and self._timed:
                terms.append(f"{self.columns['timestamp']} {sign} {make.format('$' + key)}")
                values[key] = (moment + margin) // SECOND
        return ("WHERE " + " AND ".join(terms) if terms else ""), values

    def _all(self, text: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        with told(self.source):
            found: list[tuple[Any, ...]] = self._connection.execute(text, parameters).fetchall()
        return found


def _quoted(name: str) -> str:
    return '"' + str(name).replace('"', '""') + '"'


@contextmanager
def opened(path: str | PathLike[str], reading: Reading, memory: str = MEMORY) -> Iterator[Table]:
    """A path's rows for as long as the block lasts."""
    files = parquet_files(path)
    duckdb = _package()
    if not re.fullmatch(r"\d+(\.\d+)? ?([KMGT]i?B)", memory):
        raise DataError("memory", memory, "a number and KB, MB, GB or TB", "Write it like 500MB.")
    with tempfile.TemporaryDirectory(prefix="polyfolio-") as spill, told(fspath(path)):
        settings = {"memory_limit": memory, "temp_directory": spill, "autoload_known_extensions": "false"}
        settings |= {"autoinstall_known_extensions": "false"}
        with duckdb.connect(config=settings) as connection:
            yield Table(connection, files, reading, fspath(path))


def parquet_files(path: str | PathLike[str]) -> list[Path]:
    """The Parquet files behind a path; a folder's sub-folders count, hidden ones do not."""
    if not Path(path).is_dir():
        return files_of(path, "parquet")
    found = [
        item
        for item in sorted(Path(path).rglob("*"))
        if item.name.lower().endswith(ENDINGS["parquet"])
        and not any(part.startswith(".") for part in item.relative_to(path).parts)
    ]
    return found or files_of(path, "parquet")


@contextmanager
def told(source: str) -> Iterator[None]:
    """DuckDB's errors as ours."""
    duckdb = _package()
    try:
        yield
    except duckdb.OutOfMemoryException as error:
        remedy = "Give memory= more, or fewer symbols at once, or room in the temporary folder."
        raise RetryError("memory", source, f"enough ({_first(error)})", remedy) from None
    except duckdb.Error as error:
        raise DataError("path", source, f"Parquet files of one kind ({_first(error)})", "Correct the files.") from None


def _first(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:300]


def _package() -> Any:
    try:
        import duckdb  # noqa: PLC0415
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[data]'."
        raise ConfigError("duckdb", None, f"importable ({error})", remedy) from error
    return duckdb


def batches(counts: dict[str, int], rows_at_once: int) -> list[tuple[str, ...]]:
    """Symbols in batches of about so many rows, at least one symbol each."""
    made: list[list[str]] = []
    room = 0
    for symbol, count in counts.items():
        if not made or count > room:
            made.append([])
            room = rows_at_once
        made[-1].append(symbol)
        room -= count
    return [tuple(batch) for batch in made]
