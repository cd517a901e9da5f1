"""The volunteers themselves: one process, one coroutine a person, what a browser would do and no more.

python -m bench.load.volunteers plan.json      (started by bench.load; prints what it saw as JSON)

Each person picks a scenario, opens the chat, keeps its event stream open (coming back with the last id
after a cut, as EventSource does), thinks, writes, and ends the chat when the time is over. A send without
an answer is sent again with the same key. The plan bounds how many, how long and how often.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp

from bench.lines import LINES

SENDS = 4  # of one message, the first included
RECONNECT_SECONDS = 1.0  # what the stream itself asks for
SETTLE_SECONDS = 60  # after the end of the chatting: for tags and reports still on their way
ARTICLE = re.compile(r'<article id="message-[^>]*data-turn="(\w+)" data-key="([^"]+)"')


@dataclass(frozen=True)
class Plan:
    """`think` is the mean of the pause between two messages, log-normal with `spread`; `ramp` the seconds
    over which people come in; `most` how many messages one person writes at the most."""

    address: str
    sessions: list[str]
    seconds: float
    think: float
    ramp: float
    seed: int
    spread: float = 0.8
    most: int = 40

    def __post_init__(self) -> None:
        if not self.address.startswith("http://127.0.0.1:"):
            raise ValueError("the load goes to this machine only")


@dataclass
class Seen:
    """What all of them saw together. Times in seconds."""

    pages: list[float] = field(default_factory=list)
    posts: list[float] = field(default_factory=list)
    tags: list[float] = field(default_factory=list)
    reports_shown: list[float] = field(default_factory=list)
    errors: Counter = field(default_factory=Counter)
    sent: list[tuple[str, str]] = field(default_factory=list)  # (chat, key) of every accepted message
    received: Counter = field(default_factory=Counter)  # bytes of bodies, uncompressed: page, post, stream
    given_up: int = 0
    untagged: int = 0
    failed_turns: int = 0
    reconnects: int = 0
    streams: int = 0
    most_streams: int = 0

    def error(self, where: str, what: str) -> None:
        self.errors[f"{where}: {what}"] += 1


class Volunteer:
    def __init__(self, number: int, plan: Plan, seen: Seen, client: aiohttp.ClientSession) -> None:
        self.plan, self.seen, self.client = plan, seen, client
        self.random = random.Random(plan.seed * 100_003 + number)
        self.cookies = {"sessionid": plan.sessions[number]}
        self.path = ""
        self.seq = 0
        self.waiting: dict[str, float] = {}  # key -> when it was sent

    async def call(self, verb: str, path: str, **options) -> tuple[int, str, str]:
        """(status, path the answer came from, text)."""
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        headers |= options.pop("headers", {})
        address = self.plan.address + path
        async with self.client.request(verb, address, headers=headers, **options) as answer:
            for name, morsel in answer.cookies.items():
                self.cookies[name] = morsel.value
            body = await answer.read()
            self.seen.received["page" if verb == "GET" else "post"] += len(body)
            return answer.status, answer.headers.get("Location", path), body.decode()

    async def form(self, path: str, **fields: str) -> tuple[int, str, str]:
        data = {**fields, "csrfmiddlewaretoken": self.cookies.get("csrftoken", "")}
        headers = {"X-Fragments": "1"} if "text" in fields else {}
        return await self.call("POST", path, data=data, headers=headers, allow_redirects=False)

    async def page(self, path: str, headers: dict[str, str] | None = None) -> str:
        began = time.monotonic()
        status, _, text = await self.call("GET", path, headers=headers or {})
        self.seen.pages.append(time.monotonic() - began)
        if status != 200:
            raise RuntimeError(f"{status}")
        return text

    def think(self) -> float:
        """Log-normal with the plan's mean: most pauses are short, a few are long."""
        spread = self.plan.spread
        scale = self.plan.think / 2.718281828 ** (spread**2 / 2)
        return min(scale * self.random.lognormvariate(0, spread), self.plan.think * 6)

    async def live(self, ends: float) -> None:
        await asyncio.sleep(self.random.uniform(0, self.plan.ramp))
        try:
            await self.arrive()
        except (aiohttp.ClientError, TimeoutError, RuntimeError, IndexError) as error:
            self.seen.error("arrive", describe(error))
            return
        stream = asyncio.create_task(self.follow())
        try:
            for number in range(self.plan.most):
                pause = self.think()
                if time.monotonic() + pause > ends:
                    break
                await asyncio.sleep(pause)
                await self.say(LINES[(number + self.random.randrange(8)) % len(LINES)])
            await asyncio.sleep(max(0.0, ends - time.monotonic()) + self.random.uniform(0, self.plan.ramp))
            await self.leave()
        finally:
            self.seen.untagged += len(self.waiting)
            stream.cancel()

    async def arrive(self) -> None:
        page = await self.page("/practice/")
        forms = re.findall(r'action="(/practice/\d+/start/)"', page)
        _, self.path, _ = await self.form(self.random.choice(forms))
        page = await self.page(self.path)
        self.seq = int(re.search(r'data-seq="(\d+)"', page)[1])

    async def say(self, text: str) -> None:
        """Send until it is answered, always with the same key; only the last try's time counts as its own,
        while the wait for tags runs from the first."""
        key = uuid.uuid4().hex
        self.waiting[key] = time.monotonic()
        for attempt in range(SENDS):
            began = time.monotonic()
            try:
                status, *_ = await self.form(f"{self.path}messages/?after={self.seq}", text=text, key=key)
            except (aiohttp.ClientError, TimeoutError) as error:
                self.seen.error("post", describe(error))
            else:
                if status == 200:
                    self.seen.posts.append(time.monotonic() - began)
                    self.seen.sent.append((self.path.strip("/").split("/")[-1], key))
                    return
                self.seen.error("post", f"{status}")
            await asyncio.sleep(1 + attempt)
        self.seen.given_up += 1
        self.waiting.pop(key, None)

    async def leave(self) -> None:
        """End the chat and wait for its report, and for tags that are not there yet."""
        began = time.monotonic()
        settled = began + SETTLE_SECONDS
        try:
            for attempt in range(SENDS):
                status, where, _ = await self.form(f"{self.path}end/")
                if status == 302:
                    break
                self.seen.error("end", f"{status}")
                await asyncio.sleep(1 + attempt)
            else:
                return
            page = await self.page(where)
            while time.monotonic() < settled:
                if not self.waiting and "every 1s" not in page:
                    self.seen.reports_shown.append(time.monotonic() - began)
                    return
                await asyncio.sleep(1)
                page = await self.page(where, {"HX-Request": "true"})
        except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:
            self.seen.error("end", describe(error))
            return
        self.seen.error("end", "no report in time")

    async def follow(self) -> None:
        """The event stream, for as long as the person stays."""
        first = True
        while True:
            if not first:
                self.seen.reconnects += 1
                await asyncio.sleep(RECONNECT_SECONDS)
            try:
                await self.one_stream(first)
            except (aiohttp.ClientError, TimeoutError, RuntimeError) as error:
                self.seen.error("stream", describe(error))
            first = False

    async def one_stream(self, first: bool) -> None:
        headers = {"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if not first:
            headers["Last-Event-ID"] = str(self.seq)
        address = f"{self.plan.address}{self.path}stream/?after={self.seq}"
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=30, sock_read=60)
        async with self.client.get(address, headers=headers, timeout=timeout) as answer:
            if answer.status != 200:
                raise RuntimeError(f"{answer.status}")
            self.seen.streams += 1
            self.seen.most_streams = max(self.seen.most_streams, self.seen.streams)
            try:
                await self.read(answer)
            finally:
                self.seen.streams -= 1

    async def read(self, answer: aiohttp.ClientResponse) -> None:
        data: list[str] = []
        async for raw in answer.content:
            self.seen.received["stream"] += len(raw)
            line = raw.decode().rstrip("\n")
            if line.startswith("id:"):
                self.seq = max(self.seq, int(line[3:]))
            elif line.startswith("data:"):
                data.append(line[5:])
            elif not line and data:
                self.arrived("\n".join(data))
                data = []

    def arrived(self, html: str) -> None:
        for turn, key in ARTICLE.findall(html):
            if turn in ("done", "failed") and key in self.waiting:
                self.seen.tags.append(time.monotonic() - self.waiting.pop(key))
                self.seen.failed_turns += turn == "failed"


def describe(error: BaseException) -> str:
    return str(error) if type(error) is RuntimeError else type(error).__name__


async def chat(plan: Plan) -> Seen:
    """Let all of them chat; returns what they saw."""
    seen = Seen()
    # No pool of connections: a browser has its own, and the stream holds one for good.
    connector = aiohttp.TCPConnector(limit=0)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(
        connector=connector, timeout=timeout, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=2**20
    ) as client:
        ends = time.monotonic() + plan.ramp + plan.seconds
        people = [Volunteer(number, plan, seen, client) for number in range(len(plan.sessions))]
        await asyncio.gather(*(person.live(ends) for person in people))
    return seen


def main(path: str) -> None:
    seen = asyncio.run(chat(Plan(**json.loads(Path(path).read_text()))))
    print(json.dumps({**vars(seen), "errors": dict(seen.errors), "received": dict(seen.received)}))


if __name__ == "__main__":
    main(sys.argv[1])
