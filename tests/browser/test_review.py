"""A trainer works through the review queue without touching the mouse (REVIEWED messages of it)."""

from __future__ import annotations

import os

from playwright.sync_api import expect

from bench.review import fill, review

REVIEWED = int(os.environ.get("REVIEWED", "30"))


def test_a_queue_is_reviewed_by_keys_alone(app, sign_in):
    have = fill(app, REVIEWED + 5)
    page = sign_in("tara")
    assert len(review(page, REVIEWED)) == REVIEWED
    expect(page.locator(".review-nav")).to_contain_text(f"{REVIEWED + 1} of {have}")
    # To the next and back without saving, a tick undone, a place by word steps, and the list of keys.
    with page.expect_navigation():
        page.keyboard.press("j")
    expect(page.locator(".review-nav")).to_contain_text(f"{REVIEWED + 2} of {have}")
    with page.expect_navigation():
        page.keyboard.press("k")
    expect(page.locator(".review-nav")).to_contain_text(f"{REVIEWED + 1} of {have}")
    box = page.locator('input[value="warn"]')
    page.keyboard.press("w")
    expect(box).to_be_checked()
    expect(page.locator(".guide-one:visible h3")).to_have_text("Warn")
    whole = page.locator("#said").inner_text()
    page.keyboard.press("]")
    expect(page.locator("#said .spoken")).to_have_text(whole.split(" ", 1)[1])
    page.keyboard.press("u")
    page.keyboard.press("u")
    expect(box).not_to_be_checked()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_contain_text("save and go to the next message")
    page.keyboard.press("Escape")
    # The browser lets go of the closed dialog's button with its next frame; until then Enter is the button's.
    page.wait_for_function("document.activeElement === document.body")
    # With nothing left to undo on the page, the last saved message comes back.
    with page.expect_navigation():
        page.keyboard.press("Enter")
    with page.expect_navigation():
        page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_contain_text("Taken back")
    # Keys can be switched off for who dictates or types by accident.
    page.locator("summary", has_text="Keys").click()
    page.get_by_label("Keys are on").uncheck()
    page.locator("h1").click()
    page.keyboard.press("w")
    expect(box).not_to_be_checked()


def test_after_the_last_one_the_key_still_takes_it_back(app, sign_in):
    fill(app, 2)
    page = sign_in("tara")
    page.goto("/review/")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    while page.locator("#coding").count():
        with page.expect_navigation():
            page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Nothing is left to review")
    with page.expect_navigation():
        page.keyboard.press("u")
    expect(page.get_by_role("status").first).to_contain_text("Taken back")
    expect(page.locator("#coding")).to_be_visible()
