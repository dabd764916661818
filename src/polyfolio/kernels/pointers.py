"""Passing a bundle of arrays by its address: `book.quantity` reads one field, whatever else the bundle holds.

Numba passes a named tuple by copying every array's descriptor: some 700 words for all that a lane can see, at every
call, in compiled code and, far worse, in the compiler. Here a bundle is laid down once, for as long as the walk, and
its address is passed (`place`); its fields never change, so loops keep them in registers.

A view is an address with a lane and a row. `lane.quantity` is looked up when it is asked for, by the function of that
name in the view's table (`lanes`), so that a view costs nothing but what is read of it. Without compilation `place`
hands the tuple on and a view is the named tuple of all its fields.
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

from polyfolio.kernels.strips import see, seen_as


class Address(types.Type):
    """Type of the address of a named tuple that never changes."""

    def __init__(self, dtype: Any) -> None:
        self.dtype = dtype
        # The full name of a book's type has 28,000 characters and would stand in every symbol and every call.
        super().__init__(f"Address({hashlib.sha256(str(dtype).encode()).hexdigest()[:16]})")


@register_model(Address)
class _AddressModel(models.PrimitiveModel):  # type: ignore[misc]
    """In machine code: a pointer to the tuple as it stands in registers.

    The tuple's type has a name: written out at each use it made 98 % of the text that LLVM had to read.
    """

    def __init__(self, manager: Any, kind: Any) -> None:
        named = ir.global_context.get_identified_type(str(kind))
        if named.is_opaque:
            named.set_body(*manager.lookup(kind.dtype).get_value_type().elements)
        super().__init__(manager, kind, named.as_pointer())


class _Fields(AttributeTemplate):  # type: ignore[misc]
    """A field of the tuple behind an address."""

    key = Address

    def generic_resolve(self, pointer: Any, name: str) -> Any:
        fields = getattr(pointer.dtype, "fields", ())
        return seen_as(tuple(pointer.dtype)[fields.index(name)]) if name in fields else None


infer_getattr(_Fields)


def _load(context: Any, builder: Any, pointer: Any, kind: Any) -> Any:
    """Load leaf by leaf: a leaf nobody uses is dropped, a whole struct would be loaded in one piece."""
    if not isinstance(kind, (ir.LiteralStructType, ir.ArrayType)):
        leaf = builder.load(pointer)
        leaf.set_metadata("invariant.load", builder.module.add_metadata([]))
        return leaf
    elements = kind.elements if isinstance(kind, ir.LiteralStructType) else [kind.element] * kind.count
    value = ir.Constant(kind, ir.Undefined)
    for number, element in enumerate(elements):
        member = cgutils.gep_inbounds(builder, pointer, 0, number)
        value = builder.insert_value(value, _load(context, builder, member, element), number)
    return value


@lower_getattr_generic(Address)
def _field(context: Any, builder: Any, pointer: Any, value: Any, name: str) -> Any:
    number = pointer.dtype.fields.index(name)
    kind = tuple(pointer.dtype)[number]
    place = cgutils.gep_inbounds(builder, value, 0, number)
    return see(context, builder, kind, _load(context, builder, place, context.get_value_type(kind)))


def _lay(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    laid = cgutils.alloca_once_value(builder, arguments[0])
    return builder.bitcast(laid, context.get_value_type(signature.return_type))


@intrinsic
def _place(typingctx: Any, value: Any) -> Any:  # noqa: ARG001
    return Address(value)(value), _lay


def _itself(value: Any) -> Any:
    return value


place = _itself if numba.config.DISABLE_JIT else _place


class View(types.Type):
    """Type of a view: the table of its fields, and the address it looks into."""

    def __init__(self, name: str, table: dict[str, Any], at: Any) -> None:
        self.table, self.at = table, at
        super().__init__(f"{name}({at})")


@register_model(View)
class _ViewModel(models.StructModel):  # type: ignore[misc]
    """In machine code: an address and two numbers."""

    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, [("at", kind.at), ("index", types.intp), ("row", types.intp)])


def _lookup(typing: Any, view: Any, name: str) -> tuple[Any, Any]:
    """The function behind a field and its signature."""
    function = types.Dispatcher(view.table[name])
    return function, typing.resolve_function_type(function, (view.at, types.intp, types.intp), {})


class _ViewFields(AttributeTemplate):  # type: ignore[misc]
    """A field of a view."""

    key = View

    def generic_resolve(self, view: Any, name: str) -> Any:
        return seen_as(_lookup(self.context, view, name)[1].return_type[0]) if name in view.table else None


infer_getattr(_ViewFields)


@lower_getattr_generic(View)
def _view_field(context: Any, builder: Any, view: Any, value: Any, name: str) -> Any:
    function, signature = _lookup(context.typing_context, view, name)
    parts = cgutils.create_struct_proxy(view)(context, builder, value=value)
    call = context.get_function(function, signature)
    for library in getattr(call, "libs", ()):
        context.active_code_library.add_linking_library(library)
    found = builder.extract_value(call(builder, (parts.at, parts.index, parts.row)), 0)
    return see(context, builder, signature.return_type[0], found)


def view_of(shape: Any, table: dict[str, Any]) -> Any:
    """The function (at, index, row) -> view whose fields `table` looks up; `shape` is the named tuple of them."""
    if numba.config.DISABLE_JIT:
        return lambda at, index, row: shape(**{name: look(at, index, row)[0] for name, look in table.items()})

    def make(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        made = cgutils.create_struct_proxy(signature.return_type)(context, builder)
        made.at, made.index, made.row = arguments
        return made._getvalue()

    def viewed(typingctx: Any, at: Any, index: Any, row: Any) -> Any:  # noqa: ARG001
        return View(shape.__name__, table, at)(at, types.intp, types.intp), make

    return intrinsic(viewed)
