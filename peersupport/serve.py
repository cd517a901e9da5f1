"""The web process: uvicorn, with event streams that end when it is told to stop.

python -m peersupport.serve --host 127.0.0.1 --port 8000 --processes 2
"""

from __future__ import annotations

import argparse
import os
import signal
import socket
import sys
from types import FrameType

import uvicorn

from peersupport.asgi import application
from peersupport.practice import watch
from peersupport.supervisor import Child, Supervisor


class Server(uvicorn.Server):
    """Streams live for minutes; without a word they would hold up every stop and every upgrade."""

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        watch.closing.set()
        # In place of uvicorn's own, which raises the signal again when all is done: a stop that went well
        # ends with 0, so that a service manager can tell it from a crash. A second Ctrl-C waits no more.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


def listen(host: str, port: int) -> socket.socket:
    """A socket that several processes may open; the system deals the connections out among them."""
    family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    shared = socket.socket(family, kind)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    shared.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    shared.bind(address)
    return shared


def serve(host: str, port: int) -> None:
    """Serve in this process until told to stop."""
    config = uvicorn.Config(
        application,
        access_log=False,  # ours names the route and not the path (peersupport/access_log.py)
        log_config=None,  # our handlers, our format
        log_level="warning",
        timeout_graceful_shutdown=5,
    )
    Server(config).run(sockets=[listen(host, port)])


def main() -> int:
    parser = argparse.ArgumentParser(description="Serve the web pages until SIGTERM or Ctrl-C.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--processes", type=int, default=1, help="one uses one core; default: %(default)s")
    options = parser.parse_args()
    if options.processes < 2:
        serve(options.host, options.port)
        return 0
    one = [sys.executable, "-m", "peersupport.serve", "--host", options.host, "--port", str(options.port)]
    names = [f"web {number}" for number in range(1, options.processes + 1)]
    return Supervisor([Child(name, one, dict(os.environ)) for name in names]).run()


if __name__ == "__main__":
    sys.exit(main())
