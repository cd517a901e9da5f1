"""What is kept out of the log."""

from __future__ import annotations

import logging


class NotAProbe(logging.Filter):
    """Drops Django's "Service Unavailable: /readyz": not ready yet is an answer, and the prober reads it."""

    def filter(self, record: logging.LogRecord) -> bool:
        request = getattr(record, "request", None)
        return getattr(request, "path", "") != "/readyz"
