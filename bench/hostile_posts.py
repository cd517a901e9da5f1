"""Request bodies that mean harm, for every form of the site; the same seed gives the same ones."""

from __future__ import annotations

import gzip
import json
from random import Random
from urllib.parse import quote_from_bytes

from bench.hostile import MAGIC, MIB, WORDS

FIELDS = ["text", "key", "codes", "note", "next", "username", "password", "code", "csrfmiddlewaretoken"]
FIELDS += [
    "",
    "a[]",
    "a[b][c]",
    "__proto__",
    "constructor",
    "\x00",
    "ключ",
    "text\x00",
    "x" * 5000,
    "pk",
    "role",
]
VALUES = [
    b"\x00",
    b"a\x00b",
    b"\xed\xa0\x80",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"=cmd|'/c calc'!A1",
    b"' OR 1=1 --",
]
VALUES += [
    b"<img src=x onerror=alert(1)>",
    b"{{ settings.SECRET_KEY }}",
    b"%00%0d%0aX: y",
    b"../../etc/passwd",
]
VALUES += [b"//elsewhere.example/", b"javascript:alert(1)", b"9" * 400, b"-1", b"1e999", b"", b"x" * 100_000]
VALUES += [word.encode() for word in WORDS]
CHARSETS = ["utf-8", "utf-16", "utf-7", "hex", "zip", "rot13", "nonsense", "idna", "\x7f"]
FILES = [b"PK\x03\x04" + b"\0" * 5000, *MAGIC.values(), b"A,b\n" * 1000, b"\0" * 200_000, b""]


def post(chance: Random) -> tuple[dict[str, str], bytes]:
    """(headers, body)."""
    return chance.choice([_form, _filled, _filled, _multipart, _broken, _other])(chance)


def _filled(chance: Random) -> tuple[dict[str, str], bytes]:
    """Every field that some form has, so that what lies behind the form is reached as well."""
    values = {name: chance.choice(VALUES)[:3000] for name in FIELDS[:8]}
    values["codes"] = chance.choice([b"affirm", b"affirm", values["codes"]])
    fields = (f"{name}={quote_from_bytes(value)}" for name, value in values.items())
    return {"Content-Type": "application/x-www-form-urlencoded"}, "&".join(fields).encode()


def _form(chance: Random) -> tuple[dict[str, str], bytes]:
    count = chance.choice([0, 1, 3, 8, 1500])
    fields = (
        f"{quote_from_bytes(chance.choice(FIELDS).encode())}={quote_from_bytes(chance.choice(VALUES))}"
        for _ in range(count)
    )
    body = "&".join(fields).encode()[: 2 * MIB]
    charset = chance.choice(["", "", f"; charset={chance.choice(CHARSETS)}"])
    return {"Content-Type": "application/x-www-form-urlencoded" + charset}, body


def _multipart(chance: Random) -> tuple[dict[str, str], bytes]:
    boundary = chance.choice(["b", "-" * 60, "a b", "x" * 200])
    parts = b""
    for _ in range(chance.choice([1, 3, 120, 1200])):
        name = chance.choice(FIELDS).encode().replace(b"\r", b"").replace(b"\n", b"")
        head = b'Content-Disposition: form-data; name="' + name + b'"'
        if chance.random() < 0.4:
            head += chance.choice(
                [b'; filename="a.csv"', b'; filename="../../a\x00.py"', b"; filename*=hex''%00"]
            )
            content = chance.choice(FILES)
        else:
            content = chance.choice(VALUES)
        if chance.random() < 0.2:
            head += chance.choice(
                [b"\r\nContent-Transfer-Encoding: base64", b"\r\nX: " + b"y" * 3000, b"\r\nbare"]
            )
        parts += b"--" + boundary.encode() + b"\r\n" + head + b"\r\n\r\n" + content + b"\r\n"
        if len(parts) > 900_000:
            break
    parts += chance.choice([b"--" + boundary.encode() + b"--\r\n", b"", b"--" + boundary.encode()])
    charset = chance.choice(["", "", f"; charset={chance.choice(CHARSETS)}"])
    return {"Content-Type": f"multipart/form-data; boundary={boundary}{charset}"}, parts


def _broken(chance: Random) -> tuple[dict[str, str], bytes]:
    kinds = [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=é",
        "",
        "text",
    ]
    kinds += [
        "multipart/form-data; boundary=b; boundary=c",
        "application/x-www-form-urlencoded; charset",
        "a/b/c",
    ]
    return {"Content-Type": chance.choice(kinds)}, chance.randbytes(chance.randrange(4000))


def _other(chance: Random) -> tuple[dict[str, str], bytes]:
    deep = b"[" * 100_000
    return chance.choice(
        [
            ({"Content-Type": "application/json"}, deep),
            ({"Content-Type": "application/json"}, json.dumps({"text": "x", "key": None}).encode()),
            ({"Content-Type": "application/xml"}, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
            ({"Content-Type": "text/csv", "Content-Encoding": "gzip"}, gzip.compress(b"\0" * MIB)),
            ({"Content-Type": "application/x-www-form-urlencoded"}, b"text=" + b"x" * (MIB + 100)),
            ({"Content-Type": "application/zip"}, b"\0" * (3 * MIB)),
        ]
    )
