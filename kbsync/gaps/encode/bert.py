"""The BERT family as an ONNX graph made from its published weights.

Architecture after Devlin et al. 2019 and the tensor names that Hugging Face transformers saves
(`modeling_bert.py`, `modeling_roberta.py`, `modeling_distilbert.py`).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from kbsync.errors import ConversationError
from kbsync.gaps.arrays import Floats
from kbsync.gaps.encode.onnxfile import Graph, Pieces

_MASKED: Final = -1e9
_INPUTS: Final = {"input_ids": ("batch", "tokens"), "attention_mask": ("batch", "tokens")}


class _Names(NamedTuple):
    """Where an architecture keeps the parts of a layer."""

    layer: str
    query: str
    key: str
    value: str
    joined: str
    joined_norm: str
    wide: str
    narrow: str
    norm: str


_BERT: Final = _Names(
    "encoder.layer.{}.",
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "attention.output.LayerNorm",
    "intermediate.dense",
    "output.dense",
    "output.LayerNorm",
)
_DISTILBERT: Final = _Names(
    "transformer.layer.{}.",
    "attention.q_lin",
    "attention.k_lin",
    "attention.v_lin",
    "attention.out_lin",
    "sa_layer_norm",
    "ffn.lin1",
    "ffn.lin2",
    "output_layer_norm",
)
_FAMILY: Final = {
    "bert": _BERT,
    "roberta": _BERT,
    "xlm-roberta": _BERT,
    "camembert": _BERT,
    "distilbert": _DISTILBERT,
}


def build(config: Mapping[str, Any], weights: Mapping[str, Floats], *, where: str = "") -> Pieces:
    """Return the file of an ONNX model, in pieces, with inputs `input_ids` and `attention_mask`, output: a vector for each token.

    Raises:
        ConversationError: the architecture is another one, or a tensor is missing.
    """
    kind = str(config.get("model_type"))
    if kind not in _FAMILY or config.get("hidden_act", config.get("activation", "gelu")) != "gelu":
        raise ConversationError(
            f"a model of type {kind} has no graph of its own here",
            where=where,
            hint="export it once: optimum-cli export onnx --model FOLDER FOLDER/onnx",
        )
    try:
        return _Builder(config, weights, _FAMILY[kind]).build()
    except KeyError as error:
        raise ConversationError(
            f"the model's weights lack {error}", where=where, hint="copy the model folder again"
        ) from error


class _Builder:
    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Floats], names: _Names) -> None:
        self._names = names
        self._kind = config["model_type"]
        self._epsilon = float(config.get("layer_norm_eps", 1e-12))
        self._heads = int(config.get("num_attention_heads", config.get("n_heads", 12)))
        self._layers = int(config.get("num_hidden_layers", config.get("n_layers", 6)))
        self._padding = int(config.get("pad_token_id") or 0)
        prefix = next(
            (
                name[: -len("embeddings.word_embeddings.weight")]
                for name in weights
                if name.endswith("embeddings.word_embeddings.weight")
            ),
            "",
        )
        self._weights = {name.removeprefix(prefix): value for name, value in weights.items()}
        self._graph = Graph()

    def build(self) -> Pieces:
        state = self._embeddings()
        bias = self._mask_bias()
        for number in range(self._layers):
            state = self._layer(state, bias, self._names.layer.format(number))
        return self._graph.model(_INPUTS, state)

    def _embeddings(self) -> str:
        add, constant = self._graph.add, self._graph.constant
        words = add("Gather", constant(self._weights["embeddings.word_embeddings.weight"]), "input_ids")
        places = self._weights["embeddings.position_embeddings.weight"]
        if "embeddings.token_type_embeddings.weight" in self._weights:
            places = places + self._weights["embeddings.token_type_embeddings.weight"][0]
        return self._norm(
            add("Add", words, add("Gather", constant(places), self._positions())), "embeddings.LayerNorm"
        )

    def _positions(self) -> str:
        """0, 1, 2…; RoBERTa counts from its padding id and gives padding that id itself."""
        add, constant = self._graph.add, self._graph.constant
        counted = add("CumSum", "attention_mask", constant(np.array(1)))
        if self._kind in {"bert", "distilbert"}:
            return add("Max", add("Sub", counted, constant(np.array(1))), constant(np.array(0)))
        return add("Add", add("Mul", counted, "attention_mask"), constant(np.array(self._padding)))

    def _mask_bias(self) -> str:
        add, constant = self._graph.add, self._graph.constant
        absent = add("Sub", constant(1.0), add("Cast", "attention_mask", to=1))
        return add("Unsqueeze", add("Mul", absent, constant(_MASKED)), constant([1, 2]))

    def _layer(self, state: str, bias: str, at: str) -> str:
        add, names = self._graph.add, self._names
        attended = self._linear(self._attention(state, bias, at), at + names.joined)
        state = self._norm(add("Add", attended, state), at + names.joined_norm)
        fed = self._linear(self._gelu(self._linear(state, at + names.wide)), at + names.narrow)
        return self._norm(add("Add", fed, state), at + names.norm)

    def _attention(self, state: str, bias: str, at: str) -> str:
        add, constant, names = self._graph.add, self._graph.constant, self._names
        width = self._weights[at + names.query + ".weight"].shape[0] // self._heads
        query = self._split_heads(self._linear(state, at + names.query), width, (0, 2, 1, 3))
        key = self._split_heads(self._linear(state, at + names.key), width, (0, 2, 3, 1))
        value = self._split_heads(self._linear(state, at + names.value), width, (0, 2, 1, 3))
        scores = add("Mul", add("MatMul", query, key), constant(1 / math.sqrt(width)))
        shares = add("Softmax", add("Add", scores, bias), axis=-1)
        joined = add("Transpose", add("MatMul", shares, value), perm=(0, 2, 1, 3))
        return add("Reshape", joined, constant([0, 0, self._heads * width]))

    def _split_heads(self, state: str, width: int, order: tuple[int, ...]) -> str:
        split = self._graph.add("Reshape", state, self._graph.constant([0, 0, self._heads, width]))
        return self._graph.add("Transpose", split, perm=order)

    def _linear(self, state: str, at: str) -> str:
        add, constant = self._graph.add, self._graph.constant
        return add(
            "Add",
            add("MatMul", state, constant(self._weights[at + ".weight"].T)),
            constant(self._weights[at + ".bias"]),
        )

    def _gelu(self, state: str) -> str:
        add, constant = self._graph.add, self._graph.constant
        spread = add("Add", add("Erf", add("Div", state, constant(math.sqrt(2)))), constant(1.0))
        return add("Mul", add("Mul", state, spread), constant(0.5))

    def _norm(self, state: str, at: str) -> str:
        scale, shift = (self._graph.constant(self._weights[f"{at}.{part}"]) for part in ("weight", "bias"))
        return self._graph.add("LayerNormalization", state, scale, shift, axis=-1, epsilon=self._epsilon)
