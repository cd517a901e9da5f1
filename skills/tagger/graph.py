"""Writes the run-time graph: the network's arithmetic as ONNX, in float or as static int8.

Inputs: ids, segments int64 [batch, length]; pool float32 [batch, rows, length].
Outputs: logits float32 [batch, rows, outputs], embedding float32 [batch, width] (unit rows) and states
float32 [batch, length, width]. There is no padding input: the messages of a pass are all of one
length (`blocks`), which makes the labels of each independent of its neighbours.

Static int8: every linear layer multiplies uint8 inputs of a fixed range (from calibration) with int8 weights
scaled per output channel; the word table holds int8 rows with one scale per row. All else stays float.
Input channels with outliers are divided by a fixed vector that multiplies the weights instead (SmoothQuant,
Xiao et al. 2023), so that one outlier does not use up the 256 steps of all the others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from skills.tagger.heads import N_OUTPUTS, OUTSIDE

WIDTH, LAYERS, HEADS, INNER = 384, 6, 12, 1536
OPSET = 20
# onnxruntime's own operators: one pass over memory where the plain graph needs five.
FUSED, FUSED_KINDS = "com.microsoft", ("QAttention", "MatMulIntegerToFloat")


@dataclass(frozen=True, slots=True)
class InputRange:
    """What a linear layer's input looks like: divided by `smooth` [inputs], it lies in [low, high]."""

    low: float
    high: float
    smooth: np.ndarray


class Graph:
    """Collects nodes and weights; `ranges` gives the input range of each int8 linear layer, None = float."""

    def __init__(self, weights: Mapping[str, np.ndarray], ranges: Mapping[str, InputRange] | None):
        self.weights, self.ranges = weights, ranges
        self.nodes: list[onnx.NodeProto] = []
        self.constants: list[onnx.TensorProto] = []
        self.watched: dict[str, str] = {}
        self._count = 0

    def const(self, array: np.ndarray) -> str:
        self._count += 1
        name = f"c{self._count}"
        self.constants.append(numpy_helper.from_array(np.array(array, order="C"), name))
        return name

    def op(self, kind: str, *inputs: str, output: str = "", **attributes) -> str:
        self._count += 1
        name = output or f"v{self._count}"
        domain = FUSED if kind in FUSED_KINDS else ""
        self.nodes.append(helper.make_node(kind, list(inputs), [name], domain=domain, **attributes))
        return name

    def in_int8(self, layer: str) -> bool:
        return self.ranges is not None and layer in self.ranges

    def linear(self, x: str, layer: str) -> str:
        """x @ W.T + b; in int8 if the layer has a range."""
        if self.ranges is None:
            self.watched[layer] = x
        bias = layer + ".bias" in self.weights
        if self.in_int8(layer):
            coarse, step, origin = self.coarse(x, layer)
            whole, scales, zeros = self.whole(layer)
            shift = [self.const(self.weights[layer + ".bias"])] if bias else []
            return self.op("MatMulIntegerToFloat", coarse, whole, step, scales, origin, zeros, *shift)
        y = self.op("MatMul", x, self.const(self.weights[layer + ".weight"].T))
        return self.op("Add", y, self.const(self.weights[layer + ".bias"])) if bias else y

    def coarse(self, x: str, layer: str) -> tuple[str, str, str]:
        """x smoothed and in uint8, with its scale and zero point."""
        span = self.ranges[layer]
        scale, zero = input_scale(span.low, span.high)
        step, origin = self.const(scale), self.const(zero)
        if not np.all(span.smooth == 1):
            x = self.op("Mul", x, self.const((1 / span.smooth).astype(np.float32)))
        return self.op("QuantizeLinear", x, step, origin), step, origin

    def whole(self, layer: str) -> tuple[str, str, str]:
        """The layer's smoothed weights in int8 [inputs, outputs], with scales and zero points [outputs]."""
        whole, scales = quantize_rows(self.weights[layer + ".weight"] * self.ranges[layer].smooth)
        return self.const(whole.T), self.const(scales), self.const(np.zeros(len(scales), np.int8))

    def norm(self, x: str, layer: str) -> str:
        scale, bias = (self.const(self.weights[f"{layer}.{part}"]) for part in ("weight", "bias"))
        return self.op("LayerNormalization", x, scale, bias, axis=-1, epsilon=1e-12)

    def lookup(self, ids: str) -> str:
        """Rows of the word table; in int8 with one scale per row."""
        table = self.weights["words.weight"]
        if self.ranges is None:
            return self.op("Gather", self.const(table), ids)
        whole, scales = quantize_rows(table)
        row = self.op("Cast", self.op("Gather", self.const(whole), ids), to=TensorProto.FLOAT)
        return self.op("Mul", row, self.op("Gather", self.const(scales[:, None]), ids))

    def layer(self, x: str, name: str) -> str:
        mixed = self.linear(self.attention(x, name + ".qkv"), name + ".out")
        x = self.norm(self.op("Add", x, mixed), name + ".norm1")
        inner = self.linear(self.op("Gelu", self.linear(x, name + ".up")), name + ".down")
        return self.norm(self.op("Add", x, inner), name + ".norm2")

    def attention(self, x: str, layer: str) -> str:
        if self.in_int8(layer):
            coarse, step, origin = self.coarse(x, layer)
            whole, scales, zeros = self.whole(layer)
            bias = self.const(self.weights[layer + ".bias"])
            inputs = (coarse, whole, bias, step, scales, "", origin, zeros)
            return self.op("QAttention", *inputs, num_heads=HEADS)
        split = self.const(np.array([0, 0, 3, HEADS, WIDTH // HEADS], np.int64))
        qkv = self.op("Transpose", self.op("Reshape", self.linear(x, layer), split), perm=[2, 0, 3, 1, 4])
        q, k, v = (self.op("Gather", qkv, self.const(np.array(part, np.int64)), axis=0) for part in range(3))
        scaled = self.op("Mul", q, self.const(np.array((WIDTH // HEADS) ** -0.5, np.float32)))
        scores = self.op("MatMul", scaled, self.op("Transpose", k, perm=[0, 1, 3, 2]))
        mixed = self.op("MatMul", self.op("Softmax", scores, axis=-1), v)
        mixed = self.op("Transpose", mixed, perm=[0, 2, 1, 3])
        return self.op("Reshape", mixed, self.const(np.array([0, 0, WIDTH], np.int64)))


def quantize_rows(matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """int8 matrix and float32 scale of each row, symmetric."""
    scales = np.maximum(np.abs(matrix).max(axis=1), 1e-8).astype(np.float32) / 127
    return np.clip(np.rint(matrix / scales[:, None]), -127, 127).astype(np.int8), scales


def input_scale(low: float, high: float) -> tuple[np.ndarray, np.ndarray]:
    """Scale and zero point of a uint8 input whose values lie in [low, high]; zero is exact."""
    low, high = min(low, 0.0), max(high, 0.0)
    scale = max((high - low) / 255, 1e-8)
    return np.array(scale, np.float32), np.array(round(-low / scale), np.uint8)


def build(
    weights: Mapping[str, np.ndarray], ranges: Mapping[str, InputRange] | None = None
) -> onnx.ModelProto:
    """The graph of a network's weights (its state dict as numpy): float without `ranges`, else int8."""
    return _model(_body(weights, ranges), [])


def build_watched(weights: Mapping[str, np.ndarray]) -> tuple[onnx.ModelProto, dict[str, str]]:
    """The float graph with each linear layer's input as an extra output, and that output's name by layer."""
    graph = _body(weights, None)
    return _model(graph, sorted(set(graph.watched.values()) - {"states"})), graph.watched


def _body(weights: Mapping[str, np.ndarray], ranges: Mapping[str, InputRange] | None) -> Graph:
    graph = Graph(weights, ranges)
    zero, one = graph.const(np.array(0, np.int64)), graph.const(np.array(1, np.int64))
    one_axis = graph.const(np.array([1], np.int64))
    stop = graph.op("Squeeze", graph.op("Shape", "ids", start=1, end=2), graph.const(np.array([0], np.int64)))
    place = graph.op("Gather", graph.const(weights["positions.weight"]), graph.op("Range", zero, stop, one))
    segment = graph.op("Gather", graph.const(weights["segments.weight"]), "segments")
    x = graph.norm(graph.op("Add", graph.op("Add", graph.lookup("ids"), segment), place), "norm")
    for number in range(LAYERS):
        x = graph.layer(x, f"layers.{number}")
    states = graph.op("Identity", x, output="states")
    graph.op("Identity", graph.linear(_pooled(graph, states), "head_out"), output="logits")
    whole = graph.op("Gather", "pool", graph.const(np.array([0], np.int64)), axis=1)
    near = graph.linear(graph.op("Squeeze", graph.op("MatMul", whole, states), one_axis), "project")
    size = graph.op("ReduceL2", near, graph.const(np.array([-1], np.int64)), keepdims=1)
    graph.op("Div", near, graph.op("Max", size, graph.const(np.array(1e-12, np.float32))), output="embedding")
    return graph


def _pooled(graph: Graph, states: str) -> str:
    """Mean and maximum of the token features over each row's tokens [batch, rows, 2 * width]."""
    features = graph.op("Gelu", graph.linear(states, "head_in"))
    inside = graph.op("Greater", "pool", graph.const(np.array(0, np.float32)))
    outside = graph.op(
        "Where", inside, graph.const(np.array(0, np.float32)), graph.const(np.array(OUTSIDE, np.float32))
    )
    spread = graph.op("Unsqueeze", features, graph.const(np.array([1], np.int64)))
    shifted = graph.op("Add", spread, graph.op("Unsqueeze", outside, graph.const(np.array([3], np.int64))))
    highest = graph.op("ReduceMax", shifted, graph.const(np.array([2], np.int64)), keepdims=0)
    return graph.op("Concat", graph.op("MatMul", "pool", features), highest, axis=-1)


def _model(graph: Graph, extra: list[str]) -> onnx.ModelProto:
    def value(name: str, kind: int, shape: list) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, kind, shape)

    inputs = [
        value("ids", TensorProto.INT64, ["batch", "length"]),
        value("segments", TensorProto.INT64, ["batch", "length"]),
        value("pool", TensorProto.FLOAT, ["batch", "rows", "length"]),
    ]
    outputs = [
        value("logits", TensorProto.FLOAT, ["batch", "rows", N_OUTPUTS]),
        value("embedding", TensorProto.FLOAT, ["batch", WIDTH]),
        value("states", TensorProto.FLOAT, ["batch", "length", WIDTH]),
        *(value(name, TensorProto.FLOAT, None) for name in extra),
    ]
    made = helper.make_graph(graph.nodes, "tagger", inputs, outputs, graph.constants)
    operators = [helper.make_opsetid("", OPSET), helper.make_opsetid(FUSED, 1)]
    model = helper.make_model(made, opset_imports=operators, ir_version=10)
    if not extra:  # the watched outputs carry no shape, which the checker insists on
        onnx.checker.check_model(model)
    return model
