"""All that a form holds, ticks and choices too, is kept through the end of a session until it was taken."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from bench.review import fill
from tests.browser.test_going_on import DRAFTS, end_session, sign_in_again, until
from tests.browser.test_transcripts import paste
from tests.browser.test_volunteer import send

BACK = "it is not sent yet"


def test_a_coding_comes_back_with_its_ticks_places_and_note(app, sign_in):
    fill(app, 2)
    page = sign_in("tara")
    page.goto("/review/")
    page.wait_for_load_state("load")
    page.keyboard.press("Enter")
    warn, place = page.locator('input[value="warn"]'), page.locator('input[name="span_warn"]')
    page.wait_for_selector("#coding")
    page.keyboard.press("w")
    page.keyboard.press("]")
    given = place.input_value()
    page.locator("#note").fill("Said as a warning.")
    end_session(page)
    page.get_by_role("button", name="Save").click()
    sign_in_again(page, "tara")
    expect(page.locator("#note")).to_have_value("Said as a warning.")
    expect(warn).to_be_checked()
    expect(place).to_have_value(given)
    expect(page.get_by_text(BACK)).to_have_count(1)
    kept = page.evaluate("Object.values(sessionStorage).join()")
    assert "csrfmiddlewaretoken" not in kept and given in kept
    with page.expect_navigation():
        page.get_by_role("button", name="Save").click()
    page.wait_for_load_state("load")
    assert page.evaluate(DRAFTS) == 0


def test_settings_that_were_only_looked_at_come_back_whole(sign_in):
    page = sign_in("ada")
    page.goto("/organisation/")
    page.get_by_label("Region").select_option("gb")
    page.get_by_role("button", name="Put them into the fields below").click()
    page.wait_for_load_state("load")
    for at in range(3):
        page.locator(f"#line-{at}-checked").fill("2026-11-03")
    page.get_by_label("Days that chats are kept").fill("35")
    page.get_by_label("Your own words").fill("Call Kim.")
    page.get_by_role("button", name="Look at it before saving").click()
    page.wait_for_load_state("load")
    assert page.evaluate(DRAFTS) == 1
    page.get_by_label("Days that chats are kept").fill("36")
    end_session(page)
    page.get_by_role("button", name="Save it: it holds at once").click()
    sign_in_again(page, "ada")
    expect(page.get_by_label("Region")).to_have_value("gb")
    expect(page.get_by_label("Days that chats are kept")).to_have_value("36")
    expect(page.get_by_label("Your own words")).to_have_value("Call Kim.")
    expect(page.locator("#line-0-name")).to_have_value("Samaritans")
    expect(page.locator("#line-0-checked")).to_have_value("2026-11-03")
    expect(page.locator("#line-2-name")).to_have_value("Emergency services")
    expect(page.locator("#line-2-name")).to_be_visible()
    expect(page.get_by_text(BACK)).to_have_count(1)


def test_a_table_of_people_that_was_only_looked_over_comes_back(sign_in):
    page = sign_in("ada")
    page.goto("/people/invite/")
    table = "name,full name,email,role\nlena,Lena Draft,lena@example.org,admin"
    page.get_by_label("The table").fill(table)
    page.get_by_role("button", name="Look it over").click()
    expect(page.get_by_role("heading", name="1 person to invite")).to_be_visible()
    end_session(page)
    page.get_by_role("button", name="Invite 1 person").click()
    sign_in_again(page, "ada")
    expect(page.get_by_label("The table")).to_have_value(table)


def test_ratings_and_scenarios_come_back_with_their_marks_and_choices(sign_in):
    page = sign_in("tara")
    page.goto("/chats/")
    page.get_by_role("link", name="Two cups").last.click()  # the other one is rated by another test
    expect(page).to_have_url(re.compile(r"/chats/[-0-9a-f]{36}/$"))
    page.goto(f"{page.url}mock/")
    address = page.url
    page.locator("#empathy-4").check()
    end_session(page)
    page.goto(address)
    sign_in_again(page, "tara")
    expect(page.locator("#empathy-4")).to_be_checked()
    page.goto("/own-scenarios/")
    page.get_by_label("Title").fill("The spare room")
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("button", name="Save the draft").click()  # with errors yet: taken all the same
    expect(page.get_by_role("status").first).to_contain_text("Saved")
    page.locator("#f-difficulty").select_option(index=2)
    page.get_by_label("With a sign of risk").check()
    page.locator("#f-content_warning").fill("A death.")
    page.locator(".numbers input").first.fill("17")
    end_session(page)
    page.get_by_role("button", name="Save the draft").click()
    sign_in_again(page, "tara")
    expect(page).to_have_url(re.compile(r"/own-scenarios/.+"))
    assert page.locator("#f-difficulty").evaluate("field => field.selectedIndex") == 2
    expect(page.get_by_label("With a sign of risk")).to_be_checked()
    expect(page.locator("#f-content_warning")).to_have_value("A death.")
    expect(page.locator(".numbers input").first).to_have_value("17")


def test_what_was_let_go_does_not_come_back_nor_into_another_version(sign_in):
    page = sign_in("ada")
    page.goto("/organisation/")
    days, words = page.get_by_label("Days that chats are kept"), page.get_by_label("Your own words")
    held = days.input_value()
    days.fill("91")
    page.get_by_role("button", name="Look at it before saving").click()
    page.get_by_role("link", name="Leave it as it is").click()
    page.wait_for_load_state("load")
    expect(days).to_have_value(held)
    assert page.evaluate(DRAFTS) == 0
    days.fill("92")
    words.fill("Call Kim.")
    page.goto("/organisation/?from=0")
    expect(page.get_by_role("heading", name="Going back to version 0")).to_be_visible()
    expect(days).to_have_value(held)
    expect(words).to_have_value("")
    page.goto("/organisation/")
    expect(days).to_have_value("92")
    page.get_by_role("button", name="Throw it away").press("Enter")
    expect(days).to_have_value(held)
    expect(words).to_have_value("")
    expect(words).to_be_focused()
    expect(page.get_by_text(BACK)).to_have_count(0)
    page.reload()
    expect(days).to_have_value(held)
    assert page.evaluate(DRAFTS) == 0


def test_a_skipped_coding_keeps_no_ticks_without_a_note_and_consent_is_given_anew(app, sign_in):
    fill(app, 3)
    page = sign_in("tara")
    page.goto("/review/")
    page.wait_for_load_state("load")
    warn = page.locator('input[value="warn"]')

    def press(key: str) -> None:
        with page.expect_navigation():
            page.keyboard.press(key)

    press("Enter")
    page.keyboard.press("w")
    press("j")
    press("k")
    expect(warn).not_to_be_checked()
    page.keyboard.press("w")
    page.locator("#note").fill("Said as a warning.")
    page.keyboard.press("Escape")
    press("j")
    press("k")
    expect(warn).to_be_checked()
    page.keyboard.press("w")
    page.keyboard.press("w")  # its place is shown now
    expect(page.locator("#span-name")).to_contain_text("Warn")
    page.get_by_role("button", name="Throw it away").click()
    expect(warn).not_to_be_checked()
    expect(page.locator("#note")).to_have_value("")
    expect(page.locator("#span-bar")).to_be_hidden()

    page = sign_in("vera")
    page.goto("/transcripts/new/")
    page.get_by_label("The chat, one message to a line").fill("Robin: Hi.")
    page.get_by_label("I may use this chat here").check()
    page.goto("/transcripts/")
    page.goto("/transcripts/new/")
    expect(page.get_by_label("The chat, one message to a line")).to_have_value("Robin: Hi.")
    expect(page.get_by_label("I may use this chat here")).not_to_be_checked()


def test_repairs_of_a_transcript_come_back_and_discarding_asks_twice(sign_in):
    page = sign_in("vera")
    paste(page)
    role, names = page.get_by_label("Line 4"), page.get_by_label("Names, separated by commas")
    page.wait_for_load_state("load")
    role.select_option("seeker")
    names.fill("Larsen")
    page.get_by_label("E-mail addresses").uncheck()
    end_session(page)
    page.get_by_role("button", name="Show it again with these changes").click()
    sign_in_again(page, "vera")
    expect(page.get_by_role("heading", level=1)).to_have_text("Is this the chat?")
    expect(role).to_have_value("seeker")
    expect(names).to_have_value("Robin, Kim")  # as found: what is typed there is no draft
    expect(page.get_by_label("E-mail addresses")).not_to_be_checked()
    expect(page.get_by_text(BACK)).to_have_count(1)
    page.get_by_role("button", name="Show it again with these changes").click()
    expect(page.locator(".line.seeker")).to_have_count(2)
    page.wait_for_load_state("load")
    assert page.evaluate(DRAFTS) == 0  # taken
    role.select_option("counselor")
    until(page, f"{DRAFTS} === 1")
    expect(page.get_by_role("button", name="Discard it")).to_be_hidden()
    page.locator("summary", has_text="Discard it").click()
    page.get_by_role("button", name="Discard it").click()
    expect(page.get_by_text("nothing of it was kept")).to_be_visible()
    assert page.evaluate(DRAFTS) == 0


def mark_after_a_chat(page, start_chat):
    """-> a mark that is set and the box that is ticked in the form before the report."""
    start_chat(page, "Covering for three")
    send(page, "What happened today?")
    expect(page.locator(".message.own")).to_have_count(1)
    page.locator("summary", has_text="End the chat").click()
    page.get_by_role("button", name="End and see the report").click()
    expect(page.get_by_role("heading", name="First, how was it for you?")).to_be_visible()
    page.wait_for_load_state("load")
    mark, shared = page.locator(".level input").nth(2), page.get_by_label("Let my trainer see these ratings")
    mark.check(force=True)
    shared.check()
    return mark, shared


def test_own_ratings_come_back_until_they_are_sent_or_skipped(sign_in, start_chat):
    page = sign_in("vera")
    mark, shared = mark_after_a_chat(page, start_chat)
    end_session(page)
    page.get_by_role("button", name="Keep and show the report").click()
    sign_in_again(page, "vera")
    expect(mark).to_be_checked()
    expect(shared).to_be_checked()
    expect(page.get_by_text(BACK)).to_have_count(1)
    page.get_by_role("button", name="Keep and show the report").click()
    expect(mark).to_have_count(0)
    page.wait_for_load_state("load")
    assert page.evaluate(DRAFTS) == 0
    mark_after_a_chat(page, start_chat)
    until(page, f"{DRAFTS} === 1")
    page.get_by_role("button", name="Skip").click()
    expect(mark).to_have_count(0)
    assert page.evaluate(DRAFTS) == 0
