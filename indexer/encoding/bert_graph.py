"""A BERT encoder as an ONNX graph, written from its weights with numpy alone.

The operators are the fused ones of ONNX Runtime (domain ``com.microsoft``), which OpenVINO reads
too. The graph equals the one that ``torch.onnx.export`` and ONNX Runtime's optimiser make from the
same weights, so the states are equal to the last bit (tests/test_convert.py).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnx import ModelProto, NodeProto

Tensors = Mapping[str, NDArray[Any]]
"""Weights by name, as the ``transformers`` library names those of a ``BertModel``; float32.

The word embeddings are int8 blocks if ``embeddings.word_embeddings.weight.scales`` is present.
"""

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "last_hidden_state"
_OPSET = 17
_IR_VERSION = 8  # the oldest that the operators need, so that older runtimes can read the file
_EPSILON = 1e-12  # keeps the normalisation from dividing by zero; BERT was trained with it
_FUSED = "com.microsoft"
_WORDS = "embeddings.word_embeddings.weight"


def bert_graph(tensors: Tensors, *, layers: int, heads: int) -> ModelProto:
    """Return the graph from word pieces to the last hidden states.

    The inputs are int64 arrays of shape ``(batch, length)``, the output is float32 of shape
    ``(batch, length, dimension)``.

    :param tensors: the weights, without a prefix before ``embeddings`` and ``encoder``.
    :param layers: of the encoder.
    :param heads: of the attention in each layer.
    :raises KeyError: if a weight is missing.
    """
    from onnx import TensorProto, helper

    graph = _Graph(tensors, heads)
    graph.embed()
    for layer in range(layers):
        graph.add_layer(layer)
    graph.nodes[-1].output[0] = OUTPUT
    dimension = tensors["embeddings.LayerNorm.weight"].shape[0]

    def declare(name: str, kind: int, *more: int) -> object:
        return helper.make_tensor_value_info(name, kind, ["batch", "length", *more])

    whole = helper.make_graph(
        graph.nodes,
        "bert",
        [declare(name, TensorProto.INT64) for name in INPUTS],
        [declare(OUTPUT, TensorProto.FLOAT, dimension)],
        graph.weights,
    )
    versions = [helper.make_opsetid("", _OPSET), helper.make_opsetid(_FUSED, 1)]
    return helper.make_model(whole, opset_imports=versions, ir_version=_IR_VERSION)


class _Graph:
    """Nodes and weights in the order they are added; ``last`` names the newest states."""

    def __init__(self, tensors: Tensors, heads: int) -> None:
        self._tensors = tensors
        self._heads = heads
        self.nodes: list[NodeProto] = []
        self.weights: list[object] = []
        self.last = ""

    def embed(self) -> None:
        """Add words, positions and segments, normalised, and the lengths of the texts."""
        from onnx import TensorProto

        if f"{_WORDS}.scales" in self._tensors:
            self._embed_blocks()
            return
        names = []
        for name in INPUTS:
            self._node("Cast", [name], f"{name}_int32", to=TensorProto.INT32, domain="")
            names.append(f"{name}_int32")
        ids, mask, segments = names
        tables = [
            self._keep(f"embeddings.{kind}_embeddings.weight")
            for kind in ("word", "position", "token_type")
        ]
        norm = self._norm("embeddings.LayerNorm")
        self._node(
            "EmbedLayerNormalization",
            [ids, segments, *tables, *norm, mask],
            "embedded",
            "mask_index",
            epsilon=_EPSILON,
        )
        self.last = "embedded"

    def _embed_blocks(self) -> None:
        """Add the same, with word embeddings in blocks of int8 numbers that share a scale.

        The table takes a quarter of the memory and gives the same numbers as the float32 table.
        """
        from onnx import TensorProto

        def plain(kind: str, inputs: list[str], output: str, **more: float) -> str:
            self._node(kind, inputs, output, domain="", **more)
            return output

        dimension = self._tensors["embeddings.LayerNorm.weight"].shape[0]
        numbers = plain("Gather", [self._keep(_WORDS), "input_ids"], "numbers")
        numbers = plain("Cast", [numbers], "float_numbers", to=TensorProto.FLOAT)
        scales = plain("Gather", [self._keep(f"{_WORDS}.scales"), "input_ids"], "scales")
        blocks = plain("Mul", [numbers, scales], "blocks")
        flat = self._add("flat_shape", np.array([0, 0, dimension], np.int64))
        words = plain("Reshape", [blocks, flat], "words")
        sizes = plain("Shape", ["input_ids"], "sizes")
        length = plain("Gather", [sizes, self._add("one", np.array([1], np.int64))], "length")
        start, axis = (self._add(n, np.array([0], np.int64)) for n in ("start", "axis"))
        table = self._keep("embeddings.position_embeddings.weight")
        positions = plain("Slice", [table, start, length, axis], "positions")
        placed = plain("Add", [words, positions], "placed")
        segment = self._add("segment", self._tensors["embeddings.token_type_embeddings.weight"][0])
        summed = plain("Add", [placed, segment], "summed")
        plain(
            "LayerNormalization",
            [summed, *self._norm("embeddings.LayerNorm")],
            "embedded",
            epsilon=_EPSILON,
            axis=-1,
        )
        mask = plain("Cast", ["attention_mask"], "attention_mask_int32", to=TensorProto.INT32)
        last = self._add("last_axis", np.array([1], np.int64))
        plain("ReduceSum", [mask, last], "mask_index", keepdims=0)
        self.last = "embedded"

    def add_layer(self, number: int) -> None:
        """Add attention and the two dense layers after it."""
        name = f"encoder.layer.{number}"
        parts = [f"{name}.attention.self.{part}" for part in ("query", "key", "value")]
        weight = np.concatenate([self._tensors[f"{p}.weight"].T for p in parts], axis=1)
        bias = np.concatenate([self._tensors[f"{p}.bias"] for p in parts])
        inputs = [
            self.last,
            self._add(f"{name}.qkv.weight", weight),
            self._add(f"{name}.qkv.bias", bias),
            "mask_index",
        ]
        self._node("Attention", inputs, f"{name}.attention", num_heads=self._heads)
        self._add_and_norm(f"{name}.attention", f"{name}.attention.output", self.last)
        before = self.last
        self._dense(before, f"{name}.intermediate.dense")
        bias_name = self._keep(f"{name}.intermediate.dense.bias")
        self._node("BiasGelu", [f"{name}.intermediate.dense", bias_name], f"{name}.activated")
        self._add_and_norm(f"{name}.activated", f"{name}.output", before)

    def _add_and_norm(self, states: str, name: str, before: str) -> None:
        """Add a dense layer and the input of the block, then normalise the sum."""
        self._dense(states, f"{name}.dense")
        inputs = [f"{name}.dense", before, *self._norm(f"{name}.LayerNorm")]
        inputs.append(self._keep(f"{name}.dense.bias"))
        self._node("SkipLayerNormalization", inputs, name, epsilon=_EPSILON)
        self.last = name

    def _dense(self, states: str, name: str) -> None:
        weight = self._add(f"{name}.weight", self._tensors[f"{name}.weight"].T)
        self._node("MatMul", [states, weight], name, domain="")

    def _norm(self, name: str) -> list[str]:
        return [self._keep(f"{name}.{part}") for part in ("weight", "bias")]

    def _keep(self, name: str) -> str:
        return self._add(name, self._tensors[name])

    def _add(self, name: str, values: NDArray[Any]) -> str:
        from onnx import numpy_helper

        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _node(
        self, kind: str, inputs: list[str], *outputs: str, domain: str = _FUSED, **more: float
    ) -> None:
        from onnx import helper

        name = outputs[0] + ".node"
        self.nodes.append(
            helper.make_node(kind, inputs, list(outputs), name=name, domain=domain, **more)
        )
