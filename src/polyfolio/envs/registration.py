"""The ids under which Gymnasium makes our environments."""

from __future__ import annotations

import gymnasium

# id -> (class of one environment, class of many)
IDS = {
    "polyfolio/MultiTicker-v0": ("polyfolio.envs.single:MultiTickerRLEnvironment", "polyfolio.envs.vector:vector_env"),
    "polyfolio/Intraday-v0": ("polyfolio.envs.single:IntradayRLEnv", "polyfolio.envs.vector:intraday_vector_env"),
}


def register_ids() -> None:
    """Register each id, once.

    Gymnasium's own order and time checks are left out: our environments refuse wrong calls themselves, and each
    wrapper would cost more than a step.
    """
    for name, (one, many) in IDS.items():
        if name not in gymnasium.registry:
            gymnasium.register(
                name, entry_point=one, vector_entry_point=many, order_enforce=False, disable_env_checker=True
            )
