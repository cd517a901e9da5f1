"""What a screen reader hears of what changes by itself: once, and the focus stays in the page."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.demo import begun_chats

RISK = "A sign of risk: this comes first"
# What the page says to who listens to it, in order.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((list) => list.forEach((change) => change.addedNodes.forEach(
    (node) => window.heard.push(node.textContent)
  ))).observe(document.getElementById("said"), { childList: true });
}"""


@pytest.mark.parametrize("width", [1280, 375])
def test_a_sign_of_risk_is_heard_once_or_has_the_focus(width, app, sign_in, start_chat):
    page = sign_in("vera", viewport={"width": width, "height": 800})
    page.goto({name: address for _, name, address in begun_chats(app)}["practice:chat-risk"])
    line = page.locator("#crisis-line a")
    panel = page.locator("#crisis, #crisis-line")
    fragments = panel.evaluate_all("all => all.map(one => one.outerHTML).join('')")
    page.get_by_label("Your message").focus()
    page.keyboard.press("Shift+Tab")
    expect(line).to_be_focused()
    assert line.bounding_box()["height"] > 10  # in sight for who goes by the keyboard

    start_chat(page, "Covering for three")
    page.evaluate(LISTEN)
    page.evaluate("html => show(html, seq + 1)", fragments)
    page.evaluate("html => show(html, seq + 1)", fragments)  # by the answer to a post and by the stream
    expect(page.locator("#crisis h2")).to_be_in_viewport()
    page.wait_for_timeout(200)
    focused = page.evaluate("document.activeElement.id === 'crisis'")
    assert page.evaluate("window.heard") == ([] if focused else [RISK])
    assert focused == (width == 375)
    assert page.locator(".risk-lines[role], #crisis[role]").count() == 0
