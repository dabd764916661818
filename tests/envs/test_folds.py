"""Episodes on the rows of a walk-forward fold."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import DataError
from polyfolio.features.panel import build_panel
from polyfolio.market.folds import events_of, walk_forward
from tests.envs.worlds import TAPE, config, drawn, many, one, play

SEEN: dict[str, Any] = {"observation": {"market": True}}
FOLDS = walk_forward(events_of(TAPE, 1), folds=3, test=30, gap="1d")


def span(rows: np.ndarray) -> tuple[int, int]:
    return int(rows[0]), int(rows[-1]) + 1


@pytest.mark.parametrize("fold", FOLDS, ids=("first", "second", "third"))
def test_an_episode_plays_on_the_rows_of_a_fold_and_learns_from_its_training_rows(fold: Any) -> None:
    learns = one(config(**SEEN), split=span(fold.train))
    judges = one(config(**SEEN), split=span(fold.test), state=learns.panel.state)
    section = learns.run.environment.observation  # type: ignore[union-attr]
    assert learns.panel.digest == build_panel(section, TAPE, train=slice(*span(fold.train))).digest
    for env, rows in ((learns, fold.train), (judges, fold.test)):
        played = play(env, drawn(env.action_space, 200))
        visited = played.column("row")
        assert visited[0] == max(rows[0], env.panel.first)
        assert visited[-1] == rows[-1]
        assert played.infos[-1]["ended"] == "end_of_tape"
    assert judges.panel.state == learns.panel.state


def test_many_environments_play_on_a_fold_as_one_does() -> None:
    rows = span(FOLDS[1].test)
    keys = config(episode={"start": "random", "length": 5})
    alone, together = one(keys, split=rows), many(3, keys, split=rows)
    together.reset(seed=4)
    assert alone.reset(seed=5)[1]["row"] == together.rows[1]
    assert (together.rows >= rows[0]).all()


@pytest.mark.parametrize("rows", ((-1, 20), (5, 6), (20, 5), (0, 161), (0, 10, 20)))
@pytest.mark.parametrize("kind", (MultiTickerRLEnvironment, TradingVectorEnv))
def test_rows_that_are_no_part_of_the_tape_are_refused(kind: Any, rows: Any) -> None:
    with pytest.raises(DataError, match=r"split: got .*fold\.test"):
        kind(config(), tape=TAPE, split=rows)
