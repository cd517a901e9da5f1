"""The outermost middleware: an id for every request, and one log line when it is answered."""

from __future__ import annotations

import logging
import re
import secrets
import time
from inspect import iscoroutinefunction

from django.conf import settings
from django.http import HttpRequest
from django.utils.decorators import sync_and_async_middleware

from peersupport import logs

logger = logging.getLogger("peersupport.access")
HEADER = "X-Request-ID"
_ID = re.compile(r"[A-Za-z0-9-]{8,64}")
# Asked for every few seconds by machines, or a dozen at once by every page: only at LOG_LEVEL=DEBUG.
QUIET = {"healthz", "readyz", "metrics", "static"}


def request_id(request: HttpRequest) -> str:
    """The proxy's id, where we stand behind one (BEHIND_PROXY) and it has the form of an id; or a new one."""
    given = request.headers.get(HEADER, "") if settings.BEHIND_PROXY else ""
    return given if _ID.fullmatch(given) else secrets.token_hex(8)


def _write(request: HttpRequest, status: int, began: float) -> None:
    """Method, route name, status, ms until the answer began, user id. No path, no query, no text."""
    static = request.path.startswith("/" + settings.STATIC_URL.lstrip("/"))
    route = "static" if static else logs.route_of(request)
    # What the authentication found, if it was asked: this line must not query the database itself.
    user = getattr(request, "_cached_user", None)
    fields = {
        "method": request.method if request.method in _METHODS else "other",
        "route": route,
        "status": status,
        "ms": round((time.monotonic() - began) * 1000, 1),
        "user_id": getattr(user, "pk", None),
    }
    logger.log(logging.DEBUG if route in QUIET else logging.INFO, "request", extra={"fields": fields})


_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


@sync_and_async_middleware
def AccessLogMiddleware(get_response):
    if iscoroutinefunction(get_response):

        async def middleware(request):
            began, number = time.monotonic(), request_id(request)
            with logs.about(request_id=number):
                response = await get_response(request)
                response[HEADER] = number
                _write(request, response.status_code, began)
            return response
    else:

        def middleware(request):
            began, number = time.monotonic(), request_id(request)
            with logs.about(request_id=number):
                response = get_response(request)
                response[HEADER] = number
                _write(request, response.status_code, began)
            return response

    return middleware
