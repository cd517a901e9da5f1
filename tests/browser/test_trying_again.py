"""Deliberate practice by keyboard alone: dispute a tag, end, rate, try again from a message, compare."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_heard import LISTEN
from tests.browser.test_volunteer import TAGGED, send

AGAIN = """async () => {
  const answer = await fetch(`${log.dataset.events}?after=0`, { headers: { "X-Fragments": "1" } });
  show(await answer.text(), seq + 1);
}"""


def press(page, locator, key: str = "Enter") -> None:
    locator.focus()
    page.keyboard.press(key)


def test_by_keyboard_from_a_tag_to_the_comparison(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    send(page, "It sounds like you are worn out, and there is no end in sight.")
    expect(page.locator("#log .message.theirs")).to_have_count(2)
    send(page, "You should just tell them no.")
    expect(page.locator(TAGGED)).to_have_count(2)

    press(page, page.locator(f"{TAGGED} a.tag").last)
    card = page.get_by_role("dialog", name="Evidence")
    press(page, card.locator("summary", has_text="Dispute this tag"))
    press(page, card.get_by_label("It misses what was said before"), "Space")
    press(page, card.get_by_role("button", name="Dispute this tag"))
    expect(card.locator("[role=status]")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator(f"{TAGGED} .disputed")).to_have_count(1)

    press(page, page.locator("summary", has_text="End the chat"))
    press(page, page.get_by_role("button", name="End and see the report"))
    first = page.get_by_role("radio", name="1 not at all").first
    first.focus()
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    press(page, page.get_by_role("button", name="Keep and show the report"))
    expect(page.get_by_text("4 of 5")).to_be_visible()
    expect(page.locator(".course-chart svg")).to_have_count(4)

    point = page.locator(".finding.point", has_text="You should just tell them no.")
    press(page, point.get_by_role("button", name="Try again from this message"))
    expect(page.locator("#log .message.copied")).to_have_count(3)
    first = page.get_by_text("What was written the first time")
    expect(first).to_be_in_viewport()  # beside the text box, not above what was said
    page.evaluate(LISTEN)
    send(page, "Part of you wants to say no, and part of you worries what they would think.")
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.get_by_role("link", name="Compare both answers")).to_be_in_viewport()  # without a reload
    page.evaluate(AGAIN)
    page.wait_for_timeout(200)
    assert page.evaluate("window.heard") == ["Compare both answers"]
    press(page, page.locator("summary", has_text="End the chat"))
    press(page, page.get_by_role("button", name="End and see the report"))
    press(page, page.get_by_role("button", name="Skip"))
    press(page, page.get_by_role("link", name="Compare both answers"))
    expect(page.get_by_role("heading", name="This time")).to_be_visible()
    expect(page.get_by_text("They drew back.")).to_be_visible()
    expect(page.get_by_text("They came closer.")).to_be_visible()
