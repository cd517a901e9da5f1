"""What a log line looks like, and what stays out of it.

Every line carries time, level, logger, and what it is about: the request id in the web process; job, kind,
lane, attempt and worker in workers. Never what people wrote: an exception is its class and where it was
raised, since its message can quote content, and an address is the name of its route.
"""

from __future__ import annotations

import json
import logging
import os
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from types import MappingProxyType

FORMATS = ("plain", "json")
_about: ContextVar[Mapping[str, object]] = ContextVar("about", default=MappingProxyType({}))


@contextmanager
def about(**fields: object) -> Iterator[None]:
    """Lines written inside carry these fields, ids and numbers only."""
    token = _about.set({**_about.get(), **fields})
    try:
        yield
    finally:
        _about.reset(token)


def describe(error: BaseException) -> str:
    """Exception classes and where they were raised. Messages stay out: they can quote content."""
    from django.conf import settings

    root = str(settings.BASE_DIR) + os.sep
    frames = traceback.extract_tb(error.__traceback__)[-8:]
    lines = [f"{frame.filename.removeprefix(root)}:{frame.lineno} {frame.name}" for frame in frames]
    lines = [line if not line.startswith(os.sep) else Path(line).name for line in lines]
    return "\n".join([f"{type(error).__module__}.{type(error).__qualname__}", *lines])


def route_of(request) -> str:
    """The name of the view that an address leads to; never the address, which holds ids."""
    match = getattr(request, "resolver_match", None)
    return (match.view_name or "unnamed") if match else "unmatched"


class NotAProbe(logging.Filter):
    """Drops Django's "Service Unavailable: /readyz": not ready yet is an answer, and the prober reads it."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return getattr(request, "path", "") != "/readyz"


class About(logging.Filter):
    """Hangs the fields on the record, and puts the route in place of a path that Django's lines carry."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.about = {**_about.get(), **getattr(record, "fields", {})}
        request = getattr(record, "request", None)
        path = getattr(request, "path", None)
        if path is not None and isinstance(record.args, tuple):
            record.args = tuple(route_of(request) if arg == path else arg for arg in record.args)
        return True


class _Formatter(logging.Formatter):
    converter = time.gmtime
    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def formatException(self, ei) -> str:
        return describe(ei[1]) if ei and ei[1] else ""

    def formatStack(self, stack_info: str) -> str:
        return ""  # source lines; the frames of the exception say where


class Plain(_Formatter):
    """One line to read: time, level, logger, message, then name=value pairs."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        pairs = "".join(f" {name}={value}" for name, value in getattr(record, "about", {}).items())
        return f"{record.asctime} {record.levelname} {record.name} {record.message}{pairs}"

    def usesTime(self) -> bool:
        return True


class Json(_Formatter):
    """One JSON object a line, for a log collector."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": self.formatTime(record),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "about", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def config(kind: str, level: str) -> dict:
    """Django's LOGGING. Raises ImproperlyConfigured for a format that does not exist."""
    if kind not in FORMATS:
        from django.core.exceptions import ImproperlyConfigured

        raise ImproperlyConfigured(f"LOG_FORMAT must be {' or '.join(FORMATS)}, not {kind!r}")
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"chosen": {"()": f"peersupport.logs.{kind.capitalize()}"}},
        "filters": {
            "probes": {"()": "peersupport.logs.NotAProbe"},
            "about": {"()": "peersupport.logs.About"},
        },
        "handlers": {
            "console": {
                "class": "logging.StreamHandler",
                "formatter": "chosen",
                "filters": ["probes", "about"],
            }
        },
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "axes": {"level": "WARNING"},
            # Refusals (4xx) stand in the access line; these would say it twice.
            "django.request": {"level": "ERROR"},
            # Celery says each message twice at INFO; the line of the finished job says it once.
            "celery": {"level": "WARNING"},
            # Django's own handlers would print without our format.
            "django": {"level": level, "handlers": [], "propagate": True},
            "django.server": {"level": level, "handlers": [], "propagate": True},
        },
    }
