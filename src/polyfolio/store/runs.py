"""The registry of runs: what ran, when, on which data, with which code, where the results are and what they came to."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from polyfolio.errors import DataError
from polyfolio.rules.arguments import closest
from polyfolio.store.database import opened, writing

FILE = Path("results") / "runs.sqlite"
PLACE = "POLYFOLIO_RUNS"
SHORTEST_ID = 4
ENOUGH = 8
LAST = "last"
PLAIN = ("number", "run", "name", "command", "status", "started", "ended", "folder", "seed", "note", "directory")
AS_JSON = ("spec", "digests", "versions", "metrics", "failed")

Status = Literal["running", "done", "failed", "interrupted"]


@dataclass(frozen=True)
class Link:
    """A file that a run read or wrote.

    Attributes:
        role: "data" for what it read, "result" for what it wrote.
        path: absolute where it was read, relative to the run's folder where it was written.
        digest: sha256 (hex) of its bytes.
        bytes: its size.
    """

    role: str
    path: str
    digest: str
    bytes: int


@dataclass(frozen=True)
class Run:
    """One execution. Two with the same `run` had the same configuration, data, code and seed.

    Attributes:
        run: the id.
        name: name of the configuration.
        spec: the effective configuration.
        digests: of tape, kernels, code and, at the end, journal.
        versions: of what the numbers depend on.
        number: of the execution, from 1; 0 before it is recorded.
        command: the verb, or "python".
        status: running, done, failed or interrupted.
        started: time, ISO 8601, UTC.
        ended: the same; None while it runs.
        folder: where the results are; None where nothing was written.
        metrics: a few numbers of each lane.
        failed: lanes that were left out, with the reason.
        note: what else is to be known, a sentence.
        directory: where it was started, so that relative paths of the configuration are understood.
        links: files read and written.
    """

    run: str
    name: str
    seed: int
    spec: Mapping[str, Any]
    digests: Mapping[str, str]
    versions: Mapping[str, str]
    number: int = 0
    command: str = "python"
    status: Status = "running"
    started: str = ""
    ended: str | None = None
    folder: str | None = None
    metrics: Mapping[str, Any] = field(default_factory=dict)
    failed: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    directory: str = ""
    links: tuple[Link, ...] = ()

    @property
    def short(self) -> str:
        """The id as people write it."""
        return self.run[:12]

    def record(self) -> dict[str, Any]:
        """Plain values, for a JSON file."""
        plain = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "links"}
        return {**plain, "links": [vars(link) for link in self.links]}


def place() -> Path:
    """The registry's file: named by POLYFOLIO_RUNS, else results/runs.sqlite of the working folder."""
    return Path(os.environ.get(PLACE) or FILE)


class Runs:
    """The registry in a file; made when the first run is recorded.

    Args:
        file: the SQLite file; `place()` where it is left out.
    """

    def __init__(self, file: str | Path | None = None) -> None:
        self.file = Path(os.path.abspath(file or place()))  # noqa: PTH100 - a link stays where it is

    def begin(self, run: Run) -> int:
        """Record a run that starts now; its number."""
        values = {
            **{name: getattr(run, name) for name in ("run", "name", "command", "seed", "note")},
            **{name: json.dumps(getattr(run, name), allow_nan=False) for name in AS_JSON},
            "status": "running",
            "started": now(),
            "directory": str(Path.cwd()),
            "host": platform.node(),
            "process": os.getpid(),
        }
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with opened(self.file) as connection, writing(connection):
            cursor = connection.execute(f"INSERT INTO runs ({names}) VALUES ({marks})", [*values.values()])  # noqa: S608
            return int(cursor.lastrowid or 0)

    def end(
        self, number: int, status: Status, folder: Path | None = None, links: Iterable[Link] = (), **facts: Any
    ) -> None:
        """Record how a run ended.

        Args:
            number: what `begin` gave.
            status: done, failed or interrupted.
            folder: where the results are.
            links: files it read and wrote.
            facts: values of `digests`, `metrics`, `failed` and `note`.
        """
        values = {"status": status, "ended": now(), "folder": self._kept(folder)}
        values |= {
            name: json.dumps(value, allow_nan=False) if name in AS_JSON else value for name, value in facts.items()
        }
        setting = ", ".join(f"{name} = ?" for name in values)
        with opened(self.file) as connection, writing(connection):
            connection.execute(f"UPDATE runs SET {setting} WHERE number = ?", [*values.values(), number])  # noqa: S608
            add_links(connection, number, links)

    def add(self, number: int, links: Iterable[Link]) -> None:
        """Record files that were written later; a file that is known already has its new digest."""
        with opened(self.file) as connection, writing(connection):
            add_links(connection, number, links)

    def done(self, run: str) -> list[Run]:
        """The executions of an id that came to their end, the newest first."""
        return self._read("WHERE run = ? AND status = 'done'", (run,))

    def all(self, name: str | None = None, limit: int | None = None) -> list[Run]:
        """Executions, the newest first; those whose process is gone are interrupted."""
        if not self.file.is_file():
            return []
        self._settle()
        where, values = ("WHERE name = ?", (name,)) if name else ("", ())
        return self._read(where, values, limit)

    def one(self, asked: str) -> Run:
        """The execution that is meant by a number, the beginning of an id, a name, a folder, or `last`.

        Raises:
            DataError: none is, or several runs are.
        """
        runs = self.all()
        found = [run for run in runs if meant(asked, run)]
        if not found:
            raise DataError("run", asked, f"one of {self.file}: {listed(runs)}", remedy_for(asked, runs))
        ids = {run.run for run in found}
        if len(ids) > 1 and not any(asked in (run.name, run.folder) for run in found) and asked != LAST:
            raise DataError("run", asked, "the beginning of one id: " + listed(found), "Write more of it.")
        return replace(found[0], links=self._links(found[0].number))

    def _read(self, where: str, values: tuple[Any, ...], limit: int | None = None) -> list[Run]:
        if not self.file.is_file():
            return []
        text = f"SELECT * FROM runs {where} ORDER BY number DESC LIMIT ?"  # noqa: S608 - `where` is written here
        with opened(self.file) as connection:
            return [self._run(row) for row in connection.execute(text, (*values, -1 if limit is None else limit))]

    def _links(self, number: int) -> tuple[Link, ...]:
        text = "SELECT role, path, digest, bytes FROM lineage WHERE number = ? ORDER BY role, path"
        with opened(self.file) as connection:
            return tuple(Link(*row) for row in connection.execute(text, (number,)))

    def _run(self, row: sqlite3.Row) -> Run:
        plain = {name: row[name] for name in PLAIN}
        if plain["folder"] is not None:
            plain["folder"] = os.path.normpath(self.file.parent / plain["folder"])
        return Run(**plain, **{name: json.loads(row[name]) for name in AS_JSON})

    def _kept(self, folder: Path | None) -> str | None:
        """Relative to the registry where it stands beside or below it, so that both can be moved together."""
        if folder is None:
            return None
        whole = Path(os.path.abspath(folder))  # noqa: PTH100
        return str(whole.relative_to(self.file.parent)) if whole.is_relative_to(self.file.parent) else str(whole)

    def _settle(self) -> None:
        """Executions of this machine that say they run, and whose process is gone, were interrupted."""
        with opened(self.file) as connection:
            running = connection.execute(
                "SELECT number, process FROM runs WHERE status = 'running' AND host = ?", (platform.node(),)
            ).fetchall()
            gone = [(int(row["number"]),) for row in running if not alive(int(row["process"]))]
            if gone:
                with writing(connection):
                    connection.executemany(
                        "UPDATE runs SET status = 'interrupted', note = 'Its process ended without a word.' "
                        "WHERE number = ? AND status = 'running'",
                        gone,
                    )


def add_links(connection: sqlite3.Connection, number: int, links: Iterable[Link]) -> None:
    """Files of an execution."""
    rows = [(number, link.role, link.path, link.digest, link.bytes) for link in links]
    connection.executemany("INSERT OR REPLACE INTO lineage VALUES (?, ?, ?, ?, ?)", rows)


def meant(asked: str, run: Run) -> bool:
    """Whether a word means an execution; `last` means every one, of which the newest is taken."""
    if asked in (LAST, run.name) or asked.removeprefix("#") == str(run.number):
        return True
    if len(asked) >= SHORTEST_ID and run.run.startswith(asked):
        return True
    return run.folder is not None and run.folder == os.path.abspath(asked)  # noqa: PTH100 - links stay


def listed(runs: Iterable[Run]) -> str:
    """A few executions as people name them."""
    names = [f"#{run.number} {run.short} {run.name}" for run in runs]
    more = ", ..." if len(names) > ENOUGH else ""
    return ", ".join(names[:ENOUGH]) + more if names else "none yet"


def remedy_for(asked: str, runs: list[Run]) -> str:
    """What to do about a word that means no execution."""
    if not runs:
        return "Run `polyfolio backtest FILE` first; runs are recorded in the folder it is started in."
    near = closest(asked, sorted({run.name for run in runs}), "")
    return near or "Name a number, the beginning of an id, a name, or `last`; `polyfolio runs list` shows them."


def alive(process: int) -> bool:
    """Whether a process of this machine runs; yes where asking would be a signal to it."""
    if os.name == "nt":
        return True
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # somebody else's
    return True


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
