"""Files of models are read once by whoever must be sure, and not in a page that somebody waits for."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from feedback.coach import digests, serving
from tests.feedback.bases import files_of_a_coach, finished_merge


@pytest.fixture
def reads(monkeypatch):
    """Names of files that were read, in order; slowly, as large ones are."""
    found, digest = [], digests.hashlib.file_digest

    def read(file, name):
        found.append(Path(file.name).name)
        time.sleep(0.02)
        return digest(file, name)

    monkeypatch.setattr(digests.hashlib, "file_digest", read)
    return found


@pytest.fixture
def merge(db, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    files_of_a_coach(tmp_path / "tiny")
    merge = finished_merge(whole=True)
    (serving.home() / serving.POINTER).write_text(merge.name)
    return merge


def another_process(monkeypatch) -> None:
    monkeypatch.setattr(digests, "_read", {})
    monkeypatch.setattr(digests, "_stamps", {})


def test_a_page_of_another_process_reads_nothing_and_a_worker_everything_once(merge, reads, monkeypatch):
    another_process(monkeypatch)
    assert (serving.resolved().merge, reads) == (merge.name, [])
    assert serving.resolved(trust=False).merge == merge.name
    of_the_base = ["config.json", "model.safetensors"]
    assert sorted(reads) == sorted([*of_the_base, *of_the_base, serving.MANIFEST])
    reads.clear()
    assert (serving.resolved(trust=False).merge, reads) == (merge.name, [])


def test_a_file_of_another_size_or_time_is_read_again(merge, reads, monkeypatch):
    weights = serving.home() / merge.name / "model.safetensors"
    another_process(monkeypatch)
    os.utime(weights, ns=(1, 1))
    assert (serving.resolved().merge, reads) == (merge.name, [weights.name])
    kept = weights.read_bytes()
    weights.write_bytes(kept[:-1] + bytes([kept[-1] ^ 1]))
    assert serving.resolved().why == serving.DAMAGED
    another_process(monkeypatch)
    reads.clear()
    assert (serving.resolved().why, reads) == (serving.DAMAGED, [])
    weights.write_bytes(kept + b"x")
    assert serving.resolved().why == serving.DAMAGED


def test_what_a_worker_finds_damaged_is_known_to_pages_as_well(merge, monkeypatch):
    """Bits that went bad on the disk: the same size and the same time."""
    weights = serving.home() / merge.name / "model.safetensors"
    then = weights.stat()
    weights.write_bytes(bytes(then.st_size))
    os.utime(weights, ns=(then.st_atime_ns, then.st_mtime_ns))
    another_process(monkeypatch)
    assert serving.resolved().merge == merge.name  # nobody has read it since
    assert serving.resolved(trust=False).why == serving.DAMAGED
    another_process(monkeypatch)
    assert serving.resolved().why == serving.DAMAGED


def test_several_requests_wait_for_one_reading(merge, reads, monkeypatch):
    another_process(monkeypatch)
    (serving.home() / digests.STAMPS).unlink()
    found = []
    threads = [threading.Thread(target=lambda: found.append(serving.resolved().merge)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [merge.name] * 6
    assert len(reads) == 5


@pytest.mark.parametrize("stamps", ["", "[1]", '{"%s": 7}', '{"%s": [1, 2]}'])
def test_stamps_that_make_no_sense_are_none(merge, reads, monkeypatch, stamps):
    file = serving.home() / digests.STAMPS
    file.write_text(stamps.replace("%s", str(serving.home() / merge.name / "model.safetensors")))
    another_process(monkeypatch)
    assert serving.resolved().merge == merge.name and reads


def test_a_folder_that_took_its_name_is_not_read_again(merge, reads, monkeypatch):
    old, new = serving.home() / merge.name, serving.home() / "renamed"
    another_process(monkeypatch)
    os.replace(old, new)
    digests.moved(old, new, serving.home())
    another_process(monkeypatch)
    assert (serving.why_not("renamed", trust=True), reads) == ("", [])
