"""Files and requests that mean harm, drawn by a seeded chance: the same seed gives the same ones.

python -m bench.hostile transcripts|archives SEED COUNT   reads them and prints what happened, as JSON
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import sys
import tarfile
import tempfile
import traceback
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

MIB = 1024 * 1024
MAGIC = {
    "png": b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR",
    "elf": b"\x7fELF\x02\x01\x01\x00",
    "gzip": b"\x1f\x8b\x08\x00",
    "zip": b"PK\x03\x04\x14\x00",
    "pdf": b"%PDF-1.7\n",
    "sqlite": b"SQLite format 3\x00",
    "office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
}
WORDS = [
    "hello",
    "I feel tired",
    "=1+1",
    "-2",
    "@x",
    "\t",
    "ﷺ",
    "👋🏽",
    "e\u0301",
    "\u202eolleh",
    "<script>",
    "''",
]
WORDS += ['"', "a;b", "a,b", "line\nline", "line\r\nline", "\x1b[2J", "\u2028", "\x7f", "%s %n", "{{ 7*7 }}"]


def _some(chance: Random, count: int) -> str:
    return " ".join(chance.choice(WORDS) for _ in range(count))


def _rows(chance: Random) -> list[list[str]]:
    return [[chance.choice(["Anna", "seeker", "", "x" * 70]), _some(chance, chance.randrange(6))]
            for _ in range(chance.randrange(1, 8))]  # fmt: skip


def _dialect(chance: Random) -> bytes:
    """A CSV that means to be right, in one of many dialects, with quotes as they come."""
    separator, quote, end = (
        chance.choice(",;\t|"),
        chance.choice(['"', "'"]),
        chance.choice(["\n", "\r\n", "\r"]),
    )
    header = chance.choice(["speaker,text", "text,speaker", "role,message,id", "a,b", "speaker"])
    lines = [header.replace(",", separator)]
    for speaker, text in _rows(chance):
        kept = text.replace(quote, chance.choice([quote, quote * 2, "\\" + quote]))
        lines.append(
            separator.join([speaker, chance.choice([text, f"{quote}{kept}{quote}", f"{quote}{kept}"])])
        )
    return ("\ufeff" * chance.randrange(3) + end.join(lines)).encode("utf-8", "surrogatepass")


def _encoded(chance: Random) -> bytes:
    text = "speaker,text\nAnna," + _some(chance, 4) + chance.choice(["", "\x00", "\ud800"]) + "\n"
    name = chance.choice(
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-7", "cp037"]
    )
    return text.encode(name, "surrogatepass" if name.startswith("utf-") and name != "utf-7" else "replace")


def _deep(chance: Random) -> bytes:
    depth = chance.choice([10, 900, 20_000, 100_000])
    inner = chance.choice(["[", '{"a":'])
    return b'{"speaker": "A", "text": ' + inner.encode() * depth + b"\n"


def _object(chance: Random) -> bytes:
    value = chance.choice([1, None, True, [], {}, "x" * 30_000, "\ud800", "\x00", -1e308, {"text": "a"}])
    line = json.dumps({chance.choice(["speaker", "role", "__proto__", ""]): value, "text": value})
    return (line + "\n").encode() * chance.randrange(1, 4) + chance.choice(
        [b"", b"1" * 5000, b"NaN\n", b"{}\n"]
    )


def _many_fields(chance: Random) -> bytes:
    width = chance.choice([100, 5_000, 30_000])
    return (
        b"speaker,text" + b"," * width + b"\n" + b"A,b" + b'"' * chance.randrange(3) + b",c" * width + b"\n"
    )


def _noise(chance: Random) -> bytes:
    return chance.choice([*MAGIC.values(), b"", b"\xef\xbb\xbf"]) + chance.randbytes(chance.randrange(3000))


_SHEET = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def _workbook(cells: str) -> dict[str, str]:
    """The parts of the smallest workbook with one sheet, its text in the cells themselves."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    part, relation = "<Override PartName=", f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship'
    return {
        "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
        f'{part}"/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'{part}"/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{relation} Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        "</Relationships>",
        "xl/workbook.xml": f'<workbook {_SHEET} xmlns:r="{_OFFICE}"><sheets>'
        '<sheet name="a" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{relation} Id="rId1" Type="{_OFFICE}/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>',
        "xl/worksheets/sheet1.xml": f"<worksheet {_SHEET}><sheetData>{cells}</sheetData></worksheet>",
    }


def _cell(chance: Random, text: str) -> str:
    text = re.sub(r"[\x00-\x1f\ud800-\udfff<&]", " ", text)
    inline = f'<c t="inlineStr"><is><t>{text}</t></is></c>'
    odd = [
        "<c/>",
        "<c><v>1e999</v></c>",
        '<c t="s"><v>9</v></c>',
        f"<c><f>{text}</f></c>",
        '<c r="A0" t="d"/>',
    ]
    return chance.choice([inline] * 12 + odd)


def spreadsheet(chance: Random) -> bytes:
    """The bytes of a workbook: sound, with odd cells or parts, a bomb, or cut."""
    rows = [["speaker", "text"], *_rows(chance)]
    cells = "".join(f"<row>{''.join(_cell(chance, text) for text in row)}</row>" for row in rows)
    parts = _workbook(cells)
    if chance.random() < 0.5:
        name = chance.choice([*parts, "xl/styles.xml", "xl/sharedStrings.xml", "../up.xml", "xl/media/a.png"])
        row = '<row r="1048576"><c r="ZZZ9999999"/></row>'
        odd = ["", "<a", "<a>" * 3000, '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "<sst><si/>" * 70_000]
        odd += [f"<styleSheet {_SHEET}>" + "<xf/>" * 70_000, parts.get(name, "").replace("rId1", "x")]
        odd += [f"<worksheet {_SHEET}><sheetData>{row}</sheetData></worksheet>", "\0" * (20 * MIB)]
        parts[name] = chance.choice(odd)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", chance.choice([zipfile.ZIP_DEFLATED] * 5 + [zipfile.ZIP_LZMA])) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    content = out.getvalue()
    spot = chance.randrange(len(content))
    return chance.choice(
        [content] * 5 + [content[:spot], content[:spot] + chance.randbytes(3) + content[spot + 3 :]]
    )


TRANSCRIPTS: list[Callable[[Random], bytes]] = [
    _dialect,
    _encoded,
    _deep,
    _object,
    _many_fields,
    _noise,
    spreadsheet,
]


def transcript(chance: Random) -> tuple[str, bytes]:
    """(file name, content)."""
    name = chance.choice(["a.csv", "a.tsv", "a.jsonl", "a.json", "a.txt", "a", "a.xlsx", "a.png"])
    return name, chance.choice(TRANSCRIPTS)(chance)


def big_transcripts(folder: Path) -> Iterator[Path]:
    """Few, and written piece by piece: what is large must cost the reader memory, not us."""
    pieces = {
        "line.csv": (b"speaker,text\nA,", b"x" * MIB, 50),
        "quote.csv": (b'speaker,text\nA,"', b"x\n" * (MIB // 2), 50),
        "rows.csv": (b"speaker,text\n", b"A,hello there\n" * (MIB // 14), 50),
        "wide.csv": (b"speaker,text\n", ("A," + "é👋" * 9000 + "\n").encode() * 10, 70),
        "deep.json": (b'{"speaker": "A", "text": ', b"[" * MIB, 2),
        "blank.txt": (b"", b"\n" * MIB, 40),
        "zeros.csv": (b"", b"\0" * MIB, 40),
        "lines.txt": (b"", b"and then: so\n" * (MIB // 13), 40),
    }
    for name, (head, piece, times) in pieces.items():
        with (folder / name).open("wb") as file:
            file.write(head)
            for _ in range(times):
                file.write(piece)
        yield folder / name
        (folder / name).unlink()
    bomb = folder / "bomb.csv"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("a.csv", "w") as member:
        for _ in range(200):
            member.write(b"\0" * MIB)
    yield bomb


def _tar(members: list[tuple[tarfile.TarInfo, bytes]], mode: str = "w:gz") -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:
        for member, content in members:
            archive.addfile(member, io.BytesIO(content) if content else None)
    return out.getvalue()


def _member(name: str, content: bytes = b"", **attributes) -> tuple[tarfile.TarInfo, bytes]:
    member = tarfile.TarInfo(name)
    member.size = len(content)
    for key, value in attributes.items():
        setattr(member, key, value)
    return member, content


def _manifest(chance: Random) -> bytes:
    deep = b"[" * chance.choice([100, 100_000])
    said = {
        "format": "backup-1",
        "peersupport": "0",
        "made": "now",
        "database": "sqlite",
        "sha256": "0",
        "key": "0",
    }
    said[chance.choice(list(said))] = chance.choice([None, 1, "x" * 1000, [], "\x00", "sqlite"])
    whole = json.dumps(said).encode()
    return chance.choice(
        [whole, whole, deep, b"", b"{}", b"\xff\xfe", whole[:-1], b" " * 90_000 + whole, b"1" * 9000]
    )


def _odd_member(chance: Random) -> tuple[tarfile.TarInfo, bytes]:
    kind = chance.choice(["path", "link", "device", "same", "models", "size"])
    if kind == "path":
        names = [
            "../up",
            "/etc/up",
            "models/../../up",
            "database/x",
            "a\nb",
            "models/" + "d/" * 300 + "x",
            ".",
        ]
        return _member(chance.choice(names), b"x")
    if kind == "link":
        types = [tarfile.SYMTYPE, tarfile.LNKTYPE]
        return _member(
            "models/l",
            type=chance.choice(types),
            linkname=chance.choice(["/etc/passwd", "../..", "database"]),
        )
    if kind == "device":
        return _member("models/d", type=chance.choice([tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.BLKTYPE]))
    if kind == "same":
        return _member("manifest.json", b"{}")
    if kind == "size":
        return _member("models/big", size=chance.choice([10**9, 10**12]))
    return _member("models/coach.bin", chance.randbytes(100), mode=0o7777)


def archive(chance: Random) -> bytes:
    """The bytes of something that is given as a backup."""
    members = [_member("manifest.json", _manifest(chance)), _member("database", chance.randbytes(200))]
    members += [_odd_member(chance) for _ in range(chance.randrange(3))]
    if chance.random() < 0.2:
        header = tarfile.TarInfo("pax")
        header.type, header.size = (
            chance.choice([b"x", b"g", b"L", b"K"]),
            chance.choice([10**8, 10**10, 60_000]),
        )
        raw = header.tobuf(tarfile.GNU_FORMAT) + b"\0" * chance.choice([600, 20 * MIB])
        return gzip.compress(raw, 1)
    chance.shuffle(members)
    try:
        content = _tar(members, chance.choice(["w:gz"] * 8 + ["w", "w:bz2", "w:xz"]))
    except OSError:  # a member that declares more than it has
        content = _tar(members[:1]) + chance.randbytes(100)
    if chance.random() < 0.5:
        spot = chance.randrange(len(content))
        content = chance.choice([content[:spot], content[:spot] + chance.randbytes(3) + content[spot + 3 :]])
    return chance.choice(
        [content] * 6 + [_noise(chance), gzip.compress(_noise(chance)), gzip.compress(content)]
    )


def big_archives(folder: Path) -> Iterator[Path]:
    def zeros(path: Path, size: int, **attributes) -> Path:
        with tarfile.open(path, "w:gz", compresslevel=1) as archive, open("/dev/zero", "rb") as source:
            member = tarfile.TarInfo("database")
            member.size = size
            archive.addfile(member, source)
        return path

    yield zeros(folder / "bomb.tar.gz", 1024 * MIB)
    many = folder / "many.tar.gz"
    many.write_bytes(_tar([_member(f"models/{number}") for number in range(20_000)]))
    yield many
    nested = folder / "headers.tar.gz"
    header = tarfile.TarInfo("pax")
    header.type, header.size = b"x", 512
    nested.write_bytes(gzip.compress((header.tobuf(tarfile.PAX_FORMAT) + b"\0" * 512) * 5000))
    yield nested


def _run(cases: Iterator[Path], read: Callable[[Path], None], refusal: type[Exception]) -> dict:
    """Read every case: refused, taken, or an exception that nobody foresaw (printed, and counted)."""
    found = {"cases": 0, "refused": 0, "unhandled": 0}
    for path in cases:
        found["cases"] += 1
        try:
            read(path)
        except refusal:
            found["refused"] += 1
        except Exception:
            found["unhandled"] += 1
            traceback.print_exc()
    # Not ru_maxrss: that one starts with the size of the process that started this one.
    status = Path("/proc/self/status").read_text()
    found["peak_mib"] = int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024
    return found


def main() -> None:
    kind, seed, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    chance = Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if kind == "transcripts":
            from peersupport.practice.transcripts import TranscriptError, read_transcript

            def small() -> Iterator[Path]:
                for _ in range(count):
                    file, content = transcript(chance)
                    (folder / file).write_bytes(content)
                    yield folder / file

            found = _run(_both(small(), big_transcripts(folder)), read_transcript, TranscriptError)
        else:
            os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
            import django

            django.setup()
            from peersupport import backup

            def small() -> Iterator[Path]:
                for _ in range(count):
                    (folder / "a.tar.gz").write_bytes(archive(chance))
                    yield folder / "a.tar.gz"

            found = _run(_both(small(), big_archives(folder)), backup.restore, backup.BackupError)
    print(json.dumps(found))


def _both(*parts: Iterator[Path]) -> Iterator[Path]:
    for part in parts:
        yield from part


if __name__ == "__main__":
    main()
