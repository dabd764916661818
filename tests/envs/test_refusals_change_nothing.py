"""What is refused leaves an environment as it was."""

from __future__ import annotations

import pytest

from polyfolio.errors import ConfigError, DataError
from tests.envs.worlds import many


def test_a_state_that_is_not_whole_changes_nothing() -> None:
    env = many(2)
    env.reset(seed=0)
    before, other = env.state(), many(2)
    other.reset(seed=9)
    partly = other.state()
    del partly["arena.held"]
    with pytest.raises(DataError, match="held"):
        env.set_state(partly)
    assert {name: part.tobytes() for name, part in env.state().items()} == {
        name: part.tobytes() for name, part in before.items()
    }


@pytest.mark.parametrize("threads", (0, -1))
def test_no_threads_are_refused(threads: int) -> None:
    with pytest.raises(ConfigError, match="threads: got"):
        many(2, threads=threads)
