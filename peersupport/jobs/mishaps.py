"""What breaks in a loop that must go on: told without the words of the exception, and got over."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from django.db import Error, InterfaceError, OperationalError, connection

from peersupport.logs import describe

logger = logging.getLogger(__name__)


def tell(what: str, error: Exception) -> None:
    """One line. `what` is a name of ours; a database that is away is waited for and is no error."""
    if isinstance(error, (OperationalError, InterfaceError)):
        logger.warning("%s: database not ready (%s)", what, type(error).__name__)
    else:
        logger.error("%s broke: %s", what, describe(error).replace("\n", "; "))


@contextmanager
def contained(what: str) -> Iterator[None]:
    """What breaks inside keeps nothing that comes after it from its turn. Only a database that is gone, or a
    transaction that cannot go on, is raised: nothing would work after it."""
    try:
        yield
    except Exception as error:
        if connection.needs_rollback or (isinstance(error, Error) and not connection.is_usable()):
            raise
        tell(what, error)
