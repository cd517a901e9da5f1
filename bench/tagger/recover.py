"""The shipped int8 graph back as float weights, named as in `skills.tagger.network.Network`.

Reads the layout that `skills.tagger.graph` writes, whichever of its linear layers are int8 or float. An int8
matrix is whole numbers times a scale per output; where its input is multiplied by a fixed vector first
(smoothing), that vector belongs to the weights too, since (x * v) @ W = x @ (v[:, None] * W).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from skills.tagger.graph import LAYERS

LINEARS = [f"layers.{n}.{part}" for n in range(LAYERS) for part in ("qkv", "out", "up", "down")]
LINEARS += ["head_in", "head_out", "project"]
NORMS = ["norm", *(f"layers.{n}.{part}" for n in range(LAYERS) for part in ("norm1", "norm2"))]


def recover(file: Path) -> dict[str, np.ndarray]:
    """Float32 weights of a tagger.onnx. Raises ValueError where the graph is laid out otherwise."""
    graph = _Read(onnx.load(str(file)).graph)
    weights = dict(graph.tables())
    linears, norms = list(graph.linears()), list(graph.norms())
    if len(linears) != len(LINEARS) or len(norms) != len(NORMS) or len(weights) != 3:
        raise ValueError(f"{file.name} holds {len(linears)} linear layers and {len(norms)} norms")
    for name, (matrix, bias) in zip(LINEARS, linears, strict=True):
        weights[f"{name}.weight"] = np.ascontiguousarray(matrix.T, np.float32)
        if bias is not None:
            weights[f"{name}.bias"] = bias
    for name, (scale, bias) in zip(NORMS, norms, strict=True):
        weights[f"{name}.weight"], weights[f"{name}.bias"] = scale, bias
    return weights


class _Read:
    """A graph's nodes in the order they were written, which is the order they run in."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.nodes = list(graph.node)
        self.constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
        self.made_by = {output: node for node in self.nodes for output in node.output}

    def linears(self) -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        """([inputs, outputs], bias) of each layer."""
        for node in self.nodes:
            inputs = list(node.input)
            if node.op_type == "QAttention":
                yield self.whole(inputs[0], inputs[1], inputs[4]), self.constants[inputs[2]]
            elif node.op_type == "MatMulIntegerToFloat":
                bias = self.constants[inputs[6]] if len(inputs) > 6 else None
                yield self.whole(inputs[0], inputs[1], inputs[3]), bias
            elif node.op_type == "MatMul" and inputs[1] in self.constants:
                yield self.constants[inputs[1]], self.added(node.output[0])

    def whole(self, coarse: str, matrix: str, scales: str) -> np.ndarray:
        floats = self.constants[matrix].astype(np.float32) * self.constants[scales]
        before = self.made_by.get(self.made_by[coarse].input[0])  # what QuantizeLinear reads
        if before is not None and before.op_type == "Mul" and before.input[1] in self.constants:
            floats = floats * self.constants[before.input[1]][:, None]
        return floats

    def added(self, output: str) -> np.ndarray | None:
        """The constant that is added to an output, if it is the next thing that happens to it."""
        for node in self.nodes:
            if node.op_type == "Add" and node.input[0] == output and node.input[1] in self.constants:
                return self.constants[node.input[1]]
        return None

    def norms(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for node in self.nodes:
            if node.op_type == "LayerNormalization":
                yield self.constants[node.input[1]], self.constants[node.input[2]]

    def tables(self) -> Iterator[tuple[str, np.ndarray]]:
        """Words (int8 rows with a scale each, or float), positions and segments."""
        by_ids = [self.constants[n.input[0]] for n in self.nodes if list(n.input[1:]) == ["ids"]]
        words = by_ids[0]
        if len(by_ids) > 1:
            words = words.astype(np.float32) * by_ids[1]
        yield "words.weight", words
        for node in self.nodes:
            if node.op_type == "Gather" and node.input[0] in self.constants:
                if node.input[1] == "segments":
                    yield "segments.weight", self.constants[node.input[0]]
                elif getattr(self.made_by.get(node.input[1]), "op_type", "") == "Range":
                    yield "positions.weight", self.constants[node.input[0]]
