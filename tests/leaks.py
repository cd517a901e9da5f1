"""Watches every log record of the whole run for what tests write, whatever its logger, level or handler.

Each test's messages are its canaries, with one word for text that becomes no message. What a formatter
drops is not looked at: an exception's own words are kept out by `peersupport.logs`, which has its tests.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

CANARY = "zebrafinch lantern quorum"
SHORTEST = 12  # characters; a shorter message may stand in a line by chance


@dataclass
class Watch:
    texts: set[str] = field(default_factory=lambda: {CANARY})
    leaks: list[str] = field(default_factory=list)

    def begin(self) -> None:
        self.texts, self.leaks = {CANARY}, []

    def heard(self, text: str) -> None:
        if len(text) >= SHORTEST:
            self.texts.add(text)

    def look(self, record: logging.LogRecord) -> None:
        line = record.getMessage()
        if any(text in line for text in tuple(self.texts)):  # other threads add to it
            self.leaks.append(f"{record.name} {record.levelname} ({record.pathname}:{record.lineno})")


watch = Watch()


def install() -> None:
    """Look at each record as it is made; hear each message as it is saved."""
    from django.db.models.signals import post_save

    make = logging.getLogRecordFactory()

    def looked_at(*args, **kwargs) -> logging.LogRecord:
        record = make(*args, **kwargs)
        watch.look(record)
        return record

    logging.setLogRecordFactory(looked_at)
    post_save.connect(_saved, sender="peersupport.Message", weak=False, dispatch_uid="leaks")


def _saved(sender, instance, **kwargs) -> None:
    watch.heard(instance.text)
