"""A recorded run, run again: the configuration as it was kept, over the tape it names, held against what was kept."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest, tape_of
from polyfolio.backtests.walking import Progress
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.saved import digests_of
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.store.runs import Run


@dataclass(frozen=True, eq=False)
class Again:
    """A run beside its repetition.

    Attributes:
        then: what was recorded.
        result: what came of it now.
        digests: of tape, kernels, code and journal, now.
    """

    then: Run
    result: Result
    digests: dict[str, str]

    @property
    def changed(self) -> tuple[str, ...]:
        """What differs: of tape, kernels, code and journal. What was not recorded then does not."""
        return tuple(
            name for name, now in self.digests.items() if name in self.then.digests and self.then.digests[name] != now
        )

    @property
    def same(self) -> bool:
        """Whether every event, fill and mark is the one of then, byte for byte."""
        return self.digests["journal"] == self.then.digests.get("journal")


def again(then: Run, *, tape: Tape | None = None, threads: int = 1, progress: Progress | None = None) -> Again:
    """Run a recorded run once more.

    Args:
        then: the run.
        tape: its market rows; None reads what its configuration names.
        threads: slices of lanes walked at once.
        progress: see `backtest`.

    Raises:
        ConfigError: the tape was given from code and is not given now, or a strategy is gone.
        DataError: the data are gone.
    """
    spec = load(then.spec)
    rows = tape if tape is not None else reopened(spec, then)
    result = backtest(spec, rows, threads, progress)
    return Again(then, result, {**digests_of(spec, rows), "journal": result.journal.digest()})


def reopened(spec: Spec, then: Run) -> Tape:
    """The tape that the configuration names; relative paths go from the folder where the run was started."""
    if spec.tape is None:
        raise ConfigError(
            "tape",
            None,
            "named by the configuration of the run",
            "It was given from code: run it there again; `result.report(folder)` writes its pages.",
        )
    section = spec.tape
    changed = {
        name: str(Path(then.directory, path))
        for name in ("path", "instruments")
        if (path := getattr(section, name)) is not None and not Path(path).exists()
    }
    return tape_of(spec.model_copy(update={"tape": section.model_copy(update=changed)}))


def same_or_refused(found: Again) -> Result:
    """The repetition, where it is the run that was recorded.

    Raises:
        DataError: it is not; the remedy says what changed since.
    """
    if found.same:
        return found.result
    since = [name for name in found.changed if name != "journal"]
    names = {"tape": "the data", "kernels": "the formulas", "code": "the code"}
    cause = " and ".join(names[name] for name in since) if since else "nothing that is recorded"
    raise DataError(
        "journal",
        found.digests["journal"][:12],
        f"{found.then.digests.get('journal', '')[:12]}, as recorded",
        f"Since then {cause} changed: run the configuration again with `polyfolio backtest` for today's numbers.",
    )
