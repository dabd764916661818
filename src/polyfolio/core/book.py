"""The book: all lanes together. Arrays only; kernels write them, everything else reads."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields

import numpy as np

from polyfolio.core.records import ACCOUNT, EXIT, ORDER
from polyfolio.core.types import Floats, Ints


@dataclass(eq=False)
class Book:
    """State of every lane. Row = lane; columns are sleeves (`sleeves` below) or slots.

    `held` is the same memory as `quantity` when each slot has exactly one sleeve, in slot order.
    """

    account: np.ndarray  # ACCOUNT[lanes]
    slot_of: Ints  # [sleeves]
    quantity: Floats  # [lanes, sleeves]
    average_price: Floats
    order_quantity: Floats
    order_price: Floats
    order_filled: Floats
    orders: np.ndarray  # ORDER[lanes, sleeves]
    exits: np.ndarray  # EXIT[lanes, sleeves]
    crossed: Floats
    heard: Floats  # [lanes, sleeves], sign of the last signal
    held: Floats  # [lanes, slots]
    value: Floats
    traded: Floats
    pressure: Floats
    gain: Floats
    cost: Floats
    carry: Floats
    want: Floats
    sleeve_want: Floats
    volume_left: Floats

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return int(self.account.size)

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array by name, in a fixed order."""
        return {item.name: getattr(self, item.name) for item in fields(self)}

    def snapshot(self) -> dict[str, np.ndarray]:
        """A copy of every array, for `restore`."""
        return {name: array.copy() for name, array in self.arrays().items()}

    def restore(self, snapshot: dict[str, np.ndarray]) -> None:
        """Put a snapshot back, in place: views on the book stay valid."""
        for name, array in self.arrays().items():
            array[...] = snapshot[name]

    @property
    def netted(self) -> bool:
        """Whether sleeves share slots, so that they have to be netted."""
        return self.held is not self.quantity

    def lane_bytes(self, lane: int) -> bytes:
        """The lane's state as bytes: two lanes with the same history have the same bytes."""
        return b"".join(array[lane].tobytes() for name, array in self.arrays().items() if name != "slot_of")

    def digest(self) -> str:
        """Digest (hex) of the whole book."""
        digest = hashlib.sha256()
        for array in self.arrays().values():
            digest.update(array.tobytes())
        return digest.hexdigest()


def open_book(lanes: int, slots: int, slot_of: Ints) -> Book:
    """An empty book. Capital is paid in by the first kernel that touches a lane."""
    sleeves = int(slot_of.size)
    one_each = sleeves == slots and bool((slot_of == np.arange(slots)).all())
    quantity = np.zeros((lanes, sleeves))
    account = np.zeros(lanes, ACCOUNT)
    account["row"] = account["decided"] = -1
    exits = np.zeros((lanes, sleeves), EXIT)
    exits["stop"] = exits["target"] = np.nan
    exits["barred_row"] = exits["entry_row"] = -1
    orders = np.zeros((lanes, sleeves), ORDER)
    orders["row"] = -1
    by_slot = (lanes, slots)
    want = np.zeros(by_slot)
    return Book(
        account=account,
        slot_of=slot_of,
        quantity=quantity,
        average_price=np.zeros((lanes, sleeves)),
        order_quantity=np.zeros((lanes, sleeves)),
        order_price=np.zeros((lanes, sleeves)),
        order_filled=np.zeros((lanes, sleeves)),
        orders=orders,
        exits=exits,
        crossed=np.zeros((lanes, sleeves)),
        heard=np.zeros((lanes, sleeves)),
        held=quantity if one_each else np.zeros(by_slot),
        value=np.zeros(by_slot),
        traded=np.zeros(by_slot),
        pressure=np.zeros(by_slot),
        gain=np.zeros(by_slot),
        cost=np.zeros(by_slot),
        carry=np.zeros(by_slot),
        want=want,
        sleeve_want=want if one_each else np.zeros((lanes, sleeves)),
        volume_left=np.full(by_slot, np.inf),
    )
