"""`python -m bench.screens`: a picture of every page into docs/screens/, of the demo as it starts.

Wide and light, narrow and dark; the pages are those of tests/test_site.py, and chats that have begun. Needs
chromium.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import django

from bench.app import PASSWORD, ROOT, App

FOLDER = ROOT / "docs" / "screens"
LOOKS = [
    ("1280", {"width": 1280, "height": 800}, "light"),
    ("375-dark", {"width": 375, "height": 720}, "dark"),
]
MOST_HEIGHT = 1800  # a longer page is cut there


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.screens", description=__doc__)
    parser.add_argument("--only", default="", help="pages whose name holds these letters")
    parser.add_argument("--output", type=Path, default=FOLDER)
    options = parser.parse_args()
    path = shutil.which("chromium")
    if path is None:
        print("chromium is not installed: apt-get install chromium", file=sys.stderr)
        return 1
    options.output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        app = App(Path(folder))
        app.start()
        try:
            take(app, path, options.output, options.only)
        finally:
            app.stop()
    return 0


def take(app: App, chromium: str, folder: Path, only: str) -> None:
    """One JPEG a page, person and look."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "peersupport.settings")
    django.setup()
    from playwright.sync_api import sync_playwright

    from tests.browser.demo import DEMO, addresses, begun_chats

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for who, name, address in (*addresses(app), *begun_chats(app)):
            if only not in name:
                continue
            for look, viewport, scheme in LOOKS:
                context = browser.new_context(
                    base_url=app.address, viewport=viewport, color_scheme=scheme, reduced_motion="reduce"
                )
                page = context.new_page()
                if who in DEMO:
                    page.goto("/login/")
                    page.get_by_label("Name").fill(DEMO[who])
                    page.get_by_label("Password").fill(PASSWORD)
                    page.get_by_role("button", name="Sign in").click()
                    page.wait_for_url("**/*/")
                page.goto(address)
                height = min(MOST_HEIGHT, page.evaluate("document.documentElement.scrollHeight"))
                page.set_viewport_size({**viewport, "height": max(viewport["height"], height)})
                target = folder / f"{who}-{name.replace(':', '-')}-{look}.jpg"
                page.screenshot(path=target, type="jpeg", quality=60)
                print(target.name, target.stat().st_size // 1024, "KB", flush=True)
                context.close()
        browser.close()


if __name__ == "__main__":
    sys.exit(main())
