"""A graph in onnxruntime, and windows as its inputs. Needs no package that only training has."""

from __future__ import annotations

import numpy as np

from skills.tagger.encode import Window, stack


def feed(*windows: Window) -> dict[str, np.ndarray]:
    """Windows of one length as the graph's inputs."""
    ids, segments, pool = stack(windows)
    return {"ids": ids, "segments": segments, "pool": pool}


def session(model: bytes):
    """A one-thread session of a serialised model."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
