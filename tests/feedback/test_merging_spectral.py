"""Singular vectors, outlier weights and ranks: what tsvm and our rtsvm promise."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from feedback.coach.merging import outliers, spectral
from tests.feedback.merging_models import base_state, merged, recipe, result, save, trio


def test_rtsvm_without_outliers_and_with_equal_density_is_tsvm(tmp_path):
    base = base_state(dtype=torch.float64)
    generator = torch.Generator().manual_seed(3)
    sizes = {
        name: torch.rand(one.shape, generator=generator, dtype=torch.float64) for name, one in base.items()
    }
    # The same magnitudes under other signs: the same density everywhere, different singular vectors.
    folders = []
    for number in range(3):
        signs = {
            name: torch.randint(0, 2, one.shape, generator=generator) * 2.0 - 1 for name, one in base.items()
        }
        state = {name: one + 0.1 * sizes[name] * signs[name] for name, one in base.items()}
        folders.append(
            save(tmp_path / f"e{number}", {n: state[n] for n in ("lm_head.weight", "model.norm.weight")})
        )
    start = save(tmp_path / "base", {name: base[name] for name in ("lm_head.weight", "model.norm.weight")})
    plain = merged(tmp_path / "tsvm", recipe("tsvm", start, folders, dtype="float64"))
    for number, settings in enumerate(({"outliers": "off"}, {"cutoff": float("inf")})):
        wanted = recipe("rtsvm", start, folders, dtype="float64", parameters=settings)
        ours = merged(tmp_path / f"rtsvm-{number}", wanted)
        assert all(torch.equal(ours[name], plain[name]) for name in plain)


def test_identical_experts_are_seen_in_the_manifest(tmp_path):
    base, folders, _, _ = trio(tmp_path)
    found = result(tmp_path / "out", recipe("tsvm", base, [folders[0], folders[0], folders[1]])).manifest
    assert found["smallest_singular_value"] < 1e-6
    assert found["task_vectors"]["cosines"][0][1] == pytest.approx(1, abs=1e-6)
    assert abs(found["task_vectors"]["cosines"][0][2]) < 0.2
    apart = result(tmp_path / "apart", recipe("tsvm", base, folders)).manifest
    assert apart["smallest_singular_value"] > 1e-3


def test_polar_factors_stay_orthonormal_where_experts_are_alike():
    torch.manual_seed(0)
    one = torch.randn(12, 8, dtype=torch.float64)
    merged_, least = spectral.merged_vectors([one, one + 1e-9 * torch.randn(12, 8)], [4, 4])
    assert least < 1e-8
    assert torch.isfinite(merged_).all()
    factor, _ = spectral.polar(torch.linalg.qr(torch.randn(12, 8, dtype=torch.float64)).Q[:, [0, 0, 1, 2]])
    torch.testing.assert_close(factor.T @ factor, torch.eye(4, dtype=torch.float64))


def test_one_expert_comes_back_whole():
    delta = torch.randn(9, 5, dtype=torch.float64)
    torch.testing.assert_close(spectral.merged_vectors([delta], [5])[0], delta)


def test_outliers_are_pulled_in_or_pushed_out():
    row = torch.tensor([[1.0, -1.0, 2.0, -2.0, 3.0, -3.0, 100.0]])
    limit = 3 * 1.4826 * 2  # median 1, absolute deviations 0 1 2 2 3 4 99
    damped = outliers.weigh(row.clone(), {"outliers": "damp", "cutoff": 3.0})
    torch.testing.assert_close(damped[0, :6], row[0, :6])
    assert float(damped[0, 6]) == pytest.approx(limit)
    pushed = outliers.weigh(row.clone(), {"outliers": "amplify", "cutoff": 3.0})
    assert float(pushed[0, 6]) == pytest.approx(100 * 100 / limit)
    assert torch.equal(outliers.weigh(row.clone(), {"outliers": "off", "cutoff": 3.0}), row)


def test_a_row_that_hardly_moved_is_left_alone():
    row = torch.zeros(1, 9)
    row[0, 4] = 0.5
    assert torch.equal(outliers.weigh(row.clone(), {"outliers": "damp", "cutoff": 3.0}), row)


@given(
    st.lists(st.integers(0, 1000), min_size=1, max_size=6),
    st.integers(6, 200),
    st.fractions(min_value=Fraction(1, 50), max_value=1),
)
def test_ranks_fit_and_nobody_goes_without(counts, rank, share):
    ranks = outliers.shared_ranks(rank, counts, share)
    assert len(ranks) == len(counts)
    assert min(ranks) >= 1
    assert sum(ranks) <= rank
    assert outliers.shared_ranks(rank, [7] * len(counts), Fraction(1)) == spectral.equal_ranks(
        rank, len(counts)
    )


def test_layers_below_the_median_density_get_less():
    shares = outliers.layer_shares(
        {"a": [10, 10], "b": [20, 20], "c": [40, 40]}, {"a": 100, "b": 100, "c": 100}
    )
    assert shares == {"a": Fraction(1, 2), "b": 1, "c": 1}
    assert outliers.layer_shares({"a": [0, 0]}, {"a": 100}) == {"a": 1}


def test_a_matrix_with_fewer_ranks_than_experts_is_averaged(tmp_path):
    base = {"score.weight": torch.randn(2, 8, dtype=torch.float64)}
    states = [{"score.weight": base["score.weight"] + 0.1 * torch.randn(2, 8).double()} for _ in range(3)]
    folders = [save(tmp_path / f"e{number}", state) for number, state in enumerate(states)]
    found = merged(tmp_path / "out", recipe("rtsvm", save(tmp_path / "base", base), folders, dtype="float64"))
    expected = torch.stack([state["score.weight"] for state in states]).mean(0)
    torch.testing.assert_close(found["score.weight"], expected, rtol=0, atol=1e-12)


def test_an_expert_of_low_rank_or_that_changes_nothing_disturbs_nobody():
    torch.manual_seed(0)
    whole = torch.randn(12, 8, dtype=torch.float64)
    low = torch.randn(12, 2, dtype=torch.float64) @ torch.randn(2, 8, dtype=torch.float64)
    again = low + 1e-16 * torch.randn(12, 8)
    one, two = (spectral.merged_vectors([whole, x], [4, 4])[0] for x in (low, again))
    torch.testing.assert_close(one, two, rtol=0, atol=1e-12)
    still = torch.zeros_like(whole)
    alone = spectral.merged_vectors([whole], [4])[0]
    torch.testing.assert_close(spectral.merged_vectors([whole, still], [4, 4])[0], alone)
    assert not spectral.merged_vectors([still, still], [4, 4])[0].any()
