"""A right that is taken away is gone at once: for the next request, an open stream, a running download.

The trainer has a chat that the volunteer ended open when the right ends. A last answer of the seeker's is
written right afterwards, as by a worker that was late; what of that reaches the trainer has leaked. The
export is read slowly; when the admin's right ends, every tag not sent yet is marked in the database, so that
a marked row in the file was read after the end.
"""

from __future__ import annotations

import http.client
import socket
import threading
import time
import uuid

from bench.app import PASSWORD, App, Follower, Volunteer
from bench.promises.hand import Hand
from bench.promises.place import BOTH, Place
from bench.promises.sheet import Figure

NUMBER = 13
TITLE = "A revoked right acts at once"
RUNNERS = BOTH
SMALL, FULL = 5, 60
ENDS_WITHIN_SECONDS = 2.0
WAIT_SECONDS = 6
MARK = 0.123456
_WHOLE = b"\r\n0\r\n\r\n"  # how a chunked answer ends; a row ends in a time zone, not in such a line

USERS = "from peersupport.people.models import Membership, User\nfrom django.utils import timezone\n"
ENDINGS = {
    "membership": "Membership.objects.filter(user__username='tara').update(until=timezone.now())",
    "role": "User.objects.filter(username='{who}').update(role='volunteer')",
    "inactive": "User.objects.filter(username='{who}').update(is_active=False)",
    "password": "u = User.objects.get(username='{who}'); u.set_password('another-long-one'); u.save()",
    "signed out": "",  # by the person, in another tab
}
RESTORE = f"""
for name, role in (("tara", "trainer"), ("ada", "admin")):
    u = User.objects.get(username=name); u.role = role; u.is_active = True
    u.set_password("{PASSWORD}"); u.save()
Membership.objects.filter(user__username="tara").update(until=None)
"""
LATE = """
from django.db import transaction
from peersupport.practice.models import ChatEvent, Message, PracticeChat
with transaction.atomic():
    chat = PracticeChat.objects.select_for_update().get(pk="{chat}")
    said = dict(index=99, role="seeker", text="{mark}", idempotency_key="late")
    message = Message.objects.create(chat=chat, **said)
    ChatEvent.append(chat, "message", message)
"""
FILL = """
from peersupport.people import consents
from peersupport.people.models import User
from peersupport.practice.models import Message, PracticeChat, Scenario
from skills.models import SkillTag, Tagging
from skills.taxonomy import TECHNIQUES
consents.choose(User.objects.get(username="paul"), agreed=["research"])
chat = PracticeChat.objects.create(volunteer=User.objects.get(username="paul"), seed=1, status="ended",
                                   scenario=Scenario.objects.filter(active=True).first())
messages = Message.objects.bulk_create(
    Message(chat=chat, index=n, role="counselor", text="-", idempotency_key=str(n)) for n in range({count}))
taggings = Tagging.objects.bulk_create(
    Tagging(message=m, version="bench", probabilities=b"") for m in messages)
SkillTag.objects.bulk_create([SkillTag(tagging=t, code=c, probability=0.5, start=0, end=1)
                              for t in taggings for c in list(TECHNIQUES)[:20]], batch_size=5000)
"""


def measure(place: Place, count: int) -> list[Figure]:
    app = place.app()
    app.start()
    try:
        hand = Hand(place)
        hand.do(USERS)
        found = [_stream(app, hand, list(ENDINGS)[number % len(ENDINGS)]) for number in range(count)]
        hand.do(FILL.format(count=3000))
        exports = ["role"] if count <= SMALL else ["role", "inactive", "password", "signed out"]
        downloads = [_download(app, hand, ending) for ending in exports]
    finally:
        app.stop()
    lasted = [seconds for seconds, *_ in found]
    return [
        Figure("messages that reached an open stream after the end", sum(row[1] for row in found), "", 0),
        Figure("pages and fragments given after the end", sum(row[2] for row in found), "", 0),
        Figure("slowest end of an open stream", max(lasted), "s", ENDS_WITHIN_SECONDS),
        Figure("export rows read after the end", sum(leaked for leaked, _ in downloads), "", 0),
        Figure("exports that went on to their end", sum(whole for _, whole in downloads), "", 0),
    ]


def _stream(app: App, hand: Hand, ending: str) -> tuple[float, int, int]:
    """Seconds until the stream ended (WAIT_SECONDS when it did not), messages and pages leaked."""
    hand.do(RESTORE)
    vera, tara = Volunteer(app, "vera"), Volunteer(app, "tara")
    path = vera.start_chat()
    vera.say(path, "What was the hardest part of today?")  # a chat without own words leaves nothing to follow
    vera.post(f"{path}end/")
    session = tara._cookie("sessionid")
    received: list[str] = []
    follower = tara.follow(path)
    reader = threading.Thread(target=_read, args=(follower, received), daemon=True)
    reader.start()
    _until(lambda: received)  # the seeker's first line: the stream is open and gives
    _end(hand, tara, ending, "tara")
    ended = time.monotonic()
    mark = uuid.uuid4().hex
    hand.do(LATE.format(chat=path.split("/")[2], mark=mark))
    pages = sum(_status(app, path + part, session) == 200 for part in ("", "events/", "report/"))
    reader.join(WAIT_SECONDS)
    seconds = time.monotonic() - ended
    leaked = sum(mark in text for text in received)
    follower.close()
    return seconds, leaked, pages


def _end(hand: Hand, person: Volunteer, ending: str, who: str) -> None:
    if ending == "signed out":
        person.post("/logout/")
    else:
        hand.do(ENDINGS[ending].format(who=who))


def _read(follower: Follower, received: list[str]) -> None:
    try:
        for event in follower.events():
            if event == "gone":
                return
            received.append(event)
    except (OSError, ValueError, AttributeError, http.client.HTTPException):
        return  # closed under us, because it did not end by itself


def _until(found) -> None:
    ends = time.monotonic() + 10
    while not found():
        if time.monotonic() > ends:
            raise RuntimeError("nothing came in 10 s")
        time.sleep(0.02)


def _status(app: App, path: str, session: str) -> int:
    """What one GET with this cookie gives; a redirect is not followed."""
    connection = http.client.HTTPConnection("127.0.0.1", app.port, timeout=30)
    try:
        connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        return connection.getresponse().status
    finally:
        connection.close()


def _download(app: App, hand: Hand, ending: str) -> tuple[int, bool]:
    """(rows that were read after the end, whether the file came to its end)."""
    hand.do(RESTORE + "\nfrom skills.models import SkillTag\nSkillTag.objects.update(probability=0.5)")
    ada = Volunteer(app, "ada")
    # A narrow window, so that the server has to wait for us and does not run ahead.
    with socket.socket() as line:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        line.settimeout(30)
        line.connect(("127.0.0.1", app.port))
        request = f"GET /exports/tags.csv HTTP/1.1\r\nHost: 127.0.0.1:{app.port}\r\n"
        line.sendall(f"{request}Cookie: sessionid={ada._cookie('sessionid')}\r\n\r\n".encode())
        parts = [line.recv(1024)]
        _end(hand, ada, ending, "ada")
        hand.do(f"SkillTag.objects.update(probability={MARK})")
        while part := line.recv(65536):
            parts.append(part)
            if (parts[-2] + part).endswith(_WHOLE):
                break
    body = b"".join(parts)
    if not body.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(f"the export answered {body[:40]!r}")
    return body.count(f",{MARK:.4f},".encode()), body.endswith(_WHOLE)
