"""Starting the real application in a folder of its own, and talking to it as a browser would."""

from __future__ import annotations

import http.client
import http.cookiejar
import os
import re
import signal
import subprocess
import sys
import time
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import IO

from bench.servers import free_port

ROOT = Path(__file__).parent.parent
PASSWORD = "practice-room"


class App:
    """`manage.py up` on a free port with its own DATA_DIR; embedded unless `env` names servers."""

    def __init__(self, data_dir: Path, **env: str) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.env = {**os.environ, "DATA_DIR": str(data_dir), "OMP_NUM_THREADS": "1"}
        for name in ("DATABASE_URL", "CELERY_BROKER_URL", "DJANGO_SETTINGS_MODULE"):
            self.env.pop(name, None)
        self.env |= env
        self.process: subprocess.Popen | None = None

    def start(self, stderr: IO | None = None) -> float:
        """Start and return the seconds until /readyz said yes. Raises RuntimeError when it ends early."""
        began = time.monotonic()
        command = [sys.executable, "manage.py", "up", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=ROOT, env=self.env, stdout=subprocess.PIPE, stderr=stderr, text=True
        )
        for line in self.process.stdout:
            if "is ready after" in line:
                return time.monotonic() - began
        raise RuntimeError(f"the application ended with code {self.process.wait()}")

    def stop(self) -> float:
        """Ctrl-C; returns the seconds until every process was gone."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        self.process.communicate(timeout=30)
        return time.monotonic() - began

    def manage(self, *arguments: str) -> str:
        return self._python("manage.py", *arguments)

    def run_module(self, name: str, *arguments: str) -> str:
        return self._python("-m", name, *arguments)

    def _python(self, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments], cwd=ROOT, env=self.env, check=False, capture_output=True, text=True
        )
        if done.returncode:
            raise RuntimeError(f"{arguments[:2]} ended with {done.returncode}:\n{done.stderr}")
        return done.stdout

    def web_memory_mb(self, which: str = "VmRSS") -> float:
        """Memory of the web process, MiB: resident now (VmRSS) or at its peak (VmHWM)."""
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                command = (entry / "cmdline").read_bytes().split(b"\0")
                if b"peersupport.serve" in command and str(self.port).encode() in command:
                    status = (entry / "status").read_text()
                    return int(re.search(rf"{which}:\s+(\d+)", status)[1]) / 1024
            except OSError:
                continue
        raise RuntimeError("no web process found")


class Volunteer:
    """A signed-in volunteer with a chat."""

    def __init__(self, app: App, username: str) -> None:
        self.app = app
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar))
        self.get("/login/")
        self.post("/login/", username=username, password=PASSWORD)

    @property
    def session(self) -> str:
        return self._cookie("sessionid")

    def _cookie(self, name: str) -> str:
        return next((cookie.value for cookie in self.jar if cookie.name == name), "")

    def cookies(self) -> dict[str, str]:
        return {cookie.name: cookie.value for cookie in self.jar}

    def get(self, path: str) -> str:
        with self.opener.open(self.app.address + path, timeout=30) as answer:
            return answer.read().decode()

    def post(self, path: str, **fields: str) -> tuple[str, str]:
        """(address the answer came from, its text)."""
        body = urllib.parse.urlencode({**fields, "csrfmiddlewaretoken": self._cookie("csrftoken")}).encode()
        with self.opener.open(self.app.address + path, body, timeout=30) as answer:
            return answer.geturl(), answer.read().decode()

    def start_chat(self) -> str:
        """Pick the first scenario; returns the chat's path."""
        form = re.search(r'action="(/practice/[^"]+)"', self.get("/practice/"))
        address, _ = self.post(form[1])
        return urllib.parse.urlsplit(address).path

    def follow(self, path: str, after: int = 0) -> Follower:
        return Follower(self.app.port, f"{path}stream/?after={after}", self.session)

    def say(self, path: str, text: str) -> None:
        self.post(f"{path}messages/", text=text, key=uuid.uuid4().hex)


class Follower:
    """An open event stream, read event by event; `seq` is that of the last one."""

    seq = 0

    def __init__(self, port: int, path: str, session: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        self.connection.request("GET", path, headers={"Cookie": f"sessionid={session}"})
        self.answer = self.connection.getresponse()
        if self.answer.status != 200:
            raise RuntimeError(f"stream answered {self.answer.status}")

    def events(self):
        """Yield the data of each event as it arrives."""
        data: list[str] = []
        for raw in self.answer:
            line = raw.decode().rstrip("\n")
            if line.startswith("id:"):
                self.seq = int(line[3:])
            elif line.startswith("data:"):
                data.append(line[5:].strip())
            elif not line and data:
                yield "\n".join(data)
                data = []

    def close(self) -> None:
        self.connection.close()
