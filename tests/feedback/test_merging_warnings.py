"""What is merged as asked, and said: Model Stock beyond the base, and float64 through float32."""

from __future__ import annotations

import pytest
import torch

from feedback.coach.merging import plan
from feedback.coach.merging.averaging import beyond, ratio
from feedback.coach.merging.engine import merge
from tests.feedback.merging_models import base_state, expert_state, loaded, recipe, save, trio


def test_the_ratio_of_the_paper_has_no_bound_for_opposed_experts():
    opposed = torch.tensor([[1.0, -0.9], [-0.9, 1.0]], dtype=torch.float64)
    assert ratio(opposed, "mean") == pytest.approx(-18)
    assert ratio(opposed, "angle") == pytest.approx(-18)
    (words,) = beyond({"one": {"t": -18.0}, "two": {"t": 0.4}, "copied": {}})
    assert "in 1 of 2 tensors, farthest in one (t = -18; 0 is the base" in words
    assert beyond({"one": {"t": 0.0}, "two": {"t": 1.0 + 1e-9}}) == []


def test_opposed_experts_are_merged_by_the_paper_with_a_warning(tmp_path):
    base = base_state(dtype=torch.float64)
    one = expert_state(base, 1)
    wobble = expert_state(base, 2, scale=0.02)
    against = {name: 2 * base[name] - one[name] + (wobble[name] - base[name]) for name in base}
    folders = [save(tmp_path / "one", one), save(tmp_path / "against", against)]
    wanted = recipe("model_stock", save(tmp_path / "base", base), folders, dtype="float64")
    result = merge(wanted, tmp_path / "out")
    (words,) = (one for one in result.manifest["warnings"] if "model_stock" in one)
    assert "in 5 of 5 tensors" in words and "another method" in words
    assert words in (tmp_path / "out" / "README.md").read_text()
    t = result.manifest["stock_ratio"]
    assert max(t.values()) < -10
    out = loaded(tmp_path / "out")
    for name, ratios in t.items():  # as written, not clamped
        expected = base[name] + ratios * ((one[name] + against[name]) / 2 - base[name])
        assert torch.allclose(out[name], expected, atol=1e-9)
    agreeing = [folders[0], save(tmp_path / "near", expert_state(one, 3, scale=0.01))]
    wanted = recipe("model_stock", tmp_path / "base", agreeing, dtype="float64")
    assert not any("model_stock" in each for each in merge(wanted, tmp_path / "good").manifest["warnings"])


def test_a_wide_base_is_not_narrowed_in_silence(tmp_path):
    base, experts, _, _ = trio(tmp_path, 2)
    wanted = recipe("average", base, experts)
    told = [one for one in merge(wanted, tmp_path / "out").manifest["warnings"] if "float64" in one]
    assert len(told) == 1 and "(5 tensors" in told[0] and 'dtype = "float64"' in told[0]
    assert told[0] in plan.plan(wanted).warnings
    for number, fields in enumerate(({"dtype": "float64"}, {"out_dtype": "float32"})):
        found = merge(recipe("average", base, experts, **fields), tmp_path / f"out-{number}")
        assert not any("float64" in one for one in found.manifest["warnings"])
