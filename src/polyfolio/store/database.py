"""A SQLite file that several processes may use at once: opening, schema, migrations, errors.

The journal of the file is a write-ahead log, so that who reads does not wait for who writes; who writes waits for the
other for up to half a minute. The file carries the number of its schema; older ones are carried forward when opened.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from polyfolio.errors import DataError, RetryError

WAIT = 30.0
FIELD = "run registry"

# Each carries the schema one number forward. A migration that was released is never edited: a new one is added.
MIGRATIONS = (
    """
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        run TEXT NOT NULL,
        name TEXT NOT NULL,
        command TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('running', 'done', 'failed', 'interrupted')),
        started TEXT NOT NULL,
        ended TEXT,
        folder TEXT,
        seed INTEGER NOT NULL,
        spec TEXT NOT NULL,
        digests TEXT NOT NULL,
        versions TEXT NOT NULL,
        metrics TEXT NOT NULL DEFAULT '{}',
        failed TEXT NOT NULL DEFAULT '{}',
        note TEXT NOT NULL DEFAULT '',
        directory TEXT NOT NULL,
        host TEXT NOT NULL,
        process INTEGER NOT NULL
    );
    CREATE INDEX runs_by_run ON runs (run);
    CREATE INDEX runs_by_name ON runs (name);
    CREATE TABLE lineage (
        number INTEGER NOT NULL REFERENCES runs (number),
        role TEXT NOT NULL,
        path TEXT NOT NULL,
        digest TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        PRIMARY KEY (number, role, path)
    );
    """,
)


@contextmanager
def opened(file: Path) -> Iterator[sqlite3.Connection]:
    """A connection for one task; the file and its folder are made where they are missing.

    Raises:
        DataError: the file is no registry, cannot be opened, or a newer version wrote it.
        RetryError: another process holds it, or the disk is full.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(file, timeout=WAIT, isolation_level=None)) as connection:
            connection.row_factory = sqlite3.Row
            if schema(connection) != len(MIGRATIONS):
                migrate(connection, file)
            yield connection
    except (sqlite3.Error, OSError) as error:
        raise refusal(file, error) from error


@contextmanager
def writing(connection: sqlite3.Connection) -> Iterator[None]:
    """A change that is there whole or not at all; nobody else writes meanwhile."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def schema(connection: sqlite3.Connection) -> int:
    """Number of the schema; 0 for a new file."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, file: Path) -> None:
    """Carry the schema forward; of two processes that open a new file, one does."""
    connection.execute("PRAGMA journal_mode = WAL")
    with writing(connection):
        found = schema(connection)
        if found > len(MIGRATIONS):
            raise DataError(
                FIELD,
                str(file),
                f"of schema {len(MIGRATIONS)} or older, not {found}",
                "A newer version of polyfolio wrote it: upgrade polyfolio, or name another file with POLYFOLIO_RUNS.",
            )
        for text in MIGRATIONS[found:]:
            for statement in text.split(";"):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def refusal(file: Path, error: sqlite3.Error | OSError) -> DataError | RetryError:
    """What an error of the database means: another file, or another try."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
        bound = f"free to be written, on a disk with room ({error})"
        return RetryError(FIELD, str(file), bound, "Wait for the other process, or free some space; then try again.")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        remedy = "Move the file away: a new one is made, and the folders of results are not touched."
        return DataError(FIELD, str(file), f"a registry of runs ({error})", remedy)
    remedy = "Name a file that can be written with the environment variable POLYFOLIO_RUNS."
    return DataError(FIELD, str(file), f"a file that can be read and written ({error})", remedy)
