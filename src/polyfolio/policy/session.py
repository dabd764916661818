"""A sealed network at work: onnxruntime on one thread, the same bits for a row whatever stands beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.errors import DataError
from polyfolio.policy.archive import AGAIN
from polyfolio.policy.extras import missing
from polyfolio.policy.graph import INPUT, OUTPUT

Single = npt.NDArray[np.float32]

# Rows that are computed at once where that gives the same bits as one by one.
BLOCK = 64


class Session:
    """Observations to the numbers an action is written in.

    A matrix product may add in another order for several rows than for one. At the start 64 random rows are computed
    together and one by one; where a bit differs, every row is computed alone from then on.

    Args:
        content: the ONNX file.
        field: name of the policy, for messages.

    Attributes:
        width: numbers of an observation.
        outputs: numbers that come out.
        together: whether blocks of rows give the same bits as rows alone on this machine.

    Raises:
        DataError: no graph from `observation` to `action`.
    """

    def __init__(self, content: bytes, field: str = "policy") -> None:
        self._field = field
        self._session = _open(content, field)
        given, made = self._session.get_inputs(), self._session.get_outputs()
        named = [put.name for put in given] == [INPUT] and [put.name for put in made] == [OUTPUT]
        if not named or len(given[0].shape) != 2 or len(made[0].shape) != 2:
            found = [(put.name, put.shape) for put in (*given, *made)]
            raise DataError(f"{field}: graph", found, f"from {INPUT} [n, width] to {OUTPUT} [n, numbers]", AGAIN)
        self.width, self.outputs = int(given[0].shape[1]), int(made[0].shape[1])
        self.together = self._same_together()

    def run(self, observations: Single) -> Single:
        """float32[n, outputs] of float32[n, width].

        Raises:
            DataError: another shape, or a number that is not finite.
        """
        rows = np.ascontiguousarray(observations, dtype=np.float32)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            bound = f"of shape (n, {self.width})"
            raise DataError(f"{self._field}: observation", rows.shape, bound, "Give the flat observations.")
        if not np.isfinite(rows).all():
            row, column = (int(at) for at in np.argwhere(~np.isfinite(rows))[0])
            raise DataError(
                f"{self._field}: observation[{row}, {column}]", float(rows[row, column]), "finite", "Correct it."
            )
        out = np.empty((rows.shape[0], self.outputs), dtype=np.float32)
        whole = rows.shape[0] // BLOCK * BLOCK if self.together else 0
        for first in range(0, whole, BLOCK):
            out[first : first + BLOCK] = self._compute(rows[first : first + BLOCK])
        for row in range(whole, rows.shape[0]):
            out[row] = self._compute(rows[row : row + 1])[0]
        return out

    def _compute(self, rows: Single) -> Single:
        return np.asarray(self._session.run([OUTPUT], {INPUT: rows})[0], dtype=np.float32)

    def _same_together(self) -> bool:
        rows = np.random.default_rng(0).standard_normal((BLOCK, self.width), dtype=np.float32)
        alone = np.concatenate([self._compute(rows[row : row + 1]) for row in range(BLOCK)])
        return bool(np.array_equal(self._compute(rows), alone))


def _open(content: bytes, field: str) -> Any:
    try:
        import onnxruntime  # noqa: PLC0415
    except ImportError as error:
        raise missing("onnxruntime", error) from error
    states, options = onnxruntime.capi.onnxruntime_pybind11_state, onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except (
        states.Fail,
        states.InvalidArgument,
        states.InvalidGraph,
        states.InvalidProtobuf,
        states.NotImplemented,
        states.RuntimeException,
    ) as error:
        raise DataError(f"{field}: policy.onnx", str(error)[:200], "a graph onnxruntime can run", AGAIN) from error
