"""The card of a tag: words against it are not lost, the focus comes back, and a refusal says what helps."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.test_going_on import DRAFTS, end_session, sign_in_again
from tests.browser.test_volunteer import TAGGED, send

WORDS = "I asked, I did not tell."


def open_dispute(page, number: int):
    """The card of the first tag of an own message, its form unfolded."""
    tag = page.locator(TAGGED).nth(number).locator("a.tag").first
    tag.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Evidence")
    expect(card.locator("#dispute")).to_be_attached()
    if not card.get_by_label("In your words").is_visible():
        card.locator("summary", has_text="this tag").click()
    return card, tag


def test_a_dispute_keeps_its_words_and_the_focus_comes_back(sign_in, start_chat):
    page = sign_in("vera", expected=("400 (Bad Request)", "Response Status Error"))
    start_chat(page, "Covering for three")
    for number, words in enumerate(("What was the hardest part?", "You should just tell them no."), start=1):
        send(page, words)
        expect(page.locator(TAGGED)).to_have_count(number)
    card, tag = open_dispute(page, 0)
    box = card.get_by_label("In your words")
    box.fill(WORDS)
    around = box.bounding_box()
    page.mouse.move(around["x"] + 20, around["y"] + 10)
    page.mouse.down()
    page.mouse.move(5, 300)  # a selection that ends beside the card
    page.mouse.up()
    expect(card).to_be_visible()
    page.mouse.click(5, 300)
    expect(card).to_be_hidden()
    card, tag = open_dispute(page, 0)
    expect(box).to_have_value(WORDS)
    box.fill("x" * 501)
    card.get_by_label("I did not do this here").check()
    page.keyboard.press("?")  # a choice takes no letters
    shortcuts = page.get_by_role("dialog", name="Keyboard shortcuts")
    expect(shortcuts).to_be_visible()
    page.keyboard.press("Escape")
    card.get_by_role("button", name="Dispute this tag").click()
    expect(card.get_by_role("alert")).to_contain_text("501 characters long")
    expect(box).to_have_value("x" * 501)
    box.fill(WORDS)
    card.get_by_role("button", name="Dispute this tag").click()
    expect(card.get_by_text("Disputed:")).to_be_visible()
    assert page.evaluate(DRAFTS) == 0
    expect(page.locator(".disputed")).to_have_count(1)  # on the tag behind the card
    page.keyboard.press("Escape")
    expect(tag).to_be_focused()

    page.locator("summary", has_text="End the chat").click()
    page.get_by_role("button", name="End and see the report").click()
    page.get_by_role("link", name="the conversation").click()
    page.wait_for_load_state("load")
    card, tag = open_dispute(page, 1)
    card.get_by_label("I did not do this here").check()
    card.get_by_role("button", name="Dispute this tag").click()
    expect(page.locator(".disputed")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(tag).to_be_focused()


def test_a_refusal_says_what_helps(app, sign_in, start_chat):
    page = sign_in("vera", expected=("(Forbidden)", "(Bad Request)", "Response Status Error"))
    start_chat(page, "Covering for three")
    send(page, "What was the hardest part?")
    expect(page.locator(TAGGED)).to_have_count(1)
    card, _ = open_dispute(page, 0)
    card.get_by_label("I did not do this here").check()
    card.get_by_label("In your words").fill(WORDS)
    end_session(page)
    other = page.context.new_page()
    other.goto("/chats/")
    sign_in_again(other, "vera")
    card.get_by_role("button", name="Dispute this tag").click()
    expect(card.get_by_role("alert")).to_contain_text("somebody signed in or out in this browser")
    page.reload()
    card, _ = open_dispute(page, 0)
    expect(card.get_by_label("In your words")).to_have_value(WORDS)
    card.get_by_label("I did not do this here").check()
    tags = "from skills.models import SkillTag; SkillTag.objects.filter(tagging__message__chat=%r).delete()"
    app.manage("shell", "-v", "0", "-c", tags % page.url.rstrip("/").split("/")[-1])
    card.get_by_role("button", name="Dispute this tag").click()
    expect(card.get_by_role("alert")).to_contain_text("for a tag that the message carries")
