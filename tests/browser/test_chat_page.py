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
    page.route(pattern, lambda route: held.append(route))
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


# What a screen reader would hear of the log: whatever is added to it or changed in it.
WATCH = """() => {
  window.changes = [];
  new MutationObserver((list) => window.changes.push(...list.map((one) => one.target.nodeName)))
    .observe(log, { childList: true, characterData: true, subtree: true });
}"""
DRAWN = "() => [...CSS.highlights.get('spoken')].map(String)"
CHOOSE = "text => getSelection().selectAllChildren(text)"
CHOSEN = "getSelection().toString()"


def move_tag(tag, words: str) -> None:
    """As if the tag were about these words."""
    tag.evaluate(
        """(tag, words) => {
          const whole = tag.closest(".message").querySelector(".text").textContent;
          tag.dataset.start = Array.from(whole.slice(0, whole.indexOf(words))).length;
          tag.dataset.end = Number(tag.dataset.start) + Array.from(words).length;
        }""",
        words,
    )


def test_pointing_at_a_tag_leaves_the_message_as_it_is(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    send(page, "😀 It sounds like you are worn out, and there is no end in sight.")
    expect(page.locator(TAGGED)).to_have_count(1)
    tag, text = page.locator(f"{TAGGED} a.tag").first, page.locator(f"{TAGGED} .text")
    box = page.get_by_label("Your message")
    text.evaluate(CHOOSE)
    whole = page.evaluate(CHOSEN)
    page.evaluate(WATCH)
    move_tag(tag, "worn out")
    tag.hover()
    assert page.evaluate(DRAWN) == ["worn out"]
    move_tag(tag, "😀 It")
    tag.focus()
    assert page.evaluate(DRAWN) == ["😀 It"]
    assert page.evaluate(CHOSEN) == whole
    page.reload()
    page.wait_for_load_state("load")
    page.evaluate(WATCH)
    box.hover()
    tag.hover()  # which the page shows from the beginning
    assert page.evaluate(DRAWN) == []
    move_tag(tag, "no end in sight")
    tag.focus()
    assert page.evaluate(DRAWN) == ["no end in sight"]
    assert (
        page.locator(f"{TAGGED} .spoken").evaluate("one => getComputedStyle(one).backgroundImage") == "none"
    )
    assert page.evaluate("window.changes") == []


def test_a_browser_that_cannot_draw_over_a_text_marks_it_unheard(sign_in, start_chat):
    page = sign_in("vera")
    page.context.add_init_script("delete window.Highlight")
    start_chat(page, "Covering for three")
    send(page, "It sounds like you are worn out, and there is no end in sight.")
    expect(page.locator(TAGGED)).to_have_count(1)
    tag, text = page.locator(f"{TAGGED} a.tag").first, page.locator(f"{TAGGED} .text")
    move_tag(tag, "worn out")
    text.evaluate(CHOOSE)
    tag.hover()
    expect(page.locator(f"{TAGGED} .spoken")).to_have_count(0)
    page.evaluate("getSelection().removeAllRanges()")
    tag.focus()
    expect(page.locator(f"{TAGGED} .spoken")).to_have_text("worn out")
    expect(text).to_have_attribute("aria-live", "off")
    page.evaluate(WATCH)
    page.get_by_label("Your message").focus()
    tag.focus()
    assert page.evaluate("window.changes") == []


def test_a_tag_that_has_the_focus_is_not_behind_a_long_draft(sign_in, start_chat):
    page = sign_in("vera", viewport={"width": 375, "height": 640})
    start_chat(page, "Covering for three")
    for number, words in enumerate(("It sounds like a long week.", "You kept going all the same."), start=1):
        send(page, words)
        expect(page.locator(TAGGED)).to_have_count(number)
    composer, tag = page.locator("#composer"), page.locator(f"{TAGGED} a.tag").first
    page.get_by_label("Your message").fill("\n".join("words" for _ in range(20)))
    tag.evaluate(
        "tag => window.scrollTo(0, tag.getBoundingClientRect().top + window.scrollY - innerHeight + 90)"
    )
    assert composer.bounding_box()["y"] < tag.bounding_box()["y"]  # hidden there
    tag.focus()
    box = tag.bounding_box()
    assert box["y"] >= 0 and box["y"] + box["height"] <= composer.bounding_box()["y"]


def test_what_comes_again_unchanged_but_for_its_token_stays(sign_in):
    page = sign_in("vera")
    page.goto("/chats/")
    page.locator("tbody th a").last.click()
    page.wait_for_load_state("load")
    expect(page.locator("#log form.try").first).to_be_visible()
    page.evaluate(WATCH)
    page.evaluate(
        """async () => {
          const answer = await fetch(`${log.dataset.events}?after=0`, { headers: { "X-Fragments": "1" } });
          show((await answer.text()).replace("Try again from", "Go on from"), seq + 1);
        }"""
    )
    expect(page.locator("#log form.try", has_text="Go on from")).to_have_count(1)
    assert page.evaluate("window.changes") == ["ARTICLE"]


def test_words_put_in_the_place_of_what_was_kept_unanswered_stay(sign_in, start_chat):
    """The first send arrives without its answer; other words are on their way when the log tells of it."""
    page = sign_in("vera")
    page.context.add_init_script(SHORT)
    page.route(STREAM, lambda route: None)
    start_chat(page, "Covering for three")
    polls = hold(page, re.compile(r"/events/\?"))
    held = hold(page, MESSAGES)
    send(page, "It sounds like a long week.")
    expect(page.locator("#composer-error")).to_contain_text("Your words are kept")
    held[0].fetch()
    box = page.get_by_label("Your message")
    box.fill("What weighs most?")
    box.press("Enter")
    expect(page.locator("#composer button")).to_have_attribute("aria-busy", "true")
    polls[-1].continue_()
    expect(page.locator("#log .message.own")).to_have_count(1)
    expect(box).to_have_value("What weighs most?")
    page.unroute(MESSAGES)
    expect(page.locator("#composer button")).to_have_attribute("aria-busy", "false")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#log .message.own")).to_have_count(2)
    expect(box).to_have_value("")
