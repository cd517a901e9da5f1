"""The real application stops at once although browsers follow a chat, and keeps what they did."""

from __future__ import annotations

import threading
import time

import pytest

from bench.app import App, Volunteer


@pytest.mark.slow
def test_open_streams_end_with_the_server(tmp_path):
    app = App(tmp_path)
    app.start()
    volunteer = Volunteer(app, "vera")
    path = volunteer.start_chat()
    stream = volunteer.follow(path)
    ended = threading.Event()

    def follow() -> None:
        for _ in stream.events():
            pass
        ended.set()

    threading.Thread(target=follow, daemon=True).start()
    volunteer.say(path, "What happened today?")
    time.sleep(1)
    assert not ended.is_set()
    assert app.stop() < 4
    assert ended.wait(1)
    assert app.process.returncode == 0
    app.start()
    assert "What happened today?" in Volunteer(app, "vera").get(path)
    app.stop()
