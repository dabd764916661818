"""From layers to an ONNX graph.

The graph is written by hand from `Gemm` and the activations: what a policy of fully connected layers computes is these
few lines, so the file neither depends on how a torch version traces nor on the exporter it ships.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.policy.extras import missing
from polyfolio.policy.network import Bound, Dense, Network

OPSET, IR = 17, 8  # read by every onnxruntime from 1.12 on
INPUT, OUTPUT = "observation", "action"


def graph(network: Network, width: int) -> bytes:
    """The ONNX file of a network; the same layers give the same bytes.

    Args:
        network: the layers.
        width: numbers of the flat observation.

    Raises:
        DataError: layers that do not fit each other, the observation or the action.
    """
    try:
        from onnx import TensorProto, checker, helper  # noqa: PLC0415
    except ImportError as error:
        raise missing("onnx", error) from error
    _refuse_shapes(network, width)
    nodes, constants = _Nodes(helper), _Constants()
    at = INPUT
    if network.order is not None:
        at = nodes.add("Gather", [at, constants.add(np.asarray(network.order, dtype=np.int64))], axis=1)
    for layer in network.layers:
        if isinstance(layer, Dense):
            at = nodes.add("Gemm", [at, constants.add(layer.weight), constants.add(layer.bias)], transB=1)
        elif isinstance(layer, Bound):
            at = nodes.add("Clip", [at, constants.add(np.float32(layer.low)), constants.add(np.float32(layer.high))])
        else:
            at = nodes.add(layer.operator, [at], **dict[str, Any](layer.attributes))
    at = _ending(network, at, nodes, constants)
    nodes.add("Identity", [at], output=OUTPUT)
    made = helper.make_graph(
        nodes.made,
        "policy",
        [helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, ["n", width])],
        [helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, ["n", network.numbers.width])],
        constants.made,
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    model.producer_name, model.producer_version = "polyfolio", ""
    checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString(deterministic=True))


def _ending(network: Network, at: str, nodes: _Nodes, constants: _Constants) -> str:
    numbers = network.numbers
    if network.ending == "logits":
        return at
    low, high = (np.array(bound, dtype=np.float32) for bound in (numbers.low, numbers.high))
    if network.ending == "squash":
        # low + 0.5 (tanh + 1) (high - low), in the order in which Stable-Baselines3 computes it
        up = nodes.add("Add", [nodes.add("Tanh", [at]), constants.add(np.float32(1.0))])
        half = nodes.add("Mul", [constants.add(np.float32(0.5)), up])
        return nodes.add("Add", [constants.add(low), nodes.add("Mul", [half, constants.add(high - low)])])
    return nodes.add("Min", [nodes.add("Max", [at, constants.add(low)]), constants.add(high)])


def _refuse_shapes(network: Network, width: int) -> None:
    order = network.order
    known = width if order is None else int(order.size)
    if order is not None and order.size and not 0 <= int(order.min()) <= int(order.max()) < width:
        raise DataError("order", int(order.max()), f"places from 0 to {width - 1}", "Give the place of each number.")
    for number, layer in enumerate(layer for layer in network.layers if isinstance(layer, Dense)):
        if layer.weight.shape != (layer.bias.size, known):
            bound = f"of shape {(layer.bias.size, known)}"
            raise DataError(
                f"weights of layer {number}", layer.weight.shape, bound, "Seal it with its own observation."
            )
        if not (np.isfinite(layer.weight).all() and np.isfinite(layer.bias).all()):
            raise DataError(
                f"weights of layer {number}", "NaN or infinite", "finite", "The training diverged: go back."
            )
        known = layer.bias.size
    if known != network.numbers.width:
        raise DataError("last layer", known, f"{network.numbers.width} numbers", "Seal it with its own action space.")


class _Nodes:
    """Operators in order, each with one output of its own."""

    def __init__(self, helper: Any) -> None:
        self.helper, self.made = helper, list[Any]()

    def add(self, operator: str, inputs: Sequence[str], output: str = "", **attributes: Any) -> str:
        name = output or f"{operator.lower()}_{len(self.made)}"
        self.made.append(self.helper.make_node(operator, list(inputs), [name], name=f"node_{name}", **attributes))
        return name


class _Constants:
    """Arrays the operators read."""

    def __init__(self) -> None:
        self.made = list[Any]()

    def add(self, array: Any) -> str:
        from onnx import numpy_helper  # noqa: PLC0415 - `graph` has imported it

        name = f"constant_{len(self.made)}"
        self.made.append(numpy_helper.from_array(np.asarray(array), name))
        return name
