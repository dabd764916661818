"""The tapes that episodes play on."""

from __future__ import annotations

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.source import open_tape
from polyfolio.market.synthetic.source import synthetic_markets
from polyfolio.market.synthetic.teaching import teaching_markets
from polyfolio.rules.spec import Spec


def tapes_of(spec: Spec, tape: Tape | None) -> tuple[Tape, ...]:
    """The tapes of an environment: the one that is given or named, or as many synthetic ones as it asks for."""
    if tape is not None:
        refuse_others(spec, tape)
        return (tape,)
    if spec.tape is None:
        raise ConfigError(
            "tape",
            None,
            "a section that says where the market rows are",
            "Add `tape: {path: ...}`, or give a tape from code.",
        )
    base = spec.lanes[0].account.base_currency
    count = spec.environment.episode.markets if spec.environment is not None else 1
    if count == 1:
        return (open_tape(spec.tape, base),)
    if spec.tape.format == "teaching":
        return teaching_markets(spec.tape, base, count)
    return synthetic_markets(spec.tape, base, count)


def refuse_others(spec: Spec, tape: Tape) -> None:
    """Refuse a tape of other symbols than the configuration names."""
    named = spec.tape.symbols if spec.tape is not None else ()
    if named and set(named) != set(tape.symbols):
        raise ConfigError(
            "tape.symbols",
            list(named),
            f"those of the tape that is given: {', '.join(tape.symbols[:12])}",
            "Leave the key out, or give a tape of these symbols.",
        )
