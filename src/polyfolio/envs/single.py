"""One environment with Gymnasium's interface: several tickers, or one."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from polyfolio.core.codes import Ended
from polyfolio.core.tape import Tape
from polyfolio.envs.core import COSTS, ONE_COIN, WORDS, Core, Source, refuse_several, spec_of
from polyfolio.envs.reasons import limits_of, reasons_of
from polyfolio.envs.vector import refuse_rows, refuse_unknown, rows_of, seeds_of
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.splits import Split
from polyfolio.report.episode_terminal import state_text
from polyfolio.rules.spec import Spec


class MultiTickerRLEnvironment(gymnasium.Env[Any, Any]):
    """A portfolio of several tickers that an agent steers, bar by bar.

    At a row's close the agent sees, and says what to hold. The engine sizes, limits and orders as in a backtest; fills
    are those of the next row. The reward is from this close to the next, after all costs.

    Args:
        config: a Spec, a YAML file, or a dict of its keys; None takes the bundled coins.
        tape: market rows; None reads what the section `tape` describes.
        split: train, validation, test or all: the rows that episodes play on; or a first row and the one after the
            last, as those of a walk-forward fold, which are then learned from too unless there is a `state`.
        state: `panel.state` of another environment: nothing is learned from this tape.
        info: off, summary, or full, which says every reason and limit too.
        render_mode: "ansi" for a text of the current state, or None.

    Attributes:
        feature_names: one per number of the flat observation.
        action_names: one per number of an action.
        panel: what the tape shows.
    """

    metadata = {"render_modes": ["ansi"], "render_fps": 4}  # noqa: RUF012 - Gymnasium declares it of the instance

    def __init__(
        self,
        config: Source | None = None,
        *,
        tape: Tape | None = None,
        split: Split = "train",
        state: Mapping[str, Any] | None = None,
        info: str = "summary",
        render_mode: str | None = None,
    ) -> None:
        if render_mode not in (None, "ansi"):
            raise ConfigError("render_mode", render_mode, "ansi, or None", "Pages are made by polyfolio.report.")
        core = Core(config, 1, tape=tape, split=split, state=state, info=info)
        if len(core.spec.lanes) != 1:
            raise ConfigError(
                "lanes", len(core.spec.lanes), "one", "Several agents play in polyfolio.envs.multi_agent."
            )
        self.core, self.render_mode = core, render_mode
        self.observation_space, self.action_space = core.layout.space, core.action_space
        self.feature_names, self.action_names = core.layout.names, core.action_names
        self.run, self.tape, self.plan, self.panel = core.spec, core.tape, core.plan, core.panel
        self._step, self._episode = core.arena.steps[0], core.arena.episodes[0]
        self._begun = False

    @property
    def tickers(self) -> tuple[str, ...]:
        """The symbols traded."""
        return self.tape.symbols

    def reset(self, *, seed: int | None = None, options: Mapping[str, Any] | None = None) -> tuple[Any, dict[str, Any]]:
        """A new episode.

        Args:
            seed: of everything the episodes draw; None goes on with the counted random numbers.
            options: `row`: where the episode begins.
        """
        arena, given = self.core.arena, dict(options or {})
        rows = rows_of(given.pop("row", None), np.zeros(1, np.int64), 1)
        refuse_unknown(given, "row")
        if rows is not None:
            refuse_rows(rows, arena.agents)
        if seed is not None:
            arena.seed(seeds_of(seed, 1))
        super().reset(seed=seed)
        arena.reset(None, rows)
        self._begun = True
        return self._observed(), self._told()

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One bar: the action, the next row's fills, its close.

        Returns:
            observation, reward, terminated (ruin or a drawdown that ends), truncated (no row left, or the length
            reached), info.

        Raises:
            DataError: an action that is not finite, not a choice, or of another shape; nothing has changed.
            ConfigError: before `reset`, or after the episode's end.
        """
        if not self._begun or self._episode["ended"]:
            raise ConfigError("step", "no episode under way", "after reset()", "Call reset() first.")
        numbers = self.core.arena.actions[0]
        given = np.asarray(action)
        if given.shape != numbers.shape and not (numbers.size == 1 and given.shape == ()):
            raise DataError("action", given.shape, f"of shape {numbers.shape}", "Give what the action space samples.")
        if given.dtype.kind not in "fiub":
            raise DataError("action", str(given.dtype), "numbers", "Give what the action space samples.")
        numbers[:] = given
        self.core.step()
        ended = int(self._episode["ended"])
        reward = float(self.core.arena.rewards[0])
        return self._observed(), reward, ended >= Ended.RUINED, 0 < ended < Ended.RUINED, self._told()

    def render(self) -> str | None:  # type: ignore[override]
        """A text of the current state, where the mode is ansi."""
        if self.render_mode is None:
            return None
        currency = self.tape.universe.base_currency
        return state_text(self._told(), self.tickers, currency=currency, reward=float(self._step["reward"]))

    def state(self) -> dict[str, np.ndarray]:
        """Everything the next steps depend on, as arrays; see `set_state`."""
        return self.core.arena.state()

    def set_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where `state` was taken, byte for byte."""
        self.core.arena.set_state(state)
        self._begun = True

    def close(self) -> None:
        """Nothing is held open."""
        self.core.arena.close()

    def _observed(self) -> Any:
        shown = self.core.observe()
        return {name: part[0].copy() for name, part in shown.items()} if isinstance(shown, dict) else shown[0].copy()

    def _told(self) -> dict[str, Any]:
        """What is said of the last step."""
        if self.core.info == "off":
            return {}
        arena, step = self.core.arena, self._step
        row = int(step["row"])
        said: dict[str, Any] = {
            "row": row,
            "time": self.tape.times[row : row + 1].view("datetime64[ns]")[0],
            "equity": float(step["equity"]),
            "drawdown": float(step["drawdown"]),
            "turnover": float(step["turnover"]),
            "costs": {name: float(step[name]) for name in COSTS},
            "weights": arena.held[0].copy(),
            "asked": arena.asked[0].copy(),
            "projected": arena.projected[0].copy(),
            "ended": WORDS[int(step["ended"])],
        }
        if self.core.info == "full":
            events = arena.events()
            said["reasons"] = reasons_of(events, self.tape.symbols)
            said["limits"] = limits_of(events)
        return said


class IntradayRLEnv(MultiTickerRLEnvironment):
    """The environment of one ticker.

    A configuration with several symbols is refused; `polyfolio migrate` turns one of a single ticker into one of many.

    Args:
        config: as for several tickers; None takes one of the bundled coins.
        ticker: deprecated: the symbol, where the configuration names several or none.
        **keywords: as for several tickers.
    """

    def __init__(self, config: Source | None = None, *, ticker: str | None = None, **keywords: Any) -> None:
        chosen = ONE_COIN if config is None else config
        if ticker is not None:
            warnings.warn(
                f"IntradayRLEnv(ticker=...) is deprecated: write tape.symbols: [{ticker}], or take "
                "MultiTickerRLEnvironment with several symbols; `polyfolio migrate` rewrites an old file.",
                DeprecationWarning,
                stacklevel=2,
            )
            chosen = of_one(chosen, ticker)
        super().__init__(chosen, **keywords)
        refuse_several(self.tape)


def of_one(config: Source, ticker: str) -> Spec:
    """The configuration with one symbol of its tape."""
    spec = spec_of(config)
    if spec.tape is None:
        raise ConfigError("ticker", ticker, "absent where the tape is given from code", "Give a tape of one symbol.")
    return spec.model_copy(update={"tape": spec.tape.model_copy(update={"symbols": (ticker,)})})
