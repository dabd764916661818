"""TA-Lib's C functions called for many slots in one go, without the interpreter between two of them.

Called from Python one by one, 60 indicators of 150 slots are 9,000 calls of 2 to 20 us each, with an array made, copied
and thrown away for each, and two threads then wait for the interpreter's lock more than they compute.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from polyfolio.core.types import Ints
from polyfolio.kernels.compile import entry


@intrinsic  # type: ignore[untyped-decorator]
def call(context: Any, address: Any, places: Any, inputs: Any, options: Any, seen: Any, outputs: Any) -> Any:  # noqa: ARG001, PLR0913
    """Call the C function at an address: first and last bar, inputs, options, two counters, outputs; it returns an int.

    `places` holds the last bar (int32), the bytes before a slot's inputs, and the numbers before its outputs. `outputs`
    holds their addresses and the bytes of one number of each.
    """

    def generate(target: Any, builder: Any, signature: Any, values: Any) -> Any:  # noqa: ARG001
        whole = ir.IntType(64)
        last, behind, before = cgutils.unpack_tuple(builder, values[1], 3)
        starts, sizes = cgutils.unpack_tuple(builder, values[5], 2)
        many = len(signature.args[5][0])
        starts, sizes = (cgutils.unpack_tuple(builder, pack, many) for pack in (starts, sizes))
        members = [ir.Constant(ir.IntType(32), 0), last]
        members += [builder.add(start, behind) for start in cgutils.unpack_tuple(builder, values[2])]
        members += cgutils.unpack_tuple(builder, values[3], len(signature.args[3]))
        members += [values[4], builder.add(values[4], ir.Constant(whole, 4))]
        members += [builder.add(start, builder.mul(before, size)) for start, size in zip(starts, sizes, strict=True)]
        shape = ir.FunctionType(ir.IntType(32), [member.type for member in members])
        return builder.call(builder.inttoptr(values[0], shape.as_pointer()), members)

    return types.int32(types.int64, places, inputs, options, types.int64, outputs), generate


@entry
def run(address: int, inputs: Any, options: Any, outputs: Any, shape: Any, counts: Ints, seen: Any) -> Any:  # noqa: PLR0913
    """A function for the slots of `counts`, on arrays whose rows are the slots.

    Args:
        address: of the C function.
        inputs: the address of each input.
        options: the C function's own arguments, int32 or float64.
        outputs: the address of each output, and the bytes of one number of each.
        shape: bars a row holds, and the warm-up.
        counts: bars of each slot.
        seen: int32[2], scratch.

    Returns:
        0, or TA-Lib's code of what went wrong.
    """
    width, warmup = shape
    for slot in range(counts.size):
        if counts[slot] > warmup:
            places = (np.int32(counts[slot] - 1), slot * width * 8, slot * width + warmup)
            code = call(address, places, inputs, options, seen.ctypes.data, outputs)
            if code != 0:
                return code
    return 0
