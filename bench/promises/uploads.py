"""Hostile files sent to the one page that takes a file, as the forms of a signed-in volunteer."""

from __future__ import annotations

import http.client
import re
from contextlib import suppress
from dataclasses import dataclass
from random import Random

from bench.app import App
from bench.hostile import MIB, transcript

PATH = "/transcripts/new/"
BOUNDARY = b"hostile-upload-boundary"


@dataclass(frozen=True)
class Answer:
    """`refusal` is what the page says in its alert, or the whole of a plain answer."""

    status: int
    refusal: str

    @property
    def clear(self) -> bool:
        """Read and led on to the preview, or refused in a sentence."""
        return self.status == 302 or (self.status in (400, 413) and self.refusal.strip().endswith("."))


def form(content: bytes, name: str = "a.csv") -> bytes:
    head = b'--%s\r\nContent-Disposition: form-data; name="%s"'
    consent = head % (BOUNDARY, b"consent") + b"\r\n\r\n1\r\n"
    file = head % (BOUNDARY, b"file") + b'; filename="' + name.encode() + b'"\r\n\r\n' + content + b"\r\n"
    return consent + file + b"--" + BOUNDARY + b"--\r\n"


def send(app: App, cookies: dict[str, str], body: bytes, *, chunked: bool = False) -> Answer:
    headers = {
        "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
        "X-CSRFToken": cookies["csrftoken"],
        "Content-Type": f"multipart/form-data; boundary={BOUNDARY.decode()}",
    }
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=60)
    try:
        whole = iter([body[at : at + 65536] for at in range(0, len(body), 65536)]) if chunked else body
        with suppress(BrokenPipeError, ConnectionResetError):  # refused before the end: the answer waits
            connection.request("POST", PATH, whole, headers, encode_chunked=chunked)
        answer = connection.getresponse()
        page = answer.read().decode("utf-8", "replace")
    except (http.client.HTTPException, OSError) as error:
        print(f"   no answer: {type(error).__name__}, {len(body):,} bytes, chunked {chunked}")
        return Answer(0, "")
    finally:
        connection.close()
    if "<html" not in page:
        return Answer(answer.status, page)
    alert = re.search(r'<p class="error" role="alert">(.*?)</p>', page, re.S)
    return Answer(answer.status, re.sub(r"<[^>]+>", "", alert[1]) if alert else "")


def drawn(app: App, cookies: dict[str, str], count: int, seed: int) -> list[Answer]:
    """So many drawn transcripts, then a few that are too long: by a line, by a file, by a body."""
    chance = Random(seed)
    answers = []
    for number in range(count):
        name, content = transcript(chance)
        answers.append(send(app, cookies, form(content, name), chunked=number % 7 == 0))
    for size in (2 * MIB - 1000, 2 * MIB + 1, 50 * MIB):
        answers.append(send(app, cookies, form(b"speaker,text\nA," + b"x" * size)))
    answers.append(send(app, cookies, form(b"speaker,text\nA," + b"x" * 5 * MIB), chunked=True))
    answers.append(send(app, cookies, form(b"speaker,text\n" + b"A,hello there\n" * 140_000)))
    return answers
