"""A one-dimensional array as a kernel sees it: where it begins and how long it is.

Numba's array has seven parts and lets an index count from the end, which costs a test at each access and a page of
instructions for the compiler. A strip is read and written as `strip[i]` with i from 0, knows `strip.size`, and can be
cut as `strip[a:b]`. Fields of addresses and views (`pointers`) are strips; without compilation they are arrays.
"""

from __future__ import annotations

import operator
from typing import Any

from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.errors import TypingError
from numba.core.types.misc import CPointer, SliceType
from numba.core.typing.templates import AbstractTemplate, AttributeTemplate, infer, infer_global, signature
from numba.extending import infer_getattr, lower_builtin, lower_getattr, register_model


class Strip(types.Type):
    """Type of a strip of elements."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        super().__init__(f"Strip({dtype})")


@register_model(Strip)
class _StripModel(models.StructModel):  # type: ignore[misc]
    """In machine code: the address of the first element and the number of elements."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("data", CPointer(kind.dtype)), ("size", types.intp)])


class _Attributes(AttributeTemplate):  # type: ignore[misc]
    """`strip.size`."""

    key = Strip

    def generic_resolve(self, strip: Any, name: str) -> Any:  # noqa: ARG002
        return types.intp if name == "size" else None


infer_getattr(_Attributes)


@lower_getattr(Strip, "size")
def _size(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    return cgutils.create_struct_proxy(kind)(context, builder, value=value).size


def _refuse_from_the_end(strip: Any, index: Any) -> None:
    """A written index below 0 would read memory before the strip, so it does not compile."""
    if isinstance(strip, Strip) and isinstance(index, int) and index < 0:
        raise TypingError(f"index {index}: strips are counted from 0; write size - {-index}")


@infer
class _GetWritten(AbstractTemplate):  # type: ignore[misc]
    """`strip[-1]`, refused; all else is left to `_Get`."""

    key = "static_getitem"

    def generic(self, args: Any, kws: Any) -> None:  # noqa: ARG002
        _refuse_from_the_end(args[0], args[1])


@infer
class _SetWritten(AbstractTemplate):  # type: ignore[misc]
    """`strip[-1] = value`, refused; all else is left to `_Set`."""

    key = "static_setitem"

    def generic(self, args: Any, kws: Any) -> None:  # noqa: ARG002
        _refuse_from_the_end(args[0], args[1])


@infer_global(operator.getitem)
class _Get(AbstractTemplate):  # type: ignore[misc]
    """`strip[i]`, `strip[a:b]`."""

    def generic(self, args: Any, kws: Any) -> Any:
        if kws or not isinstance(args[0], Strip):
            return None
        if isinstance(args[1], types.Integer):
            return signature(args[0].dtype, args[0], types.intp)
        if isinstance(args[1], SliceType) and not args[1].has_step:
            return signature(args[0], *args)
        return None


@infer_global(operator.setitem)
class _Set(AbstractTemplate):  # type: ignore[misc]
    """`strip[i] = value`."""

    def generic(self, args: Any, kws: Any) -> Any:
        if kws or not isinstance(args[0], Strip) or not isinstance(args[1], types.Integer):
            return None
        return signature(types.none, args[0], types.intp, args[0].dtype)


def _place(context: Any, builder: Any, kind: Any, value: Any, index: Any) -> Any:
    """Address of one element."""
    data = cgutils.create_struct_proxy(kind)(context, builder, value=value).data
    return builder.gep(data, [index], inbounds=True)


@lower_builtin(operator.getitem, Strip, types.intp)
def _get(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    return context.unpack_value(builder, sig.args[0].dtype, _place(context, builder, sig.args[0], *args))


@lower_builtin(operator.setitem, Strip, types.intp, types.Any)
def _set(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    place = _place(context, builder, sig.args[0], args[0], args[1])
    context.pack_value(builder, sig.args[0].dtype, args[2], place)
    return context.get_dummy_value()


@lower_builtin(operator.getitem, Strip, SliceType)
def _cut(context: Any, builder: Any, sig: Any, args: Any) -> Any:
    whole = cgutils.create_struct_proxy(sig.args[0])(context, builder, value=args[0])
    part = context.make_helper(builder, sig.args[1], args[1])
    stop = builder.select(builder.icmp_signed("<", part.stop, whole.size), part.stop, whole.size)
    size = builder.sub(stop, part.start)
    return strip_of(context, builder, sig.return_type, builder.gep(whole.data, [part.start]), size)


def strip_of(context: Any, builder: Any, kind: Any, data: Any, size: Any) -> Any:
    """A strip from its two parts."""
    made = cgutils.create_struct_proxy(kind)(context, builder)
    made.data = data
    made.size = size
    return made._getvalue()


def seen_as(kind: Any) -> Any:
    """What a field of this type is seen as: a strip where it is a contiguous array of one dimension."""
    if isinstance(kind, types.Array) and kind.ndim == 1 and kind.layout == "C":
        return Strip(kind.dtype)
    return kind


def see(context: Any, builder: Any, kind: Any, value: Any) -> Any:
    """A value of a field as it is seen."""
    if seen_as(kind) is kind:
        return value
    array = context.make_array(kind)(context, builder, value=value)
    return strip_of(context, builder, seen_as(kind), array.data, cgutils.unpack_tuple(builder, array.shape, 1)[0])
