"""The practice chat under bad conditions: slow sends, a stream that is held, long drafts, a screen reader."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.browser.test_volunteer import TAGGED, send

STREAM = re.compile(r"/stream/\?")
MESSAGES = re.compile(r"/messages/\?")
SHORT = """
const whole = AbortSignal.timeout.bind(AbortSignal);
AbortSignal.timeout = (ms) => { window.allowed = ms; return whole(700); };
"""


def hold(page, pattern) -> list:
    """What asks for such an address waits. -> the requests, as routes"""
    held = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 - Playwright marks its handlers
    return held


def test_a_send_shows_that_it_is_under_way_and_what_is_typed_on_stays_alone(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    held = hold(page, MESSAGES)
    box, button = page.get_by_label("Your message"), page.locator("#composer button")
    send(page, "It sounds like a long week.")
    expect(button).to_have_attribute("aria-busy", "true")
    expect(button).to_have_text("Sending…")
    box.press_sequentially(" What weighs most?")
    held[0].continue_()
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.locator(f"{TAGGED} .text")).to_have_text("It sounds like a long week.")
    expect(box).to_have_value("What weighs most?")
    assert box.evaluate("box => box.selectionStart") == len("What weighs most?")
    expect(button).to_have_text("Send")
    expect(button).to_have_attribute("aria-busy", "false")
    # Other words in its place are nobody's to cut.
    box.fill("How")
    box.press("Enter")
    expect(button).to_have_attribute("aria-busy", "true")
    box.fill("")
    box.fill("However that was.")
    held[1].continue_()
    expect(page.locator(TAGGED)).to_have_count(2)
    expect(box).to_have_value("However that was.")


def test_a_send_without_an_answer_ends_and_can_be_sent_again(sign_in, start_chat):
    page = sign_in("vera")
    page.context.add_init_script(SHORT)
    page.route(STREAM, lambda route: None)
    start_chat(page, "Covering for three")
    held = hold(page, MESSAGES)
    send(page, "It sounds like a long week.")
    expect(page.locator("#composer-error")).to_contain_text("Your words are kept")
    expect(page.get_by_label("Your message")).to_have_value("It sounds like a long week.")
    assert page.evaluate("window.allowed") == 15000
    held.clear()
    page.get_by_role("button", name="Send").click()
    page.wait_for_timeout(100)
    held[0].fetch()  # it arrives, its answer does not
    expect(page.locator("#log .message.own")).to_have_count(1)
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.locator("#composer-error")).to_be_hidden()


def test_what_a_held_stream_does_not_bring_is_asked_for(sign_in, start_chat):
    page = sign_in("vera")
    page.route(STREAM, lambda route: None)
    start_chat(page, "Covering for three")
    send(page, "It sounds like a long week.")
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.locator("#log .message.theirs")).to_have_count(2)
