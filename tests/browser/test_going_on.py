"""Going on where one was: after the end of a session, a sign-in in another tab, a second click."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from bench.app import PASSWORD
from tests.browser.test_volunteer import TAGGED, send

NOTE = "A note to the volunteer"
# A browser does not say of a page without a window that it is hidden. -> whether it holds no stream then
HIDE = """hidden => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
  return source === null;
}"""
DRAFTS = "Object.keys(sessionStorage).filter(name => name.startsWith('draft:')).length"


def until(page, expression: str) -> None:
    """Asked from here: the page's own policy lets nobody evaluate strings in it again and again."""
    for _ in range(100):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(100)
    raise AssertionError(f"not in ten seconds: {expression}")


def end_session(page) -> None:
    page.context.clear_cookies(name="sessionid")


def sign_in_again(page, who: str) -> None:
    expect(page.get_by_role("heading", name="A quiet room")).to_be_visible()
    page.get_by_label("Name").fill(who)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()


def open_a_chat(page) -> None:
    page.goto("/chats/")
    page.locator("tbody th a").first.click()
    page.wait_for_load_state("load")


def note_sent_after_the_session(sign_in):
    page = sign_in("tara")
    open_a_chat(page)
    page.get_by_label(NOTE).fill("You waited for her.")
    end_session(page)
    page.get_by_role("button", name="Send the note").click()
    return page


def test_a_note_survives_the_end_of_the_session_and_goes_once_it_is_sent(sign_in):
    page = note_sent_after_the_session(sign_in)
    sign_in_again(page, "tara")
    expect(page.get_by_label(NOTE)).to_have_value("You waited for her.")
    expect(page.get_by_text("it is not sent yet")).to_be_visible()
    page.get_by_role("button", name="Send the note").click()
    expect(page.locator(".trainer-note", has_text="You waited for her.").first).to_be_visible()
    expect(page.get_by_label(NOTE)).to_have_value("")
    assert page.evaluate(DRAFTS) == 0


def test_a_note_that_is_too_long_is_not_cut_and_not_lost(sign_in):
    page = sign_in("tara")
    open_a_chat(page)
    page.get_by_label(NOTE).fill("x" * 2001)
    page.get_by_role("button", name="Send the note").click()
    expect(page.get_by_text("2001 characters long")).to_be_visible()
    expect(page.get_by_label(NOTE)).to_have_value("x" * 2001)


def test_a_draft_is_not_there_for_whoever_signs_in_next(sign_in):
    page = note_sent_after_the_session(sign_in)
    expect(page.get_by_role("heading", name="A quiet room")).to_be_visible()
    assert page.evaluate(DRAFTS) == 1
    page.goto("/login/")  # not back to a chat that an admin may not read
    sign_in_again(page, "ada")
    assert page.evaluate(DRAFTS) == 0


def test_an_older_tab_sends_on_after_a_sign_in_in_another(sign_in, start_chat):
    page = sign_in("vera", expected=("403 (Forbidden)",))
    start_chat(page, "Covering for three")
    assert page.evaluate(HIDE, True)  # in sight, it would be led to sign in by itself
    end_session(page)
    other = page.context.new_page()
    other.goto("/chats/")
    sign_in_again(other, "vera")
    assert not page.evaluate(HIDE, False)
    send(page, "What happened today?")
    expect(page.locator("#composer-error")).to_contain_text("You signed in meanwhile")
    expect(page.get_by_label("Your message")).to_have_value("What happened today?")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.get_by_label("Your message")).to_have_value("")


def test_a_card_that_cannot_be_had_says_so_and_who_is_signed_out_is_led_to_sign_in(sign_in):
    page = sign_in("vera", expected=("ERR_INTERNET_DISCONNECTED", "htmx:"))
    page.goto("/evidence/")
    page.wait_for_load_state("load")
    link = page.locator("a[hx-get]").first
    page.context.set_offline(True)
    link.click()
    card = page.get_by_role("dialog", name="Evidence")
    expect(card.get_by_role("alert")).to_contain_text("could not be loaded")
    page.keyboard.press("Escape")
    page.context.set_offline(False)
    end_session(page)
    link.click()
    expect(page).to_have_url(re.compile(r"/login/\?next=%2Fevidence%2F$"))
    sign_in_again(page, "vera")
    expect(page).to_have_url(re.compile(r"/evidence/$"))


def test_two_clicks_start_one_chat(sign_in):
    page, asked = sign_in("vera"), []
    page.on("request", lambda request: asked.append(request.url) if request.method == "POST" else None)
    page.goto("/practice/")
    page.wait_for_load_state("load")
    page.locator("li.card", has_text="Covering for three").get_by_role("button").dblclick()
    expect(page.locator("#log .message.theirs")).to_have_count(1)
    assert len(asked) == 1


def test_a_chat_that_ended_in_another_tab_takes_no_words_and_holds_no_stream(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    send(page, "What happened today?")
    expect(page.locator(TAGGED)).to_have_count(1)
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("summary", has_text="End the chat").click()
    other.get_by_role("button", name="End and see the report").click()
    expect(page.get_by_text("This chat has ended.")).to_be_visible()
    expect(page.locator("#composer")).to_be_hidden()
    assert page.evaluate("source") is None


def test_ending_a_chat_stops_once_for_words_that_were_not_sent(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    send(page, "What happened today?")
    expect(page.locator(TAGGED)).to_have_count(1)
    box, form = page.get_by_label("Your message"), page.locator("#end")
    box.fill("You carried this alone.")
    page.locator("summary", has_text="End the chat").click()
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("not sent yet")
    box.press("Enter")
    expect(page.locator(TAGGED)).to_have_count(2)
    expect(form.get_by_role("alert")).to_have_count(0)
    box.fill("And what now?")
    form.get_by_role("button").click()
    expect(form.get_by_role("alert")).to_contain_text("not sent yet")
    form.get_by_role("button").click()
    expect(page.get_by_role("heading", name="First, how was it for you?")).to_be_visible()
    left = "Object.keys(localStorage).filter(name => name.startsWith('draft:')).length"
    assert page.evaluate(left) == 0
    chat = page.url.removesuffix("report/")
    page.evaluate("id => localStorage.setItem(`draft:${id}`, '{}')", chat.split("/")[-2])
    page.goto(chat)
    until(page, f"{left} === 0")
    # Nor do they stay where the chat is deleted, or left for somebody real: there nobody is held up.
    page.evaluate("id => localStorage.setItem(`draft:${id}`, '{}')", chat.split("/")[-2])
    page.goto(f"{chat}delete/")
    page.get_by_role("button", name="Delete").click()
    expect(page.locator(".note-error")).to_be_visible()
    assert page.evaluate(left) == 1
    page.get_by_role("checkbox").check()
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_text("The chat is deleted")).to_be_visible()
    assert page.evaluate(left) == 0
    start_chat(page, "Covering for three")
    send(page, "I can't do this exercise, I want to kill myself")
    expect(page.locator(TAGGED)).to_have_count(1)
    box.fill("I do not want to be here.")
    assert page.evaluate(left) == 1
    with page.expect_navigation():
        page.locator("#human-panel").get_by_role("button").click()
    expect(page.get_by_role("alert")).to_have_count(0)
    assert page.evaluate(left) == 0


def test_a_tab_that_nobody_looks_at_holds_no_stream_and_catches_up(sign_in, start_chat):
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    assert page.evaluate(HIDE, True)
    other = page.context.new_page()
    other.goto(page.url)
    other.wait_for_load_state("load")
    send(other, "What happened today?")
    expect(other.locator(TAGGED)).to_have_count(1)
    expect(page.locator(".message.own")).to_have_count(0)
    assert not page.evaluate(HIDE, False)
    expect(page.locator(TAGGED)).to_have_count(1)


def test_a_table_that_looks_again_stays_scrolled(sign_in, start_chat):
    page = sign_in("ada", viewport={"width": 375, "height": 720})
    page.goto("/jobs/")
    page.wait_for_load_state("load")
    page.locator("#latest").evaluate("table => { table.scrollLeft = 90; table.dataset.first = '1'; }")
    volunteer = sign_in("vera")
    start_chat(volunteer, "Covering for three")
    send(volunteer, "What happened today?")
    expect(page.locator("#latest[data-first]")).to_have_count(0)
    page.wait_for_function("document.getElementById('latest').scrollLeft === 90")


def test_a_message_is_added_to_the_conversation_once(sign_in, start_chat):
    """A screen reader reads out what is added: the words once, then what was found in them."""
    page = sign_in("vera")
    start_chat(page, "Covering for three")
    page.evaluate(
        """() => {
          window.added = [];
          new MutationObserver((list) => list.forEach((change) => change.addedNodes.forEach((node) => {
            if (node.textContent.includes("carried this")) window.added.push(node.nodeName);
          }))).observe(log, { childList: true, subtree: true });
        }"""
    )
    send(page, "It sounds as if you have carried this alone for a long time.")
    expect(page.locator(TAGGED)).to_have_count(1)
    expect(page.locator("#log .message.theirs")).to_have_count(2)
    assert page.evaluate("window.added") == ["ARTICLE"]
    page.locator(f"{TAGGED} a.tag").first.hover()
    assert page.evaluate("CSS.highlights.get('spoken').size") == 1


def test_on_glass_enter_is_a_line_break(sign_in, start_chat):
    page = sign_in("vera", has_touch=True, is_mobile=True, viewport={"width": 375, "height": 720})
    start_chat(page, "Covering for three")
    send(page, "What happened today?")
    expect(page.get_by_label("Your message")).to_have_value("What happened today?\n")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(TAGGED)).to_have_count(1)
