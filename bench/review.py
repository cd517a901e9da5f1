"""A trainer reviews messages in the browser without the mouse: `python -m bench.review 200`.

Starts the application with its demo people in a folder of its own, gives Tara's cohort so many messages
with an uncertain tag, and works through the queue by keys alone. Prints seconds a message: from the key
that saves one to the next one being on the page, with nobody thinking in between.
"""

from __future__ import annotations

import shutil
import statistics
import sys
import tempfile
import time
from pathlib import Path

from bench.app import PASSWORD, App
from bench.promises.sheet import percentile

FILL = """
from bench.reviewing import ended_chat, tagged
from peersupport.people.models import User
from peersupport.practice.models import Scenario
from skills.review import queue
vera, tara = User.objects.get(username="vera"), User.objects.get(username="tara")
scenario = Scenario.objects.filter(active=True, risk=False).first()
left = {count} - len(queue.items(tara))
while left > 0:
    chat = ended_chat(vera, scenario)
    for number in range(min(left, 10)):
        tagged(chat, f"You kept going, and that counts, number {{left - number}}.", affirm=0)
    left -= 10
print(len(queue.items(tara)))
"""
MOST = 200  # what the queue shows of one reason


def fill(app: App, count: int) -> int:
    """Make the queue so long; returns how long it is."""
    return int(app.manage("shell", "-v", "0", "-c", FILL.format(count=count)).split()[-1])


def review(page, count: int) -> list[float]:
    """Seconds of each of `count` messages, from the queue's page on; the last one saved is on its way."""
    page.goto("/review/")
    page.keyboard.press("Enter")
    page.wait_for_selector("#coding")
    seconds = []
    for number in range(count):
        if number % 2:
            page.keyboard.press("s")  # one technique more
        if number % 3 == 0:
            for key in ("a", "a", "]", "{"):  # away, back, and two word steps
                page.keyboard.press(key)
        if number % 10 == 9:
            page.keyboard.press("n")
            page.keyboard.type("Well put.")
            page.keyboard.press("Escape")
        before = page.url
        began = time.monotonic()
        with page.expect_navigation(wait_until="domcontentloaded"):
            page.keyboard.press("Enter")
        seconds.append(time.monotonic() - began)
        assert page.url != before
    return seconds


def main(count: int) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        app = App(Path(folder))
        app.start()
        try:
            have = fill(app, count)
            browser = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=["--no-sandbox"]
            )
            page = browser.new_page(base_url=app.address)
            page.goto("/")
            page.get_by_label("Name").fill("tara")
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            began = time.monotonic()
            seconds = review(page, min(count, have))
            whole = time.monotonic() - began
            browser.close()
        finally:
            app.stop()
    print(
        f"{len(seconds)} messages reviewed by keys alone in {whole:.1f} s; from one to the next: "
        f"median {statistics.median(seconds):.3f} s, p95 {percentile(seconds, 0.95):.3f} s"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else MOST)
