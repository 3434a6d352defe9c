"""Read weights from a safetensors file without further packages.

The format is an 8-byte little-endian header length, a JSON header with type, shape and byte range of each
tensor, and the bytes (https://huggingface.co/docs/safetensors, "Format").
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import numpy as np

from kbsync.errors import ConversationError
from kbsync.gaps.arrays import Floats

_LENGTH_BYTES: Final = 8
_TYPES: Final = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


def read_tensors(path: Path) -> dict[str, Floats]:
    """Return all floating tensors as float32, memory-mapped where they are stored so.

    Raises:
        ConversationError: the file is not a safetensors file, or is cut off.
    """
    try:
        stored = np.memmap(path, dtype=np.uint8, mode="r")
        start = _LENGTH_BYTES + int.from_bytes(stored[:_LENGTH_BYTES].tobytes(), "little")
        header = json.loads(stored[_LENGTH_BYTES:start].tobytes())
        return {
            name: _tensor(stored[start:], entry)
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in _TYPES
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConversationError(
            "the model's weights cannot be read", where=str(path), hint="copy the model folder again"
        ) from error


def _tensor(data: np.ndarray[Any, np.dtype[np.uint8]], entry: dict[str, Any]) -> Floats:
    begin, end = entry["data_offsets"]
    flat = data[begin:end].view(_TYPES[entry["dtype"]])
    return np.asarray(flat.reshape(entry["shape"]), dtype=np.float32)
