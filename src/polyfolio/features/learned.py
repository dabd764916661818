"""Estimators that learn: arguments under their own names, learned values that end in `_`, and a state that travels.

A state is a dict of plain values and arrays. `save` writes it into one file with a digest, `load` refuses a file that
was changed. A state names what it belongs to; another class refuses it.
"""

from __future__ import annotations

import hashlib
import inspect
import io
import json
import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.errors import ConfigError, DataError
from polyfolio.rules import registry

VERSION = 1
KEYS = ("kind", "name", "version", "params", "learned")
ARRAY = "__array__"  # in JSON, the key of an array's name in the file


class Learned:
    """Base of normalisers and regimes.

    Attributes:
        kind: the kind under which it is registered, "normaliser".
        name: the registered name, "standard".
        needs: learned values without which it cannot answer.
    """

    kind: ClassVar[str]
    name: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()

    def params(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def clone(self) -> Self:
        """One with the same arguments that has learned nothing."""
        copies = {name: value.clone() if isinstance(value, Learned) else value for name, value in self.params().items()}
        return type(self)(**copies)

    def learned(self) -> dict[str, Any]:
        """What was learned, under its names."""
        return {name: value for name, value in vars(self).items() if name.endswith("_") and not name.startswith("_")}

    def refuse_unfitted(self) -> None:
        """Refuse to answer before something was learned."""
        missing = [name for name in self.needs if not hasattr(self, name)]
        if missing:
            raise ConfigError(
                f"{type(self).__name__}.{missing[0]}",
                None,
                "learned",
                "Call fit on the training rows, or restore a saved state.",
            )

    def state(self) -> dict[str, Any]:
        """Arguments and learned values; arrays are copies."""
        return {
            "kind": self.kind,
            "name": self.name,
            "version": VERSION,
            "params": {k: v.state() if isinstance(v, Learned) else v for k, v in self.params().items()},
            "learned": {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in self.learned().items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> Self:
        """The one that `state` came from. A base class finds the class by the registered name.

        Raises:
            DataError: the state is of something else, of another version, or lacks a part.
        """
        missing = [key for key in KEYS if key not in state]
        if missing:
            raise DataError(f"state[{missing[0]!r}]", None, "present", "Give what state() returned, whole.")
        if state["version"] != VERSION:
            raise DataError("state['version']", state["version"], f"{VERSION}", "Fit anew with this version.")
        if state["kind"] != cls.kind:
            raise DataError("state['kind']", state["kind"], f"{cls.kind!r}", f"Give the state of a {cls.kind}.")
        chosen = registry.resolve(cls.kind, state["name"]) if inspect.isabstract(cls) else cls
        if state["name"] != chosen.name:
            raise DataError("state['name']", state["name"], f"{chosen.name!r}", "Restore it with the class it is of.")
        arguments = {key: _argument(value) for key, value in state["params"].items()}
        try:
            inspect.signature(chosen).bind(**arguments)
        except TypeError as error:
            bound = f"the arguments of {chosen.__name__} ({error})"
            raise DataError("state['params']", arguments, bound, "Fit anew with this version.") from None
        made: Self = chosen(**arguments)
        for key, value in state["learned"].items():
            setattr(made, key, np.array(value) if isinstance(value, np.ndarray) else _argument(value))
        absent = [name for name in made.needs if name not in state["learned"]]
        if state["learned"] and absent:
            raise DataError(f"state['learned'][{absent[0]!r}]", None, "present", "Give what state() returned, whole.")
        return made

    def digest(self) -> str:
        """Digest of the state: two that learned other values have others."""
        return _digest(*_parted(self.state()))

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the state into a file, whole or not at all.

        Raises:
            DataError: the folder is missing or takes no file, or a learned value is no plain value or array.
        """
        place, packed = Path(path), _packed(self.state())
        part = place.with_name(f".{place.name}.{os.getpid()}.part")
        try:
            part.write_bytes(packed)
            part.replace(place)
        except OSError as error:
            bound = f"in a folder that takes files ({error.strerror})"
            raise DataError("path", str(place), bound, "Make the folder, free space, or name another one.") from error
        finally:
            part.unlink(missing_ok=True)
        return place

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Self:
        """The one that was saved.

        Raises:
            DataError: no such file, one that was cut or changed, or the state of something else.
        """
        return cls.from_state(_unpacked(Path(path)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.params().items())})"


def _argument(value: Any) -> Any:
    """An argument as it was given: JSON turns tuples into lists."""
    if isinstance(value, list):
        return tuple(_argument(item) for item in value)
    if isinstance(value, dict) and "kind" in value:
        return registry.resolve(value["kind"], value["name"]).from_state(value)
    return value


def _parted(state: dict[str, Any]) -> tuple[str, dict[str, np.ndarray]]:
    """A state as JSON, and the arrays it names."""
    arrays: dict[str, np.ndarray] = {}

    def beside(value: Any) -> dict[str, str]:
        if not isinstance(value, np.ndarray):
            remedy = "Keep what was learned as numbers, words, tuples and arrays."
            raise DataError(f"state of {state['name']}", type(value).__name__, "plain values and arrays", remedy)
        name = f"array_{len(arrays)}"
        arrays[name] = value
        return {ARRAY: name}

    return json.dumps(state, default=beside, sort_keys=True), arrays


def _packed(state: dict[str, Any]) -> bytes:
    """A state as bytes: its arrays, and the rest as JSON beside their digest."""
    text, arrays = _parted(state)
    head = json.dumps({"state": text, "digest": _digest(text, arrays)}).encode()
    buffer = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez(buffer, head=np.frombuffer(head, dtype=np.uint8), **named)
    return buffer.getvalue()


def _unpacked(path: Path) -> dict[str, Any]:
    remedy = "Restore it from a copy, or fit and save anew."
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            head = json.loads(file["head"].tobytes())
            arrays = {name: file[name] for name in file.files if name != "head"}
            text, digest = head["state"], head["digest"]
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(str(path), str(error), "a file that save() wrote", remedy) from error
    if _digest(text, arrays) != digest:
        raise DataError(str(path), "another digest", "as it was saved", remedy)
    state: dict[str, Any] = json.loads(text, object_hook=lambda item: arrays[item[ARRAY]] if ARRAY in item else item)
    return state


def _digest(text: str, arrays: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256(text.encode())
    for name in sorted(arrays):
        digest.update(f"{name} {arrays[name].shape} {arrays[name].dtype}".encode())
        digest.update(np.ascontiguousarray(arrays[name]).tobytes())
    return digest.hexdigest()
