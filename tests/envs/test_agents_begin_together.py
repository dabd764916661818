"""Where the episode of several agents begins: one row for all, named as what it is."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.envs.multi_agent import MultiAgentTradingEnv
from polyfolio.errors import ConfigError
from tests.features.tapes import random_tape


@pytest.mark.parametrize("row", ["30", 30.5, True, [30, 31]])
def test_a_row_that_is_no_whole_number_is_named(row: Any) -> None:
    config = {"name": "two", "environment": {"profiles": {}, "observation": {"technical": None}}}
    env = MultiAgentTradingEnv(config, tape=random_tape(rows=120, slots=3, seed=5))
    with pytest.raises(ConfigError) as caught:
        env.reset(options={"row": row})
    assert (caught.value.field, caught.value.value) == ("options['row']", row)
