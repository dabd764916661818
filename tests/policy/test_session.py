"""A row gives the same bits alone, among others, and at any place of a batch."""

from __future__ import annotations

import sys
from itertools import pairwise

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.policy.graph import graph
from polyfolio.policy.network import Activation, Dense, Network, Numbers
from polyfolio.policy.session import BLOCK, Session
from tests.house.sources import run_python
from tests.policy.makers import WIDTH, observations, sealed


def network(*widths: int) -> bytes:
    random = np.random.default_rng(5)
    layers: list = []
    for inputs, outputs in pairwise(widths):
        weight = random.normal(size=(outputs, inputs)) / np.sqrt(inputs)
        layers += [Dense(weight.astype(np.float32), random.normal(size=outputs).astype(np.float32)), Activation("Tanh")]
    low, high = (-1.0,) * widths[-1], (1.0,) * widths[-1]
    return graph(Network(tuple(layers), "clip", Numbers(low, high)), widths[0])


@pytest.mark.parametrize("widths", [(7, 3), (60, 64, 64, 11), (301, 97, 31), (2400, 64, 64, 11)])
def test_a_row_gives_the_same_bits_in_every_batch(widths: tuple) -> None:
    session = Session(network(*widths))
    rows = observations(3 * BLOCK + 5, widths[0])
    alone = np.concatenate([session.run(rows[at : at + 1]) for at in range(len(rows))])
    for count in (1, 2, 3, 17, BLOCK - 1, BLOCK, BLOCK + 1, len(rows)):
        np.testing.assert_array_equal(session.run(rows[:count]), alone[:count])
    np.testing.assert_array_equal(session.run(rows[::-1]), alone[::-1])


def test_rows_are_computed_alone_where_blocks_give_other_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(network(7, 3))
    assert session.together, "blocks are exact here; the slow way is tested below"
    compute = Session._compute
    alone = session.run(observations(2 * BLOCK))
    monkeypatch.setattr(Session, "_compute", lambda self, rows: compute(self, rows) + (len(rows) > 1) * 1e-6)
    other = Session(network(7, 3))
    assert not other.together
    rows = observations(2 * BLOCK)
    np.testing.assert_array_equal(other.run(rows), alone)


@pytest.mark.parametrize("shape", [(7,), (2, 6), (2, 8), (1, 2, 7)])
def test_observations_of_another_shape_are_refused(shape: tuple) -> None:
    with pytest.raises(DataError, match=r"of shape \(n, 7\)"):
        Session(network(7, 3)).run(np.zeros(shape, np.float32))


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(value: float) -> None:
    rows = observations(3)
    rows[2, 4] = value
    with pytest.raises(DataError, match=r"observation\[2, 4\]"):
        Session(network(7, 3)).run(rows)


@pytest.mark.parametrize("content", [b"", b"no graph", network(7, 3)[:-30]])
def test_what_is_no_graph_is_refused(content: bytes) -> None:
    with pytest.raises(DataError, match="graph"):
        Session(content)


def test_a_graph_between_other_names_is_refused() -> None:
    from onnx import TensorProto, helper

    put = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", 2]) for name in ("seen", "done")]
    made = helper.make_graph([helper.make_node("Tanh", ["seen"], ["done"])], "g", [put[0]], [put[1]])
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(DataError, match="from observation"):
        Session(model.SerializeToString())


@pytest.mark.parametrize("name", ["onnxruntime", "onnx"])
def test_a_missing_package_is_named_with_its_extra(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from polyfolio.errors import ConfigError

    content = network(7, 3)
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ConfigError, match=r"polyfolio\[rl\]"):
        network(7, 3) if name == "onnx" else Session(content)


def test_a_policy_acts_without_torch_and_without_onnx(tmp_path) -> None:
    path = sealed().save(tmp_path / "a.policy")
    code = (
        "import sys, numpy as np\n"
        "from polyfolio.policy.sealed import load\n"
        f"print(load({str(path)!r}).act(np.zeros((1, {WIDTH}), np.float32)).tobytes().hex())\n"
        "assert not {'torch', 'onnx', 'stable_baselines3', 'gymnasium'} & set(sys.modules), 'imported'\n"
    )
    done = run_python("-c", code)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == sealed().act(np.zeros((1, WIDTH), np.float32)).tobytes().hex()
