"""From a pasted chat to its report: preview, repair of a role, live progress; with and without scripts."""

from __future__ import annotations

from playwright.sync_api import expect

PASTED = """Robin: Hi, welcome. What would you like to talk about today?
Kim: hi. its work mostly, you can write me at kim.larsen@example.org
Robin: It sounds like this has been wearing you down for weeks.
Robin: yes it has, he shouts at me
Robin: You should just tell them no. That is the only way.
"""


def paste(page) -> None:
    page.goto("/transcripts/")
    page.get_by_role("link", name="Bring a transcript").click()
    page.get_by_label("The chat, one message to a line").fill(PASTED)
    page.get_by_role("checkbox", name="I may use this chat here").check()
    page.get_by_role("button", name="Read it").click()


def test_paste_preview_repair_report(sign_in):
    page = sign_in("vera", viewport={"width": 375, "height": 800})
    paste(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this the chat?")
    expect(page.get_by_label("Robin 4 messages")).to_have_value("counselor")
    expect(page.locator(".line .mask").first).to_have_text("[e-mail]")
    page.get_by_label("Line 4").select_option("seeker")  # this one was the seeker's
    page.get_by_role("button", name="Show it again with these changes").click()
    expect(page.get_by_label("Line 4")).to_have_value("seeker")
    expect(page.locator(".line.seeker")).to_have_count(2)
    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    page.get_by_label("A name to find it by").fill("Work, spring")
    page.keyboard.press("Enter")  # as the button below it, not as the one above
    expect(page.get_by_role("heading", level=1)).to_have_text("Work, spring")
    expect(page.locator(".message.own[data-turn=done]")).to_have_count(3, timeout=20_000)
    expect(page.locator(".message.theirs")).to_have_count(2)
    expect(page.locator("#reading progress")).to_have_count(0)
    expect(page.get_by_role("status").get_by_text("All messages are read.")).to_be_visible()
    assert page.locator("#log").get_attribute("aria-live") == "off"
    page.get_by_role("link", name="Read the report").click()
    expect(page.get_by_role("heading", name="What went well")).to_be_visible(timeout=20_000)
    assert page.locator(".finding.point").count() >= 1


def test_without_javascript(sign_in):
    page = sign_in("vera", java_script_enabled=False)
    paste(page)
    page.get_by_label("Robin 4 messages").select_option("seeker")
    page.get_by_role("button", name="Show it again with these changes").click()
    expect(page.locator(".line.seeker")).to_have_count(5)
    page.get_by_label("Line 1").select_option("counselor")
    page.get_by_role("button", name="Tag it and write the report").click()
    expect(page.locator(".message.own")).to_have_count(1)
    page.get_by_role("link", name="Delete this chat").click()
    page.get_by_role("checkbox", name="Delete the chat").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The chat is deleted")).to_be_visible()
