"""The training loss: sets, absent and unknown codes, corpus labels, empathy."""

from __future__ import annotations

import numpy as np
import torch

from skills.corpora.example import Example
from skills.corpora.maps import ANNOMI, READOUTS
from skills.tagger import batches, targets
from skills.tagger.heads import INDEX, N_CODES, N_OUTPUTS
from skills.tagger.loss import embedding_loss, tag_loss

READOUT_MASKS = [torch.from_numpy(targets.readout_mask(name)) for name in READOUTS]


def _gradient(example: Example, logits: torch.Tensor | None = None) -> torch.Tensor:
    built = batches.gather(targets.build([example]), [0])
    values = torch.zeros(1, N_OUTPUTS) if logits is None else logits.clone()
    values.requires_grad_(True)
    batch = {name: torch.from_numpy(array) for name, array in built.items()}
    tag_loss(values, batch, READOUT_MASKS).backward()
    return values.grad[0]


def _example(**known) -> Example:
    return Example(corpus="own", group="g", text="t", **known)


def test_unknown_codes_get_no_gradient_and_absent_ones_go_down():
    gradient = _gradient(_example(positive=(frozenset({"affirm"}),), negative=frozenset({"direct"})))
    assert gradient[INDEX["affirm"]] < 0 < gradient[INDEX["direct"]]
    rest = [place for code, place in INDEX.items() if code not in {"affirm", "direct"}]
    assert torch.all(gradient[rest] == 0)
    assert torch.all(gradient[N_CODES:] == 0)


def test_a_set_pushes_its_likeliest_code_most():
    pair = frozenset({"open_question", "closed_question"})
    logits = torch.zeros(1, N_OUTPUTS)
    logits[0, INDEX["open_question"]] = 1.0
    gradient = _gradient(_example(positive=(pair,)), logits)
    assert gradient[INDEX["open_question"]] < gradient[INDEX["closed_question"]] < 0


def test_a_set_that_is_satisfied_leaves_its_other_code_alone():
    pair = frozenset({"open_question", "closed_question"})
    logits = torch.zeros(1, N_OUTPUTS)
    logits[0, INDEX["open_question"]] = 8.0
    assert abs(_gradient(_example(positive=(pair,)), logits)[INDEX["closed_question"]]) < 1e-2


def test_an_annomi_other_never_lowers_the_codes_it_may_stand_for():
    example = Example(
        corpus="annomi", group="1", text="t", positive=(frozenset(ANNOMI["other"]),), label="other"
    )
    gradient = _gradient(example)
    for code in ("affirm", "support", "self_disclosure"):
        assert gradient[INDEX[code]] < 0


def test_empathy_levels_train_only_their_own_head():
    gradient = _gradient(_example(empathy={"interpretations": 2}))
    assert torch.all(gradient[:N_CODES] == 0)
    assert torch.all(gradient[N_CODES : N_CODES + 3] == 0)
    assert gradient[N_CODES + 5] < 0 < gradient[N_CODES + 3]


def test_the_loss_stays_finite_at_extreme_logits():
    for value in (-80.0, 80.0):
        logits = torch.full((1, N_OUTPUTS), value)
        assert torch.isfinite(_gradient(_example(positive=(frozenset({"affirm"}),)), logits)).all()


def test_embedding_loss_counts_only_items_encoded_alone():
    same = torch.nn.functional.normalize(torch.tensor([[1.0, 2.0], [3.0, 1.0]]), dim=-1)
    turned = same.flip(-1)
    assert embedding_loss(same, turned, torch.tensor([0.0, 0.0])) == 0
    assert np.isclose(embedding_loss(same, same, torch.tensor([1.0, 1.0])).item(), 0, atol=1e-6)
    assert embedding_loss(same, turned, torch.tensor([1.0, 0.0])) > 0
