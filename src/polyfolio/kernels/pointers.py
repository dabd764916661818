"""Passing a bundle of arrays by its address.

Numba passes a named tuple by copying every array's descriptor: some 700 words for all that a lane can see, at every
call, and views that must be ready in case a rare branch calls. Here the bundle is laid down once (`place`) and each
routine takes from it what it uses (`look`); what it does not use is never loaded.
"""

from __future__ import annotations

from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic


def _load(builder: Any, pointer: Any, kind: Any) -> Any:
    """Load leaf by leaf: a leaf nobody uses is dropped, a whole struct would be loaded in one piece."""
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        return builder.load(pointer)
    elements = kind.elements if isinstance(kind, ir.LiteralStructType) else [kind.element] * kind.count
    value = ir.Constant(kind, ir.Undefined)
    zero = ir.Constant(ir.IntType(32), 0)
    for number, element in enumerate(elements):
        member = builder.gep(pointer, [zero, ir.Constant(ir.IntType(32), number)], inbounds=True)
        value = builder.insert_value(value, _load(builder, member, element), number)
    return value


@intrinsic
def _place(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    def lay(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
        return cgutils.alloca_once_value(builder, arguments[0])

    return types.CPointer(value)(value), lay


@intrinsic
def _look(typingctx: Any, pointer: Any) -> Any:  # noqa: ARG001
    def load(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return _load(builder, arguments[0], context.get_value_type(signature.return_type))

    return pointer.dtype(pointer), load


def _itself(value: Any) -> Any:
    return value


# Without compilation Python passes references already.
place = _itself if numba.config.DISABLE_JIT else _place
look = _itself if numba.config.DISABLE_JIT else _look
