"""Beside repeng 0.4.0: the same direction and the same tokens.

repeng is no dependency of ours: `pip download --no-deps repeng==0.4.0`, unpack it, and name the folder in
REPENG_PATH. Without it this test is skipped.
"""

from __future__ import annotations

import importlib.util
import os
import sys
import types

import numpy
import pytest
import torch

from feedback.coach.steering.blocks import fingerprint
from feedback.coach.steering.injection import Injection
from feedback.coach.steering.pairs import Pair, load_behaviour
from feedback.coach.steering.reading import read
from feedback.coach.steering.vectors import SteeringVector
from tests.feedback.steering_models import Plain, tiny
from tests.feedback.test_steering_injection import PROMPTS, batch, generate


class Letters:
    """Bytes as tokens, for our library and, padded on the right, for repeng."""

    chat_template = None
    pad_token_id = 0

    def __call__(self, text, padding=False, return_tensors=None, add_special_tokens=True):
        if isinstance(text, str):
            return {"input_ids": [1 + byte % 63 for byte in text.encode()]}
        rows = [self(one)["input_ids"] for one in text]
        width = max(map(len, rows))
        ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])

        class Encoded(dict):
            def to(self, device):
                return self

        return Encoded(input_ids=ids, attention_mask=(ids != 0).long())


@pytest.fixture
def repeng(monkeypatch):
    folder = os.environ.get("REPENG_PATH")
    if not folder:
        pytest.skip("repeng 0.4.0 is not here: set REPENG_PATH")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.setattr(numpy, "float_", numpy.float64, raising=False)  # it was written for an older numpy
    if importlib.util.find_spec("gguf") is None:  # only its exports need it
        monkeypatch.setitem(sys.modules, "gguf", types.ModuleType("gguf"))
    return pytest.importorskip("repeng")


def test_same_direction_and_same_tokens(repeng):
    from repeng.extract import DatasetEntry

    model, letters = tiny(), Letters()
    fit = [
        Pair(one.prompt[:20], one.positive[:60], one.negative[:60]) for one in load_behaviour("autonomy").fit
    ]
    reading = read(model, letters, fit, fit[:2], form=Plain(), method="pca")
    entries = [DatasetEntry(one.prompt + one.positive, one.prompt + one.negative) for one in fit]
    theirs = repeng.ControlVector.train(model, letters, entries, method="pca_center")
    # Of the last layer repeng sees the state after the final norm, which is not where it steers.
    direction = torch.tensor(theirs.directions[1])
    # Its sign comes from counting pairs, ours from their mean.
    assert abs(float(direction @ reading.directions[1] / direction.norm())) > 0.99

    vector = SteeringVector("x", {1: torch.tensor(theirs.directions[1])}, "tiny", fingerprint(model))
    for strength in (4.0, -9.0, 20.0):
        injection = Injection(model, {"x": vector}, unbounded=True)
        with injection.steered({"x": strength}):
            steered = generate(model, PROMPTS)
        injection.remove()
        control = repeng.ControlModel(model, [1])
        control.set_control(theirs, strength)
        output = control.generate(**batch(PROMPTS), max_new_tokens=6, do_sample=False)
        assert output[:, max(map(len, PROMPTS)) :].tolist() == steered
        control.unwrap()
