"""The shipped tagger as a contestant, and its int8 multiplications alone: the limit of its speed."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from bench.tagger import messages
from skills.tagger import TagInput
from skills.tagger.blocks import TOKENS
from skills.taxonomy import CODES


class Ours:
    """`tag` over everything in one call, or so many messages a call."""

    name = "tagger"

    def __init__(self, folder: Path, threads: int, batches: list[int]) -> None:
        from skills.tagger.card import weights_folder
        from skills.tagger.runtime import Tagger

        self.tagger = Tagger(weights_folder())
        self.threads = threads
        self.ways = [{"batch": 0}, *({"batch": batch} for batch in batches)]

    def tag(self, items: list[TagInput], way: dict) -> list:
        step = way["batch"] or len(items)
        return [
            result
            for at in range(0, len(items), step)
            for result in self.tagger.tag(items[at : at + step], threads=self.threads)
        ]

    def alone(self, item: TagInput) -> list:
        return self.tagger.tag([item])

    def table(self, results: list) -> np.ndarray:
        return np.array([[result.probabilities[code] for code in CODES] for result in results])


class Float(Ours):
    """The same runtime with the same weights in a float graph: what int8 buys."""

    name = "tagger in float"

    def __init__(self, folder: Path, threads: int, batches: list[int]) -> None:
        from skills.tagger.runtime import Tagger

        self.tagger = Tagger(folder / "float")
        self.threads = threads
        self.ways = [{"batch": 0}]


class Limit:
    """Only the whole-number multiplications of the six layers, bare: nothing of this shape is quicker.

    Way "rows": so many tokens at a time, as the tagger's blocks hold at most; 0 is one message at a time.
    """

    name = "int8 multiplications alone"

    def __init__(self, folder: Path, threads: int, batches: list[int]) -> None:
        self.session = bare_session()
        self.ways = [{"rows": TOKENS}, {"rows": 0}]
        self.lengths: list[int] = []

    def tag(self, items: list[TagInput], way: dict) -> list:
        from skills.tagger.graph import INNER, WIDTH

        if len(self.lengths) != len(items):  # the first round pays for it, and does not count
            self.lengths = messages.lengths(items)
        rows = self.lengths
        if way["rows"]:
            rows = [way["rows"]] * round(sum(self.lengths) / way["rows"])
        feeds = {
            length: {"narrow": np.ones((length, WIDTH), np.uint8), "wide": np.ones((length, INNER), np.uint8)}
            for length in set(rows)
        }
        for length in rows:
            self.session.run([], feeds[length])
        return []

    def alone(self, item: TagInput) -> list:
        return []

    def table(self, results: list) -> np.ndarray:
        return np.zeros((0, len(CODES)))


def products() -> list[tuple[int, int]]:
    """(inputs, outputs) of each linear layer of the encoder."""
    from skills.tagger.graph import INNER, LAYERS, WIDTH

    return [(WIDTH, 3 * WIDTH), (WIDTH, WIDTH), (WIDTH, INNER), (INNER, WIDTH)] * LAYERS


def bare_session():
    """A session of nothing but MatMulInteger, with as many bytes of weights as the tagger's encoder has."""
    from onnx import TensorProto, helper, numpy_helper

    from skills.tagger.graph import INNER, WIDTH
    from skills.tagger.quantize import session

    random = np.random.default_rng(1)
    nodes, constants, outputs = [], [], []
    for place, (width, height) in enumerate(products()):
        matrix = random.integers(-127, 128, (width, height), dtype=np.int8)
        constants.append(numpy_helper.from_array(matrix, f"w{place}"))
        source = "narrow" if width == WIDTH else "wide"
        nodes.append(helper.make_node("MatMulInteger", [source, f"w{place}"], [f"y{place}"]))
        outputs.append(helper.make_tensor_value_info(f"y{place}", TensorProto.INT32, ["rows", height]))
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.UINT8, ["rows", width])
        for name, width in (("narrow", WIDTH), ("wide", INNER))
    ]
    graph = helper.make_graph(nodes, "bare", inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    return session(model.SerializeToString())
