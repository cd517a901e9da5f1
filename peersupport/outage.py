"""What a visitor sees when something broke: a page of its own where it is only the database that is away."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views import defaults

RETRY_SECONDS = 5


def server_error(request: HttpRequest) -> HttpResponse:
    """The root `handler500`: 503 with Retry-After while the database cannot be reached, else 500."""
    if isinstance(sys.exc_info()[1], (OperationalError, InterfaceError)):
        response = render(None, "503.html", status=503)
        response["Retry-After"] = str(RETRY_SECONDS)
        return response
    return defaults.server_error(request)
