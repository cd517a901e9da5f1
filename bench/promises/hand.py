"""An operator's hand inside an installation: one process with Django set up that runs what it is given."""

from __future__ import annotations

import json

from bench.promises.place import Place

_LOOP = """
import json, sys, django
django.setup()
names = {}
for line in sys.stdin:
    names["answer"] = None
    exec(json.loads(line), names)
    print(json.dumps(names["answer"]), flush=True)
"""


class Hand:
    """Quicker than a process for each act; stopped with the place."""

    def __init__(self, place: Place) -> None:
        self._process = place.start_piped("-c", _LOOP)

    def do(self, code: str) -> object:
        """Run code; returns the JSON value that it put into `answer`. Raises RuntimeError where it failed."""
        self._process.stdin.write(json.dumps(code) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the code failed; its traceback stands above")
        return json.loads(line)
