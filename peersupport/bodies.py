"""No request body longer than the longest form, and none in another script than UTF-8.

Django reads a body to its end before it looks at the address or at who sends it, so that anybody could
fill the disk; one page takes a file of bounded length, elsewhere the longest form is a message. And it
decodes a form by any codec that the sender names, some of which are no text encodings and end in an error
of the server.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from django.conf import settings

from peersupport.headers import HEADERS
from peersupport.people.sessions import by_admin

_TOO_LONG = (413, b"The request is too long. Shorten the text or the file and send it again.\n")
_NOT_UTF8 = (415, b"The form names another character set than UTF-8. Send it in UTF-8.\n")
# What is thrown away before the answer: a sender that still writes would see a broken line, not the answer.
_LINGER_BYTES, _LINGER_PARTS = 64 * 1024**2, 16384
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class BodyLimit:
    """ASGI wrapper: 413 above REQUEST_MAX_BYTES, by what is declared and by what comes; 415 if not UTF-8.

    LONGER_BODIES names the paths that may take more, ADMIN_BODIES those that may where an admin sends it:
    nobody else can fill the disk with what Django reads before it looks at the sender.
    """

    def __init__(self, application) -> None:
        self.application = application

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.application(scope, receive, send)
        headers = dict(scope["headers"])
        path = scope.get("path", "")
        limit = settings.LONGER_BODIES.get(path, settings.REQUEST_MAX_BYTES)
        if path in settings.ADMIN_BODIES and scope.get("method") == "POST" and await by_admin(headers):
            limit = settings.ADMIN_BODIES[path]
        declared = headers.get(b"content-length", b"0")
        # Servers refuse a length that is no number; what is left of that is taken as too long.
        if not declared.isdigit() or len(declared) > 18 or int(declared) > limit:
            await _linger(receive)
            return await _refuse(send, *_TOO_LONG)
        if not _is_utf8(headers.get(b"content-type", b"")):
            await _linger(receive)
            return await _refuse(send, *_NOT_UTF8)
        size, refused, answered, ended = 0, False, False, False

        async def measured() -> dict[str, Any]:
            nonlocal size, refused, ended
            message = await receive()
            ended = not message.get("more_body")
            size += len(message.get("body", b""))
            if size > limit:
                refused = True
                return {"type": "http.disconnect"}  # Django drops what it has and says nothing
            return message

        async def watched(message: dict[str, Any]) -> None:
            nonlocal answered
            answered = True
            await send(message)

        await self.application(scope, measured, watched)
        if refused and not answered:
            if not ended:  # after its end nothing more comes until the sender hangs up
                await _linger(receive)
            await _refuse(send, *_TOO_LONG)
        return None


async def _linger(receive: Receive) -> None:
    """Read on and keep nothing, until the body ends or it has been enough."""
    size = 0
    for _ in range(_LINGER_PARTS):
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body") or size > _LINGER_BYTES:
            return


def _is_utf8(content_type: bytes) -> bool:
    """Whether every character set that the header names is UTF-8."""
    named = content_type.lower().replace(b" ", b"").split(b"charset")[1:]
    return all(part.lstrip(b"*=").split(b";")[0].strip(b"\"'") in (b"utf-8", b"utf8") for part in named)


async def _refuse(send: Send, status: int, text: bytes) -> None:
    headers = {
        **HEADERS,
        "Content-Type": "text/plain; charset=utf-8",
        "Content-Length": str(len(text)),
        "Connection": "close",  # what is still coming is not read
        "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
        "X-Frame-Options": settings.X_FRAME_OPTIONS,
    }
    if settings.SECURE_HSTS_SECONDS:
        headers["Strict-Transport-Security"] = f"max-age={settings.SECURE_HSTS_SECONDS}; includeSubDomains"
    raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": text})
