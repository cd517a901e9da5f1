"""What people bring as a backup or a transcript may be anything; it is read within bounds or refused."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bench import hostile
from peersupport import archives, backup
from peersupport.archives import UnsafeArchive, unpack
from peersupport.practice.transcripts import TranscriptError, read_transcript

NAMES = (backup.MANIFEST, backup.DATABASE, backup.MODELS)
quick = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


def tar(*members: tuple[str, bytes], **attributes) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            for key, value in attributes.items():
                setattr(member, key, value)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


@pytest.fixture
def refused(tmp_path):
    """Unpack these bytes; returns the refusal's words and checks that nothing lies outside."""

    def refused(content: bytes) -> str:
        source, folder = tmp_path / "source.tar.gz", tmp_path / "in" / "folder"
        source.write_bytes(content)
        folder.mkdir(parents=True, exist_ok=True)
        with pytest.raises(UnsafeArchive) as raised:
            unpack(source, folder, names=NAMES)
        assert {path.name for path in tmp_path.iterdir()} == {"source.tar.gz", "in"}
        assert [path.name for path in (tmp_path / "in").iterdir()] == ["folder"]
        return str(raised.value)

    return refused


@pytest.mark.parametrize("name", ["../up", "/etc/up", "models/../../up", "other", "models/../manifest.json"])
def test_members_outside_their_place_are_refused(refused, name):
    assert "no backup has" in refused(tar((name, b"x")))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE]
)
def test_links_and_devices_are_refused(refused, kind):
    assert "a link, a device" in refused(tar(("models/x", b""), type=kind, linkname="/etc/passwd"))


def test_the_same_name_twice_is_refused(refused):
    assert "same name twice" in refused(tar((backup.DATABASE, b"a"), (backup.DATABASE, b"b")))


def test_a_bomb_is_refused_by_what_it_declares(refused):
    member = tarfile.TarInfo(backup.DATABASE)
    member.size = 10**12
    assert "would unpack to more than" in refused(gzip.compress(member.tobuf() + b"\0" * 4096))


def test_a_bomb_is_refused_by_what_comes_out(refused, tmp_path, monkeypatch):
    """The members are empty and few, what fills the memory are notes between them."""
    monkeypatch.setattr(archives, "MAX_MEMBERS", 100)
    monkeypatch.setattr(archives, "FREE_RATIO_BYTES", 1000)
    monkeypatch.setattr(archives, "MAX_RATIO", 1)
    members = ((f"models/{number}", b"") for number in range(50))
    assert "would unpack" in refused(tar(*members, pax_headers={"comment": "x" * 300_000}))
    assert len(list((tmp_path / "in" / "folder").rglob("*"))) < 5


def test_too_many_files_are_refused(refused, monkeypatch):
    monkeypatch.setattr(archives, "MAX_MEMBERS", 10)
    assert "10 files" in refused(tar(*((f"models/{number}", b"") for number in range(11))))


@pytest.mark.parametrize("kind", [b"x", b"g", b"L", b"K"])
def test_a_header_that_asks_for_memory_is_refused(refused, kind):
    header = tarfile.TarInfo("header")
    header.type, header.size = kind, 200 * 1024 * 1024
    content = gzip.compress(header.tobuf(tarfile.GNU_FORMAT) + b"\0" * 200 * 1024 * 1024, 1)
    tracemalloc.start()
    assert "more memory" in refused(content)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b"[]",
        b"\xff\xfe",
        b"{}",
        json.dumps({"format": backup.FORMAT}).encode(),
        json.dumps(dict.fromkeys(("peersupport", "made", "database", "sha256", "key"), 1)).encode(),
        b" " * 70_000 + b"{}",
    ],
)
def test_a_manifest_that_is_none_is_refused(tmp_path, manifest):
    source = tmp_path / "a.tar.gz"
    source.write_bytes(tar((backup.MANIFEST, manifest), (backup.DATABASE, b"x")))
    with pytest.raises(backup.BackupError):
        backup._unpack(source, tmp_path)


def test_a_true_archive_is_unpacked(tmp_path):
    source, folder = tmp_path / "a.tar.gz", tmp_path / "in"
    folder.mkdir()
    content = b"x" * 3_000_001
    source.write_bytes(tar((backup.MANIFEST, b"{}"), (backup.DATABASE, content), ("models/m.bin", b"w")))
    unpack(source, folder, names=NAMES)
    assert (folder / backup.DATABASE).read_bytes() == content
    assert (folder / "models" / "m.bin").read_bytes() == b"w"


@quick
@given(chance=st.randoms(use_true_random=False))
def test_drawn_archives_are_refused_in_words(tmp_path, chance):
    source, folder = tmp_path / "a.tar.gz", tmp_path / "in"
    folder.mkdir(exist_ok=True)
    source.write_bytes(hostile.archive(chance))
    try:
        backup._unpack(source, folder)
    except backup.BackupError as refusal:
        words = str(refusal)
    else:
        words = "."
    assert words.endswith(".")
    assert {path.name for path in tmp_path.iterdir()} == {"a.tar.gz", "in"}


@quick
@given(content=st.binary(max_size=2000), packed=st.booleans())
def test_any_bytes_are_no_backup(tmp_path, content, packed):
    source = tmp_path / "a.tar.gz"
    source.write_bytes(gzip.compress(content) if packed else content)
    with pytest.raises(backup.BackupError):
        backup._unpack(source, tmp_path)


@settings(deadline=None, max_examples=200)
@given(chance=st.randoms(use_true_random=False))
def test_drawn_transcripts_are_read_or_refused_in_words(chance):
    name, content = hostile.transcript(chance)
    refusal, turns = None, ()
    try:
        turns = read_transcript(content, filename=name).turns
    except TranscriptError as error:
        refusal = error
    assert bool(turns) != bool(refusal)
    assert refusal is None or (refusal.message.endswith(".") and refusal.mend.endswith("."))
    for turn in turns:
        turn.text.encode("utf-8")  # no half characters
        assert "\0" not in turn.text + turn.speaker


@pytest.mark.parametrize("kind", hostile.MAGIC)
@pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.txt"])
def test_another_kind_of_file_under_a_transcripts_name_is_refused(kind, name):
    with pytest.raises(TranscriptError):
        read_transcript(hostile.MAGIC[kind] + b"\x00\x01rest", filename=name)
