"""Writes all-MiniLM-L6-v2 as an ONNX graph, node by node, in several weight formats.

This file decides the graph and how its weights are stored. It knows nothing of files, tokenizers
or how good a format is (`compare_embedding_formats.py` measures that).

The graph is written out instead of being traced from torch: the result depends on nothing but the
weights and this file, so the same bytes come out every time, and attention, skip connections with
layer norm, and bias with GELU are fused from the start (com.microsoft operators of onnxruntime).
It takes the token ids of texts of one length, `[batch, tokens]`, needs no mask because nothing is
ever padded, and ends in mean pooling and unit length: `vector [batch, 384]`.

Architecture: Devlin et al. 2018 (BERT), Wang et al. 2020 (MiniLM), Reimers and Gurevych 2019
(mean pooling).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

LAYERS = 6
HEADS = 12
WIDTH = 384
MAX_TOKENS = 256  # what the model was trained on; the longer half of its positions is left out
BLOCK = 64  # inputs that share one scale in the stored format
FUSED = "com.microsoft"
EPSILON = 1e-12

Weights = Mapping[str, NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Quantized:
    """Integers and the scales that turn them back: ``values * scales`` is near the original."""

    values: NDArray[np.int8]
    scales: NDArray[np.float32]


def quantize(weights: NDArray[np.float32], axis: int, limit: int = 127) -> Quantized:
    """Symmetric rounding to integers in ``[-limit, limit]``, one scale per slice along ``axis``."""
    largest = np.abs(weights).max(axis=axis, keepdims=True)
    scales = np.where(largest == 0, 1, largest) / np.float32(limit)
    values = np.clip(np.rint(weights / scales), -limit, limit).astype(np.int8)
    return Quantized(values, scales.astype(np.float32))


class Graph:
    """Collects nodes and constants; every name is a running number, so names never collide."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []

    def constant(self, array: NDArray[np.generic]) -> str:
        name = f"c{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def add(self, kind: str, *inputs: str, domain: str = "", **attributes: object) -> str:
        return self.add_many(kind, *inputs, outputs=1, domain=domain, **attributes)[0]

    def add_many(
        self, kind: str, *inputs: str, outputs: int, domain: str = "", **attributes: object
    ) -> list[str]:
        number = len(self.nodes)
        names = [f"n{number}.{position}" for position in range(outputs)]
        self.nodes.append(
            helper.make_node(kind, inputs, names, f"n{number}", domain=domain, **attributes)
        )
        return names


class Format:
    """How linear layers keep and multiply their weights. A weight is ``[outputs, inputs]``."""

    word_rows_as_int8 = True

    def linear(self, graph: Graph, x: str, weight: NDArray[np.float32]) -> str:
        return graph.add("MatMul", x, self.matrix(graph, weight))

    def attention(
        self, graph: Graph, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> str:
        """Fused self-attention; ``weight`` stacks query, key and value."""
        matrix = self.matrix(graph, weight)
        return graph.add(
            "Attention", x, matrix, graph.constant(bias), domain=FUSED, num_heads=HEADS
        )

    def matrix(self, graph: Graph, weight: NDArray[np.float32]) -> str:
        """The name of the float matrix ``[inputs, outputs]``."""
        return graph.constant(weight.T)


class Float32(Format):
    """The original numbers: 90 MB, the yardstick."""

    word_rows_as_int8 = False


class StoredInt8(Format):
    """Int8 on disk, float arithmetic: the session turns the integers into floats while it loads.

    That needs the session option ``session.disable_quant_qdq=1``; without it onnxruntime turns
    each pair of dequantization and product into an integer kernel of its own.
    """

    def matrix(self, graph: Graph, weight: NDArray[np.float32]) -> str:
        outputs, inputs = weight.shape
        stored = quantize(weight.T.reshape(inputs // BLOCK, BLOCK, outputs), axis=1)
        values = graph.constant(stored.values.reshape(inputs, outputs))
        scales = graph.constant(stored.scales[:, 0])
        return graph.add("DequantizeLinear", values, scales, axis=0, block_size=BLOCK)


class _SplitAttention(Format):
    """For formats whose product is an operator of its own, so attention takes its results."""

    def attention(
        self, graph: Graph, x: str, weight: NDArray[np.float32], bias: NDArray[np.float32]
    ) -> str:
        product = graph.add("Add", self.linear(graph, x, weight), graph.constant(bias))
        parts = graph.add_many("Split", product, outputs=3, axis=-1, num_outputs=3)
        return graph.add("MultiHeadAttention", *parts, domain=FUSED, num_heads=HEADS)


class DynamicInt8(_SplitAttention):
    """Integer arithmetic, one activation scale per run; 7 bits keep AVX2 from saturating."""

    limit = 64

    def linear(self, graph: Graph, x: str, weight: NDArray[np.float32]) -> str:
        stored = quantize(weight, axis=1, limit=self.limit)
        quantized, scale, zero = graph.add_many("DynamicQuantizeLinear", x, outputs=3)
        values = graph.constant(stored.values.T)
        scales = graph.constant(stored.scales[:, 0])
        inputs = (quantized, values, scale, scales, zero)
        return graph.add("MatMulIntegerToFloat", *inputs, domain=FUSED)


class DynamicInt8FullRange(DynamicInt8):
    """As `DynamicInt8` with all 8 bits: finer, but saturates on processors without VNNI."""

    limit = 127


class BlockInt8(_SplitAttention):
    """Integer arithmetic with one activation scale per row and block of 32."""

    block = 32

    def linear(self, graph: Graph, x: str, weight: NDArray[np.float32]) -> str:
        outputs, inputs = weight.shape
        stored = quantize(weight.reshape(outputs, inputs // self.block, self.block), axis=2)
        return graph.add(
            "MatMulNBits",
            x,
            graph.constant((stored.values.astype(np.int16) + 128).astype(np.uint8)),
            graph.constant(stored.scales[..., 0]),
            domain=FUSED,
            K=inputs,
            N=outputs,
            bits=8,
            block_size=self.block,
            accuracy_level=4,
        )


FORMATS: dict[str, Format] = {
    "fp32": Float32(),
    "stored-int8": StoredInt8(),
    "dynamic-int8": DynamicInt8(),
    "dynamic-int8-full-range": DynamicInt8FullRange(),
    "block-int8": BlockInt8(),
}


def minilm(weights: Weights, form: Format) -> onnx.ModelProto:
    """The whole model from the tensors of its safetensors file, in one of the `FORMATS`."""
    graph = Graph()
    x = _embeddings(graph, weights, form)
    for number in range(LAYERS):
        x = _layer(graph, weights, form, f"encoder.layer.{number}.", x)
    pooled = graph.add("ReduceMean", x, graph.constant(np.array([1], np.int64)), keepdims=0)
    graph.nodes.append(
        helper.make_node("LpNormalization", [pooled], ["vector"], "unit", axis=1, p=2)
    )
    body = helper.make_graph(
        graph.nodes,
        "all-MiniLM-L6-v2",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["batch", "tokens"])],
        [helper.make_tensor_value_info("vector", TensorProto.FLOAT, ["batch", WIDTH])],
        graph.constants,
    )
    # Opset 21 (scales per block) and IR 10 are read by every onnxruntime since 1.18.
    opsets = [helper.make_opsetid("", 21), helper.make_opsetid(FUSED, 1)]
    return helper.make_model(
        body, opset_imports=opsets, ir_version=10, producer_name="context-manager"
    )


def _embeddings(graph: Graph, weights: Weights, form: Format) -> str:
    prefix = "embeddings."
    positions = (
        weights[prefix + "position_embeddings.weight"][:MAX_TOKENS]
        + weights[prefix + "token_type_embeddings.weight"][0]
    )
    zero, one = (graph.constant(np.array([number], np.int64)) for number in (0, 1))
    length = graph.add("Gather", graph.add("Shape", "input_ids"), one)
    place = graph.add(
        "Unsqueeze", graph.add("Slice", graph.constant(positions), zero, length), zero
    )
    summed = graph.add(
        "Add", _words(graph, weights[prefix + "word_embeddings.weight"], form), place
    )
    gain, shift = (
        graph.constant(weights[f"{prefix}LayerNorm.{part}"]) for part in ("weight", "bias")
    )
    return graph.add("LayerNormalization", summed, gain, shift, epsilon=EPSILON)


def _words(graph: Graph, rows: NDArray[np.float32], form: Format) -> str:
    """Word vectors; stored ones stay int8 in memory too, and only the rows in use become floats."""
    if not form.word_rows_as_int8:
        return graph.add("Gather", graph.constant(rows), "input_ids")
    stored = quantize(rows, axis=1)
    values = graph.add("Gather", graph.constant(stored.values), "input_ids")
    scales = graph.add("Gather", graph.constant(stored.scales), "input_ids")
    return graph.add("Mul", graph.add("Cast", values, to=TensorProto.FLOAT), scales)


def _layer(graph: Graph, weights: Weights, form: Format, prefix: str, x: str) -> str:
    heads = [f"{prefix}attention.self.{part}" for part in ("query", "key", "value")]
    attended = form.attention(
        graph,
        x,
        np.concatenate([weights[head + ".weight"] for head in heads]),
        np.concatenate([weights[head + ".bias"] for head in heads]),
    )
    x = _residual(graph, weights, form, prefix + "attention.output.", attended, x)
    inner = form.linear(graph, x, weights[prefix + "intermediate.dense.weight"])
    bias = graph.constant(weights[prefix + "intermediate.dense.bias"])
    inner = graph.add("BiasGelu", inner, bias, domain=FUSED)
    return _residual(graph, weights, form, prefix + "output.", inner, x)


def _residual(
    graph: Graph, weights: Weights, form: Format, prefix: str, inner: str, skip: str
) -> str:
    """Linear layer, bias, skip connection and layer norm."""
    product = form.linear(graph, inner, weights[prefix + "dense.weight"])
    constants = ("LayerNorm.weight", "LayerNorm.bias", "dense.bias")
    extra = [graph.constant(weights[prefix + name]) for name in constants]
    return graph.add("SkipLayerNormalization", product, skip, *extra, domain=FUSED, epsilon=EPSILON)
