"""The web process: uvicorn, with event streams that end when it is told to stop.

python -m peersupport.serve --host 127.0.0.1 --port 8000
"""

from __future__ import annotations

import argparse
from types import FrameType

import uvicorn

from peersupport.asgi import application
from peersupport.practice import events


class Server(uvicorn.Server):
    """Streams live for minutes; without a word they would hold up every stop and every upgrade."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        events.closing.set()
        super().handle_exit(sig, frame)


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve the web pages until SIGTERM or Ctrl-C.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    options = parser.parse_args()
    config = uvicorn.Config(
        application,
        host=options.host,
        port=options.port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    Server(config).run()


if __name__ == "__main__":
    main()
