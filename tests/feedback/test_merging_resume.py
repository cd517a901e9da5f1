"""A merge that was killed, cancelled or ran out of disk goes on, and gives the same bytes."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from feedback.coach.merging import engine, staging
from feedback.coach.merging.errors import Cancelled, DiskError, MergeError
from tests.feedback.merging_models import base_state, expert_state, family, recipe, save, threads

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(autouse=True)
def one_at_a_time():
    with threads(1):
        yield


@pytest.fixture
def models(tmp_path):
    base = base_state()
    experts = [save(tmp_path / f"e{seed}", expert_state(base, seed)) for seed in (1, 2)]
    return save(tmp_path / "base", base), experts


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.suffix == ".safetensors"}


def stop_after(count):
    """(progress, should_stop): a wish to stop once so many tensors are written."""
    done = []
    return {
        "progress": lambda number, total, what: done.append(number) if number else None,
        "should_stop": lambda: len(done) >= count,
    }


@pytest.mark.parametrize("method", ["ties", "dare", "rtsvm", "average"])
def test_cancelled_and_gone_on(tmp_path, models, method):
    wanted = recipe(method, *models)
    whole = engine.merge(wanted, tmp_path / "whole", shard_bytes=2000)
    with pytest.raises(Cancelled, match="2 of 5 tensors"):
        engine.merge(wanted, tmp_path / "out", shard_bytes=2000, **stop_after(2))
    assert not (tmp_path / "out").exists()
    seen = []
    again = engine.merge(wanted, tmp_path / "out", shard_bytes=2000, progress=lambda *step: seen.append(step))
    assert (again.resumed, whole.resumed) == (2, 0)
    assert [step[0] for step in seen] == [3, 4, 5]  # what was surveyed is kept, too
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    assert again.manifest == whole.manifest
    assert not (tmp_path / "out.partial").exists()


def test_what_was_lost_or_is_of_another_merge_is_made_again(tmp_path, models):
    wanted = recipe("average", *models)
    whole = engine.merge(wanted, tmp_path / "whole")
    with pytest.raises(Cancelled):
        engine.merge(wanted, tmp_path / "out", **stop_after(3))
    part = tmp_path / "out.partial"
    with (part / "model.safetensors").open("r+b") as file:  # a power cut lost a page
        file.seek(-1, os.SEEK_END)
        file.seek(len(whole.output.joinpath("model.safetensors").read_bytes()) // 8)
        file.write(b"\xff\xff\xff")
    with (part / "journal.jsonl").open("a") as file:  # and cut the last line
        file.write('{"name": "lm_head.wei')
    again = engine.merge(wanted, tmp_path / "out")
    assert again.resumed == 2
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    with pytest.raises(Cancelled):
        engine.merge(wanted, tmp_path / "other", **stop_after(3))
    other = engine.merge(recipe("task_arithmetic", *models), tmp_path / "other")
    assert other.resumed == 0


def test_a_changed_input_starts_over(tmp_path, models):
    base, experts = models
    wanted = recipe("average", base, experts)
    with pytest.raises(Cancelled):
        engine.merge(wanted, tmp_path / "out", **stop_after(3))
    shutil.rmtree(experts[0])
    save(experts[0], expert_state(base_state(), 7))
    assert engine.merge(wanted, tmp_path / "out").resumed == 0


@pytest.mark.parametrize(("method", "resumed"), [("tsvm", 0), ("rtsvm", 0), ("ties", 2)])
def test_other_threads_start_over_where_bits_depend_on_them(tmp_path, models, method, resumed):
    wanted = recipe(method, *models)
    with pytest.raises(Cancelled):
        engine.merge(wanted, tmp_path / "out", **stop_after(2))
    with threads(2):
        assert engine.merge(wanted, tmp_path / "out").resumed == resumed


def test_a_full_disk_midway(tmp_path, models, monkeypatch):
    wanted = recipe("ties", *models)
    engine.merge(wanted, tmp_path / "whole")
    real, calls = os.pwrite, []

    def full(*given):
        calls.append(given)
        if len(calls) > 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*given)

    monkeypatch.setattr(staging.os, "pwrite", full)
    with pytest.raises(
        DiskError, match="the disk is full after 2 of 5 tensors: make room and run the same again"
    ):
        engine.merge(wanted, tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.setattr(staging.os, "pwrite", real)
    assert engine.merge(wanted, tmp_path / "out").resumed == 2
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")


def test_a_disk_that_is_too_small_is_seen_before_the_start(tmp_path, models, monkeypatch):
    monkeypatch.setattr(staging.shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(10, 9, 1))
    with pytest.raises(MergeError, match="make room, or write elsewhere"):
        engine.merge(recipe("average", *models), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    monkeypatch.undo()
    engine.merge(recipe("average", *models), tmp_path / "out")  # nothing holds the folder any more


def test_a_folder_that_cannot_be_written(tmp_path, models):
    (tmp_path / "file").write_text("")
    with pytest.raises(MergeError, match="cannot be written"):
        engine.merge(recipe("average", *models), tmp_path / "file" / "out")


def test_two_at_once_do_not_write_the_same(tmp_path, models):
    wanted = recipe("average", *models)

    def meddle(number, total, what):
        if number == 1:
            with pytest.raises(MergeError, match="another merge is writing"):
                engine.merge(wanted, tmp_path / "out")

    engine.merge(wanted, tmp_path / "out", progress=meddle)


def test_killed_and_gone_on(tmp_path):
    """A process of its own, killed outright between two tensors."""
    base, experts = family(tmp_path, "mistral", experts=2)
    lines = [f'method = "dare_ties"\nbase = "{base.name}"']
    lines += [f'[[experts]]\npath = "{path.name}"' for path in experts]
    (tmp_path / "recipe.toml").write_text("\n".join(lines))
    script = (
        "import os, sys, signal\n"
        "from pathlib import Path\n"
        "from feedback.coach.merging.engine import merge\n"
        "from feedback.coach.merging.recipe import read_recipe\n"
        "kill = lambda done, total, what: done == 9 and os.kill(os.getpid(), signal.SIGKILL)\n"
        "import torch\n"
        "torch.set_num_threads(1)\n"
        "merge(read_recipe(Path(sys.argv[1])), Path(sys.argv[2]), progress=kill)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "recipe.toml"), str(tmp_path / "out")],
        cwd=ROOT,
        timeout=60,
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert (tmp_path / "out.partial").exists()
    wanted = recipe("dare_ties", base, experts)
    assert engine.merge(wanted, tmp_path / "out").resumed == 9
    engine.merge(wanted, tmp_path / "whole")
    assert bytes_of(tmp_path / "out") == bytes_of(tmp_path / "whole")
    facts = json.loads((tmp_path / "out" / "manifest.json").read_text())["task_vectors"]
    assert facts == json.loads((tmp_path / "whole" / "manifest.json").read_text())["task_vectors"]
    assert torch.tensor(facts["cosines"]).shape == (2, 2)
