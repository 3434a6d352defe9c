"""Sentence vectors through onnxruntime and tokenizers: any sentence-transformers model that lies on this machine."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import numpy as np

from kbsync.errors import ConfigError, ConversationError
from kbsync.gaps.abreast import abreast
from kbsync.gaps.arrays import Floats, Integers, Vectors, unit_rows
from kbsync.gaps.encode.bert import build
from kbsync.gaps.encode.folder import Recipe, read_recipe
from kbsync.gaps.encode.safetensors import read_tensors

_BATCH: Final = 16
_CHARACTERS: Final = 20_000
#: onnxruntime joins an addition and the norm after it into one operation that its CPU provider works off number by
#: number; apart they take a quarter of the time.
_SLOWER: Final = ("SkipLayerNormFusion",)


class SentenceEncoder:
    """A model folder at work. Uses `onnx/model.onnx` or `model.onnx` where there is one, else the weights."""

    def __init__(self, folder: Path) -> None:
        try:
            import onnxruntime  # noqa: PLC0415 - optional
            import tokenizers  # noqa: PLC0415 - optional
        except ImportError as error:
            raise ConfigError(
                "[gaps] encoder: sentence vectors need onnxruntime and tokenizers",
                hint="pip install 'kbsync[semantic]', or set encoder = \"tfidf\"",
            ) from error
        self._folder = folder
        self.recipe: Recipe = read_recipe(folder)
        with _whole(folder / "tokenizer.json") as path:
            self._tokenizer = tokenizers.Tokenizer.from_file(str(path))
        self._tokenizer.enable_truncation(self.recipe.max_tokens)
        self._tokenizer.no_padding()
        with _graph(folder) as model, _whole(_weights(folder)):
            self._session = onnxruntime.InferenceSession(
                model,
                _options(onnxruntime),
                providers=["CPUExecutionProvider"],
                disabled_optimizers=_SLOWER,
            )
        self.name = _named(_weights(folder))
        self._inputs = {entry.name for entry in self._session.get_inputs()}

    def __reduce__(self) -> tuple[Any, tuple[Path]]:
        """Travel as the name of the folder."""
        return load, (self._folder,)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Return unit rows, shape (texts, width); texts beyond the model's length are cut."""
        recipe, shape = self.recipe, self._session.get_outputs()[0].shape
        tokens = [
            self._tokens(recipe.prompt + (text.lower() if recipe.lower_case else text)) for text in texts
        ]
        batches = _alike(tokens, [row for row, text in enumerate(texts) if text.strip()])
        pooled = abreast(lambda rows: self._run([tokens[row] for row in rows]), batches)
        width = pooled[0].shape[1] if pooled else shape[-1] if isinstance(shape[-1], int) else 0
        vectors = np.zeros((len(texts), width), dtype=np.float32)
        for rows, found in zip(batches, pooled, strict=True):
            vectors[rows] = found
        return unit_rows(vectors)

    def _tokens(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text[:_CHARACTERS]).ids
        return ids

    def _run(self, tokens: list[list[int]]) -> Floats:
        longest = max(len(ids) for ids in tokens)
        mask = np.array([[1] * len(ids) + [0] * (longest - len(ids)) for ids in tokens], dtype=np.int64)
        ids = np.array([ids + [0] * (longest - len(ids)) for ids in tokens], dtype=np.int64)
        offered = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        states = self._session.run(None, {name: offered[name] for name in self._inputs})[0]
        return states if states.ndim == 2 else _pooled(states, mask, self.recipe.pooling)  # noqa: PLR2004 - a graph that pools by itself


def _alike(tokens: Sequence[list[int]], rows: Sequence[int]) -> list[list[int]]:
    """Put rows of like length together, so that little is spent on padding."""
    order = sorted(rows, key=lambda row: len(tokens[row]))
    return [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]


@lru_cache(maxsize=2)
def load(folder: Path) -> SentenceEncoder:
    """Return the model of a folder, loaded once in a process."""
    return SentenceEncoder(folder)


def _pooled(states: Floats, mask: Integers, how: str) -> Floats:
    if how == "cls":
        return np.asarray(states[:, 0])
    present = mask[:, :, None].astype(np.float32)
    if how == "max":
        return np.asarray(np.where(present > 0, states, -np.inf).max(axis=1))
    return np.asarray((states * present).sum(axis=1) / present.sum(axis=1))


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """Name the file that a library fails to load.

    Raises:
        ConversationError: the file is missing, cut off, or no such file.
    """
    try:
        yield path
    except Exception as error:  # onnxruntime's and tokenizers' errors share no other base
        raise ConversationError(
            "the model cannot be loaded", where=str(path), hint="copy the model folder again"
        ) from error


def _weights(folder: Path) -> Path:
    """Return the file with the weights: a graph where there is one."""
    graphs = (folder / "onnx" / "model.onnx", folder / "model.onnx")
    return next((path for path in graphs if path.is_file()), folder / "model.safetensors")


@contextmanager
def _graph(folder: Path) -> Iterator[str]:
    """Yield the path of the graph; where there are only weights it is there as long as it takes to load it.

    Given the bytes instead, onnxruntime's Python layer would keep a copy for good (1.31, `_model_bytes`).
    """
    weights = _weights(folder)
    if weights.suffix == ".onnx":
        yield str(weights)
        return
    config = json.loads((folder / "config.json").read_text("utf-8"))
    with tempfile.TemporaryDirectory(prefix="kbsync-") as made:
        path = Path(made) / "model.onnx"
        with path.open("wb") as file:
            file.writelines(build(config, read_tensors(weights), where=str(folder)))
        yield str(path)


def _named(weights: Path) -> str:
    """Name a model by its shape and a digest of the end of its weights: stable across machines, cheap to take."""
    with weights.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 1_000_000))
        digest = hashlib.sha256(str(size).encode() + file.read())
    return f"sentence-{digest.hexdigest()[:12]}"


def _options(onnxruntime: Any) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1  # small batches side by side leave no core waiting
    options.enable_cpu_mem_arena = False  # batches are small: what it keeps is more than what it saves
    options.log_severity_level = 3
    return options
