"""A bundle of arrays laid down for as long as Python holds it, so that a call passes one address.

Numba reads a bundle's arrays anew at each call and asks for their types. `keep` writes the bundle's descriptors into
memory of their own once. `bind` gives the compiled function behind an entry for the types of its arguments, so that no
call asks for them again: 0.16 us instead of 1.5 us with two small bundles.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
from numba.core import types
from numba.core.typing.typeof import typeof_impl
from numba.extending import NativeValue, intrinsic, unbox

from polyfolio.kernels.compile import callable_kernel, entry
from polyfolio.kernels.pointers import Address

ROOM = 1 << 14  # bytes for one bundle's descriptors; a bundle of 256 arrays would still fit


class Kept:
    """A bundle that stands in memory.

    Attributes:
        kind: Numba's type of its address.
        address: where it stands.
        held: the bundle and its room; the address is good as long as they live.
    """

    __slots__ = ("address", "held", "kind")

    def __init__(self, bundle: Any) -> None:
        room = np.zeros(ROOM, np.uint8)
        self.held = (bundle, room)
        self.kind = Address(numba.typeof(bundle))
        # A class from elsewhere would stand in the cache's index, which processes without that module cannot read.
        own = type(bundle).__module__.startswith("polyfolio.")
        self.address = int((lay if own else _lay_other)(bundle, room))


@typeof_impl.register(Kept)
def _typeof(value: Kept, _: Any) -> Any:
    return value.kind


@unbox(Address)
def _unbox(kind: Any, kept: Any, c: Any) -> Any:
    number = c.pyapi.object_getattr_string(kept, "address")
    pointer = c.pyapi.long_as_voidptr(number)
    c.pyapi.decref(number)
    return NativeValue(c.builder.bitcast(pointer, c.context.get_value_type(kind)))


@intrinsic
def _write(typingctx: Any, bundle: Any, room: Any) -> Any:  # noqa: ARG001
    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = arguments[0]
        if context.get_abi_sizeof(value.type) > ROOM:
            raise TypeError(f"a bundle of {len(bundle.fields)} fields does not fit into {ROOM} bytes")
        array = context.make_array(signature.args[1])(context, builder, value=arguments[1])
        builder.store(value, builder.bitcast(array.data, value.type.as_pointer()))
        return builder.ptrtoint(array.data, context.get_value_type(types.intp))

    return types.intp(bundle, room), write


@entry
def lay(bundle: Any, room: Any) -> int:
    """Write the bundle's descriptors into `room`; returns the address."""
    return _write(bundle, room)


_lay_other = callable_kernel(lay)


def _itself(bundle: Any) -> Any:
    return bundle


keep: Callable[[Any], Any] = _itself if numba.config.DISABLE_JIT else Kept


def bind(function: Any, *examples: Any) -> Callable[..., Any]:
    """The compiled function behind an entry for arguments of these types; it asks for no types again."""
    if numba.config.DISABLE_JIT:
        return function
    signature = tuple(numba.typeof(example) for example in examples)
    function.compile(signature)
    bound: Callable[..., Any] = function.overloads[signature].entry_point
    return bound
