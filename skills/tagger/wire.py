"""Reads and changes the head of a run-time graph as bytes, without the `onnx` package.

A site's workers have onnxruntime but not `onnx`, which only training needs. An ONNX file is a protocol buffer
(onnx.proto3; numbers of fields below): walking its outermost fields is enough to find the last layer, to put
other numbers of the same size in its place, and to name its input as one more output of the graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from skills.tagger.heads import N_OUTPUTS

# ModelProto.graph; GraphProto.node, initializer, output; NodeProto.input, output, op_type; TensorProto.dims,
# data_type, name, raw_data.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INITIALIZER, GRAPH_OUTPUT = 1, 5, 12
NODE_INPUT, NODE_OUTPUT, NODE_KIND = 1, 2, 4
TENSOR_DIMS, TENSOR_TYPE, TENSOR_NAME, TENSOR_RAW = 1, 2, 8, 9
FLOAT = 1
VARINT, EIGHT_BYTES, BYTES, FOUR_BYTES = 0, 1, 2, 5


class OtherGraphError(ValueError):
    """The file is no graph that `skills.tagger.graph` wrote; the message says what was looked for."""


@dataclass(frozen=True, slots=True)
class Head:
    """The last layer: logits = pooled @ weight [features, outputs] + bias [outputs], both float32.

    `pooled`: name of the layer's input in the graph. `places`: where the bytes of weight and bias begin.
    """

    pooled: str
    weight: np.ndarray
    bias: np.ndarray
    places: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Field:
    number: int
    value: int  # of a varint; else 0
    start: int  # where the bytes begin, behind their length
    stop: int
    head: int  # where the field itself begins


def read_head(model: bytes) -> Head:
    """Raises OtherGraphError where the last layer is not found or has another shape."""
    graph = _graph(model)
    made, tensors = {}, {}
    for part in _fields(model, graph.start, graph.stop):
        if part.number == GRAPH_NODE:
            kind, inputs, outputs = _node(model, part)
            for name in outputs:
                made[name] = (kind, inputs)
        elif part.number == GRAPH_INITIALIZER:
            name, place = _tensor(model, part)
            tensors[name] = place
    try:
        _, [total] = made["logits"]
        kind, [product, bias] = made[total]
        times, [pooled, weight] = made[product]
        if (kind, times) != ("Add", "MatMul"):
            raise KeyError(kind)
        (shape, first), (one, second) = tensors[weight], tensors[bias]
    except (KeyError, ValueError) as error:
        raise OtherGraphError("tagger.onnx has no last layer of the form MatMul, Add") from error
    if len(shape) != 2 or shape[1] != N_OUTPUTS or one != (N_OUTPUTS,):
        raise OtherGraphError(f"the last layer of tagger.onnx is {shape}, not (features, {N_OUTPUTS})")
    return Head(
        pooled,
        np.frombuffer(model, "<f4", shape[0] * shape[1], first).reshape(shape),
        np.frombuffer(model, "<f4", N_OUTPUTS, second),
        (first, second),
    )


def with_head(model: bytes, weight: np.ndarray, bias: np.ndarray) -> bytes:
    """The same graph with other numbers in its last layer. Raises ValueError for other shapes."""
    head = read_head(model)
    if weight.shape != head.weight.shape or bias.shape != head.bias.shape:
        raise ValueError(f"the last layer holds {head.weight.shape}, {head.bias.shape}")
    changed = bytearray(model)
    for place, array in zip(head.places, (weight, bias), strict=True):
        raw = np.ascontiguousarray(array, "<f4").tobytes()
        changed[place : place + len(raw)] = raw
    return bytes(changed)


def with_output(model: bytes, name: str) -> bytes:
    """The same graph that also gives the value `name` (float, of any shape)."""
    graph = _graph(model)
    kind = _packed(1, _packed(1, _varint(FLOAT), wire=VARINT))  # TypeProto.tensor_type, its elem_type
    output = _packed(GRAPH_OUTPUT, _packed(1, name.encode()) + _packed(2, kind))
    inner = model[graph.start : graph.stop] + output
    return model[: graph.head] + _packed(MODEL_GRAPH, inner) + model[graph.stop :]


def _graph(model: bytes) -> _Field:
    for part in _fields(model, 0, len(model)):
        if part.number == MODEL_GRAPH:
            return part
    raise OtherGraphError("tagger.onnx holds no graph")


def _node(model: bytes, part: _Field) -> tuple[str, list[str], list[str]]:
    kind, inputs, outputs = "", [], []
    for inner in _fields(model, part.start, part.stop):
        words = model[inner.start : inner.stop]
        if inner.number == NODE_INPUT:
            inputs.append(words.decode())
        elif inner.number == NODE_OUTPUT:
            outputs.append(words.decode())
        elif inner.number == NODE_KIND:
            kind = words.decode()
    return kind, inputs, outputs


def _tensor(model: bytes, part: _Field) -> tuple[str, tuple[tuple[int, ...], int]]:
    """Name, shape and where the raw numbers begin; an empty shape for what is not float32."""
    name, shape, kind, place = "", [], 0, 0
    for inner in _fields(model, part.start, part.stop):
        if inner.number == TENSOR_NAME:
            name = model[inner.start : inner.stop].decode()
        elif inner.number == TENSOR_TYPE:
            kind = inner.value
        elif inner.number == TENSOR_RAW:
            place = inner.start
        elif inner.number == TENSOR_DIMS and inner.start == inner.stop:
            shape.append(inner.value)
        elif inner.number == TENSOR_DIMS:  # packed
            at = inner.start
            while at < inner.stop:
                size, at = _read(model, at)
                shape.append(size)
    return name, (tuple(shape) if kind == FLOAT and place else (), place)


def _fields(data: bytes, at: int, stop: int) -> Iterator[_Field]:
    while at < stop:
        head = at
        tag, at = _read(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _read(data, at)
            yield _Field(number, value, at, at, head)
            continue
        if wire == BYTES:
            length, at = _read(data, at)
        elif wire in (EIGHT_BYTES, FOUR_BYTES):
            length = 8 if wire == EIGHT_BYTES else 4
        else:
            raise OtherGraphError("tagger.onnx is no ONNX file")
        if at + length > stop:
            raise OtherGraphError("tagger.onnx is cut short")
        yield _Field(number, 0, at, at + length, head)
        at += length


def _read(data: bytes, at: int) -> tuple[int, int]:
    """A varint and the place behind it."""
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise OtherGraphError("tagger.onnx is cut short")
        byte = data[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def _packed(number: int, content: bytes, *, wire: int = BYTES) -> bytes:
    length = _varint(len(content)) if wire == BYTES else b""
    return _varint(number << 3 | wire) + length + content
