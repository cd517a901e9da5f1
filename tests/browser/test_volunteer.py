"""The volunteer's whole path, as a person with a browser walks it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

TAGGED = ".message.own[data-turn=done]"


def send(page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.keyboard.press("Enter")


def test_from_login_to_report(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Two cups")
    send(page, "Hello Maureen, I'm glad you wrote. What would you like to talk about?")
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.locator(f"{TAGGED} a.tag").first).to_be_visible()
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.get_by_label("Your message")).to_be_focused()
    send(page, "It sounds like the evenings are the loneliest part, with his chair still there.")
    expect(page.locator(TAGGED)).to_have_count(2)
    expect(page.locator("#log .message.theirs")).to_have_count(3)
    send(page, "Stop crying and call your sister tonight.")
    expect(page.locator(TAGGED)).to_have_count(3)

    # The evidence behind a tag, by keyboard alone: focus comes back to the tag.
    tag = page.locator(f"{TAGGED} a.tag").first
    tag.focus()
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog", name="Evidence")
    expect(card).to_be_visible()
    expect(card).to_contain_text("yang2024")
    expect(card).to_contain_text("Probability of this tag")
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(tag).to_be_focused()

    page.locator("summary", has_text="End the chat").click()
    page.get_by_role("button", name="End and see the report").click()
    expect(page.get_by_role("heading", name="First, how was it for you?")).to_be_visible()
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("heading", name="What went well")).to_be_visible()
    headings = page.get_by_role("heading", level=2).all_inner_texts()
    assert headings.index("What went well") < headings.index("What to try next")
    assert 1 <= page.locator(".finding.point").count() <= 2
    expect(page.locator(".finding.point .alternative .said").first).not_to_be_empty()
    expect(page.get_by_text("No language model is configured")).to_be_visible()
    expect(page.locator(".stamp")).to_contain_text("tagger-")


def test_enter_twice_sends_once_and_an_empty_message_not_at_all(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    page.get_by_label("Your message").press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
    page.get_by_label("Your message").fill("   ")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_have_text("Write something first.")
    page.get_by_label("Your message").fill("What happened today?")
    expect(page.get_by_role("alert")).to_be_hidden()
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    expect(page.locator(TAGGED)).to_have_count(1)
    page.reload()
    expect(page.locator(".message.own")).to_have_count(1)


def test_a_chat_without_own_words_is_discarded_and_the_page_moves_on(sign_in, start_chat):
    page = sign_in("vera")
    for _ in range(3):  # the stream, too, sees it go
        start_chat(page, "Covering for three")
        page.locator("summary", has_text="End the chat").click()
        page.get_by_role("button", name="End and see the report").click()
        expect(page.get_by_text("The chat is discarded")).to_be_visible()
        page.wait_for_timeout(300)
        expect(page).to_have_url(re.compile("/practice/$"))


def test_words_survive_a_lost_connection(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    page.context.set_offline(True)
    send(page, "You have carried this for a long time.")
    expect(page.locator("#composer-error")).to_contain_text("Your words are kept")
    expect(page.get_by_label("Your message")).to_have_value("You have carried this for a long time.")
    page.context.set_offline(False)
    page.reload()
    expect(page.get_by_label("Your message")).to_have_value("You have carried this for a long time.")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(TAGGED)).to_have_count(1)


def test_what_is_written_after_a_lost_answer_is_a_message_of_its_own(sign_in, start_chat):
    """The server has the message, the browser does not know: no key may serve two messages."""
    page = sign_in("vera")
    start_chat(page, "Covering for three")

    def lose_the_answer(route):
        route.fetch()
        route.abort("internetdisconnected")

    page.route(re.compile(r"/messages/\?"), lose_the_answer, times=1)
    send(page, "You have carried this for a long time.")
    expect(page.locator(TAGGED)).to_have_count(1)  # the stream brings it
    expect(page.get_by_label("Your message")).to_have_value("")
    send(page, "Who else knows about it?")
    expect(page.locator(TAGGED)).to_have_count(2)
    expect(page.get_by_label("Your message")).to_have_value("")

    # The page goes before the stream has said anything, and other words stand in the box by then.
    page.route(re.compile(r"/stream/\?"), lambda route: route.abort("internetdisconnected"))
    page.route(re.compile(r"/events/\?"), lambda route: route.abort("internetdisconnected"))
    page.reload()
    page.route(re.compile(r"/messages/\?"), lose_the_answer, times=1)
    send(page, "What would rest look like?")
    expect(page.locator("#composer-error")).to_contain_text("Your words are kept")
    page.get_by_label("Your message").fill("And who could take over?")
    page.reload()
    expect(page.locator("#log .message.own")).to_have_count(3)
    expect(page.get_by_label("Your message")).to_have_value("And who could take over?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#log .message.own")).to_have_count(4)


def test_without_javascript(sign_in, start_chat):
    page = sign_in("vera", java_script_enabled=False)
    start_chat(page, "Covering for three")
    page.get_by_label("Your message").fill("What has been the hardest part?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message.own")).to_have_count(1)
    for _ in range(20):
        if page.locator(TAGGED).count():
            break
        page.wait_for_timeout(250)
        if page.get_by_role("link", name="Look again").count():  # a reply may come at once
            page.get_by_role("link", name="Look again").click()
        else:
            page.reload()
    page.locator(f"{TAGGED} a.tag").first.click()
    expect(page).to_have_url(re.compile("/evidence/"))
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_a_disclosure_of_ones_own_opens_the_human_panel_at_once(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    send(page, "I can't do this exercise, I want to kill myself")
    panel = page.locator("#human-panel[role=alert]")
    expect(panel).to_be_visible()
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.locator("#log .message.theirs")).to_have_count(1)  # the exercise waits
    expect(panel.get_by_role("link", name=re.compile("helpline")).first).to_be_visible()


def test_on_a_phone_the_panel_comes_into_sight_and_folds(sign_in, start_chat):
    page = sign_in("vera", viewport={"width": 375, "height": 640})
    start_chat(page, "Covering for three")
    lines = ("It sounds like a long week.", "What was the hardest part?", "You kept going all the same.")
    for number, words in enumerate(lines, start=1):
        send(page, words)
        expect(page.locator(TAGGED)).to_have_count(number)
    send(page, "I can't do this exercise, I want to kill myself")
    panel = page.locator("#human-panel")
    expect(panel.get_by_role("heading")).to_be_in_viewport()
    expect(panel).to_be_focused()
    panel.get_by_role("link", name="I am all right, go on").click()
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(panel.get_by_role("button")).to_be_hidden()
    expect(page.locator("#human-line")).to_be_visible()
    send(page, "That was an example. How do you sleep?")
    expect(page.locator("#log .message.own")).to_have_count(5)
    page.reload()
    expect(panel.get_by_role("button")).to_be_hidden()  # and stays folded


def test_on_a_phone_the_panel_is_read_first_in_a_chat_of_one_message_too(sign_in, start_chat):
    page = sign_in("vera", viewport={"width": 375, "height": 812})
    start_chat(page, "Covering for three")
    send(page, "honestly i want to kill myself tonight")
    panel = page.locator("#human-panel")
    for _ in range(2):  # at once, and when what the worker found has come
        expect(panel.get_by_role("heading")).to_be_in_viewport()
        expect(panel).to_be_focused()
        expect(page.locator("#writing")).to_be_hidden()
        expect(page.locator(TAGGED)).to_have_count(1)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("who", "addresses"),
    [
        ("vera", ["/practice/", "/chats/", "/evidence/", "/evidence/reflection_complex/"]),
        ("tara", ["/chats/", "/evidence/"]),
        ("ada", ["/people/", "/jobs/", "/tagger/", "/exports/"]),
    ],
)
def test_no_page_scrolls_sideways_on_a_phone(who, addresses, scheme, sign_in):
    page = sign_in(who, viewport={"width": 320, "height": 640}, color_scheme=scheme)
    if who != "ada":
        page.goto("/chats/")
        chat = page.locator("tbody th a").first.get_attribute("href")
        addresses = [*addresses, chat, f"{chat}report/"]
    for address in addresses:
        page.goto(address)
        wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wider == 0, address
