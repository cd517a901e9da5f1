"""Every page of the site looked at by axe-core (WCAG 2.2 AA), wide, narrow and dark; none overflows 320 px
or weighs more than 60 KB.

The pages are those of tests/test_site.py, with the demo's chats in their addresses.
"""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser import demo
from tests.test_site import PAGES

LOOKS = [
    ("1280 px", {"width": 1280, "height": 800}, "light"),
    ("375 px", {"width": 375, "height": 720}, "light"),
    ("dark", {"width": 1280, "height": 800}, "dark"),
]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
    "resultTypes": ["violations"],
    "preload": False,
}
REFLOW = {"width": 320, "height": 640}  # WCAG 1.4.10: also 1280 px at 400 % zoom
PAGE_BYTES = 60 * 1024


@pytest.fixture(scope="module")
def addresses(app) -> list[tuple[str, str, str]]:
    return list(demo.addresses(app))


@pytest.fixture
def visit(sign_in, chromium, app):
    """A page as this person sees it; nobody signs in twice in a test."""

    def visit(who: str):
        if who in demo.DEMO:
            return sign_in(demo.DEMO[who], bypass_csp=True)  # axe-core sets styles that the pages forbid
        return chromium.new_context(base_url=app.address).new_page()

    return visit


def problems_of(page) -> list[str]:
    found = Axe().run(page, options=RULES).response["violations"]
    return [
        f"{row['id']} ({row['impact']}): {', '.join(str(node['target'][0]) for node in row['nodes'][:3])}"
        for row in found
    ]


@pytest.mark.parametrize("who", sorted({who for who, _, _ in PAGES}))
def test_pages(who, visit, addresses):
    page = visit(who)
    wrong = []
    for _, name, address in [row for row in addresses if row[0] == who]:
        answer = page.goto(address, wait_until="load")
        assert answer.ok, f"{address}: {answer.status}"
        size = len(answer.body())
        if size > PAGE_BYTES:
            wrong.append(f"{name}: {size} bytes")
        for look, viewport, scheme in LOOKS:
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            wrong += [f"{name}, {look}: {problem}" for problem in problems_of(page)]
        page.set_viewport_size(REFLOW)
        width = page.evaluate("document.documentElement.scrollWidth")
        if width > REFLOW["width"]:
            wrong.append(f"{name}: {width} px wide on a screen of 320 px")
    assert wrong == []
