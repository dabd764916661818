"""Passing a bundle of arrays by its address: `lane.quantity` reads one field, whatever else the bundle holds.

Numba passes a named tuple by copying every array's descriptor: some 700 words for all that a lane can see, at every
call, in compiled code and, far worse, in the compiler. Here a bundle is laid down once and its address is passed.
`place` is for what holds as long as the walk (its fields are known never to change, so loops keep them in registers),
`view` for what a routine makes of it for one lane at one bar. Without compilation both hand the tuple on as it is.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numba
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model


class Address(types.Type):
    """Type of an address; `fixed` where what it points to never changes."""

    def __init__(self, dtype: Any, fixed: bool) -> None:
        self.dtype, self.fixed = dtype, fixed
        # The full name of a lane's type has 28,000 characters and would stand in every symbol and every call.
        name = hashlib.sha256(str(dtype).encode()).hexdigest()[:16]
        super().__init__(f"Address({name}, {fixed})")


@register_model(Address)
class _AddressModel(models.PrimitiveModel):  # type: ignore[misc]
    """In machine code: a pointer to the tuple as it stands in registers."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, manager.lookup(kind.dtype).get_value_type().as_pointer())


class _Fields(AttributeTemplate):  # type: ignore[misc]
    """A field of the tuple behind an address."""

    key = Address

    def generic_resolve(self, pointer: Any, name: str) -> Any:
        fields = getattr(pointer.dtype, "fields", ())
        return tuple(pointer.dtype)[fields.index(name)] if name in fields else None


infer_getattr(_Fields)


def _load(context: Any, builder: Any, pointer: Any, kind: Any, fixed: bool) -> Any:
    """Load leaf by leaf: a leaf nobody uses is dropped, a whole struct would be loaded in one piece."""
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        leaf = builder.load(pointer)
        if fixed:
            leaf.set_metadata("invariant.load", builder.module.add_metadata([]))
        return leaf
    elements = kind.elements if isinstance(kind, ir.LiteralStructType) else [kind.element] * kind.count
    value = ir.Constant(kind, ir.Undefined)
    for number, element in enumerate(elements):
        member = cgutils.gep_inbounds(builder, pointer, 0, number)
        value = builder.insert_value(value, _load(context, builder, member, element, fixed), number)
    return value


@lower_getattr_generic(Address)
def _field(context: Any, builder: Any, pointer: Any, value: Any, name: str) -> Any:
    number = pointer.dtype.fields.index(name)
    kind = context.get_value_type(tuple(pointer.dtype)[number])
    return _load(context, builder, cgutils.gep_inbounds(builder, value, 0, number), kind, pointer.fixed)


def _lay(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:  # noqa: ARG001
    return cgutils.alloca_once_value(builder, arguments[0])


@intrinsic
def _place(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    return Address(value, fixed=True)(value), _lay


@intrinsic
def _view(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    return Address(value, fixed=False)(value), _lay


def _itself(value: Any) -> Any:
    return value


place = _itself if numba.config.DISABLE_JIT else _place
view = _itself if numba.config.DISABLE_JIT else _view
