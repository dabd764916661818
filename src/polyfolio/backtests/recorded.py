"""A backtest in the registry of runs: found there before it is run again, recorded while it runs and when it ends."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from polyfolio.core.tape import Tape
from polyfolio.kernels.compile import source_digest
from polyfolio.report.folders import MARK
from polyfolio.report.results import Results
from polyfolio.report.saved import SavedRun, digests_of, read_meta, versions
from polyfolio.rules.foreign import digest_of
from polyfolio.rules.identity import effective, run_id
from polyfolio.rules.spec import Spec
from polyfolio.store.runs import Link, Run, Runs, Status

HEADLINE = ("total_return", "cagr", "annual_volatility", "sharpe", "max_drawdown", "annual_turnover", "closed_trades")
Standing = Literal["there", "replaced", "gone", "none"]
DEMO = Path(__file__).resolve().parents[1] / "data" / "demo"


def run_of(spec: Spec, tape: Tape, command: str = "python") -> Run:
    """What would be recorded of a run of this configuration over this tape."""
    digests = digests_of(spec, tape)
    number = run_id(spec, digests["tape"], source_digest())
    return Run(number, spec.name, spec.seed, effective(spec), digests, versions(), command=command)


def run_in(saved: SavedRun) -> Run:
    """What stands in the folder of a saved run, as the registry would have it."""
    meta = saved.meta
    digests = {**meta["digests"], "journal": meta["journal"]["digest"]}
    return Run(
        meta["run"],
        meta["name"],
        int(meta["seed"]),
        meta["configuration"],
        digests,
        meta["versions"],
        status="interrupted" if "interrupted" in meta else "done",
        folder=str(saved.folder.absolute()),
        metrics=headline(saved.metrics["lanes"]),
        directory=str(Path.cwd()),
    )


def earlier(runs: Runs, run: str) -> Run | None:
    """The newest execution of an id whose results still stand in their folder."""
    return next((done for done in runs.done(run) if standing(done) == "there"), None)


def standing(run: Run) -> Standing:
    """What became of a run's results: there, replaced by those of another run, gone, or none were written."""
    if run.folder is None:
        return "none"
    folder = Path(run.folder)
    if not (folder / MARK).is_file():
        return "gone"
    return "there" if read_meta(folder)["journal"]["digest"] == run.digests.get("journal") else "replaced"


@dataclass
class Recording:
    """A run while it is recorded; leaving the block records how it ended, whatever ended it.

    Example:
        >>> with Recording(Runs(), run_of(spec, tape)) as record:
        ...     record.saved(result, result.save(folder))
    """

    runs: Runs
    run: Run
    number: int = 0
    folder: Path | None = None
    facts: dict[str, Any] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.number = self.runs.begin(self.run)
        return self

    def saved(self, results: Results, folder: Path) -> None:
        """Note what the run came to and where it stands."""
        lanes = results.record()["lanes"]
        failed = {lane: str(error) for lane, error in getattr(results, "failed", {}).items()}
        digests = {**self.run.digests, "journal": read_meta(folder)["journal"]["digest"]}
        self.folder, self.facts = folder, {"metrics": headline(lanes), "failed": failed, "digests": digests}

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        status: Status = "failed" if error is not None or self.facts.get("failed") else "done"
        if isinstance(error, KeyboardInterrupt):
            status = "interrupted"
        note = " ".join(str(error).split()) if error is not None else ""
        links = [*read(self.run), *(written(self.folder) if self.folder is not None else ())]
        self.runs.end(self.number, status, self.folder, links, note=note, **self.facts)


def headline(lanes: dict[str, Any]) -> dict[str, dict[str, float | None]]:
    """A few numbers of each lane, from the record of a run."""
    return {
        name: {**{key: lane["metrics"].get(key) for key in HEADLINE}, "costs": lane["costs"]["costs"]}
        for name, lane in lanes.items()
    }


def read(run: Run) -> Iterator[Link]:
    """The files that a run's tape was read from."""
    section = run.spec.get("tape") or {}
    named = [section.get("path"), section.get("instruments")]
    places = [Path(path) for path in named if path is not None]
    if section.get("format") == "demo":
        places = [DEMO / "bars.parquet", DEMO / "instruments.csv"]
    for path in sorted({file for place in places for file in files(place)}):
        yield Link("data", str(path.absolute()), digest_of(path), path.stat().st_size)


def written(folder: Path) -> Iterator[Link]:
    """The files of a folder of results."""
    for path in files(folder):
        yield Link("result", path.relative_to(folder).as_posix(), digest_of(path), path.stat().st_size)


def files(place: Path) -> Iterable[Path]:
    """The files of a place: a file, everything in a folder, or what a pattern names."""
    if place.is_file():
        return [place]
    found = place.rglob("*") if place.is_dir() else place.parent.glob(place.name)
    return sorted(path for path in found if path.is_file())
