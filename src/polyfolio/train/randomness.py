"""The process's random generators: kept apart while something learns, written down, put back.

Learners draw from the global generators of PyTorch, NumPy and Python. A training takes them over, and leaves them as it
found them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from polyfolio.train import needs

Arrays = dict[str, np.ndarray]


@contextmanager
def private(threads: int = 1) -> Iterator[None]:
    """A block whose draws are its own: afterwards the generators and PyTorch's threads are as they were.

    Args:
        threads: PyTorch's threads inside; sums over several threads may differ in their last bits from run to run.
    """
    torch = needs.torch()
    before, count = state(), torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(count)
        restore(*before)


def state() -> tuple[Arrays, dict[str, Any]]:
    """Where the three generators stand: their arrays, and the rest as JSON."""
    numpy_state: Any = np.random.get_state(legacy=False)  # noqa: NPY002 - the learner draws from this one
    version, words, gauss = random.getstate()
    arrays = {
        "torch": needs.torch().get_rng_state().numpy().copy(),
        "numpy": numpy_state["state"]["key"].copy(),
        "python": np.array(words, np.uint64),
    }
    facts = {
        "numpy": {
            "position": int(numpy_state["state"]["pos"]),
            "has_gauss": int(numpy_state["has_gauss"]),
            "gauss": float(numpy_state["gauss"]),
        },
        "python": {"version": version, "gauss": gauss},
    }
    return arrays, facts


def restore(arrays: Mapping[str, np.ndarray], facts: Mapping[str, Any]) -> None:
    """Set the generators to where `state` found them."""
    torch, numpy_facts, python = needs.torch(), facts["numpy"], facts["python"]
    torch.set_rng_state(torch.from_numpy(np.array(arrays["torch"], np.uint8)))
    np.random.set_state(  # noqa: NPY002 - the learner draws from this one
        {
            "bit_generator": "MT19937",
            "state": {"key": np.array(arrays["numpy"], np.uint32), "pos": numpy_facts["position"]},
            "has_gauss": numpy_facts["has_gauss"],
            "gauss": numpy_facts["gauss"],
        }
    )
    random.setstate((python["version"], tuple(int(word) for word in arrays["python"]), python["gauss"]))
