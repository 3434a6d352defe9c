"""Write a graph in the ONNX file format, so that onnxruntime can run weights that come without a graph.

ONNX is Protocol Buffers; field numbers are those of `onnx.proto` (https://github.com/onnx/onnx, IR version 8).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Final, TypeAlias

import numpy as np

from kbsync.gaps.arrays import Floats, Integers

_FLOAT: Final = 1
_INT64: Final = 7
_IR_VERSION: Final = 8
_OPSET: Final = 17

Attribute = int | float | Sequence[int]
Pieces: TypeAlias = list[bytes | memoryview]


class Graph:
    """A graph under construction; every operation returns the name of its result."""

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._constants: list[Pieces] = []
        self._names = 0

    def constant(self, value: Floats | Integers | float | Sequence[int]) -> str:
        """Add a constant tensor: integers as int64, all else as float32."""
        array = np.asarray(value)
        array = array.astype("<i8" if array.dtype.kind in "iu" else "<f4", order="C", copy=False)
        name = self._name()
        kind = _INT64 if array.dtype.kind == "i" else _FLOAT
        dims = b"".join(_number(1, size) for size in array.shape)
        head = dims + _number(2, kind) + _text(8, name)
        self._constants.append([head, *_nested(9, [array.data.cast("B")])])
        return name

    def add(self, operator: str, *inputs: str, **attributes: Attribute) -> str:
        """Add an operation of the default operator set."""
        name = self._name()
        self._nodes.append(
            b"".join(_text(1, source) for source in inputs)
            + _text(2, name)
            + _text(4, operator)
            + b"".join(_bytes(5, _attribute(key, value)) for key, value in attributes.items())
        )
        return name

    def model(self, inputs: Mapping[str, Sequence[str]], output: str) -> Pieces:
        """Return the model file in pieces, the weights among them not copied.

        `inputs` are int64 with named dimensions, the output is float32 of rank 3.
        """
        graph: Pieces = [
            *(_bytes(1, node) for node in self._nodes),
            _text(2, "encoder"),
            *chain.from_iterable(_nested(5, constant) for constant in self._constants),
            *(_bytes(11, _value(name, _INT64, dims)) for name, dims in inputs.items()),
            _bytes(12, _value(output, _FLOAT, ("batch", "tokens", "width"))),
        ]
        head, tail = _number(1, _IR_VERSION) + _text(2, "kbsync"), _text(1, "") + _number(2, _OPSET)
        return [head, *_nested(7, graph), _bytes(8, tail)]

    def _name(self) -> str:
        self._names += 1
        return f"t{self._names}"


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _nested(field: int, pieces: Pieces) -> Pieces:
    """Return a message that holds another one, whose weights are not copied."""
    return [_varint(field << 3 | 2) + _varint(sum(map(len, pieces))), *pieces]


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _text(field: int, value: str) -> bytes:
    return _bytes(field, value.encode())


def _attribute(name: str, value: Attribute) -> bytes:
    if isinstance(value, float):
        return _text(1, name) + _varint(2 << 3 | 5) + struct.pack("<f", value) + _number(20, 1)
    if isinstance(value, int):
        return _text(1, name) + _number(3, value) + _number(20, 2)
    return _text(1, name) + b"".join(_number(8, item) for item in value) + _number(20, 7)


def _value(name: str, kind: int, dims: Iterable[str]) -> bytes:
    shape = b"".join(_bytes(1, _text(2, dim)) for dim in dims)
    return _text(1, name) + _bytes(2, _bytes(1, _number(1, kind) + _bytes(2, shape)))
