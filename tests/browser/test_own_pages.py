"""A goal that is seen where one practises, and a trainer's note that is new until it is read."""

from __future__ import annotations

from playwright.sync_api import expect


def test_a_goal_is_set_seen_and_closed(sign_in):
    page = sign_in("paul")
    page.get_by_role("link", name="Progress").click()
    page.get_by_text("Choose a goal").click()
    page.get_by_label("Technique", exact=True).select_option("affirm")
    page.get_by_label("In your own words").fill("name one strength")
    page.get_by_role("button", name="Make it my goal").click()
    expect(page.get_by_role("status")).to_contain_text("It is your goal now")
    page.get_by_role("link", name="Practise", exact=True).click()
    expect(page.locator(".goals")).to_contain_text("name one strength")
    page.get_by_role("link", name="Change your goals").click()
    page.locator(".goal").get_by_role("button").click()
    expect(page.get_by_role("status")).to_contain_text("Goal closed")


def test_a_note_is_new_until_it_is_read(sign_in):
    trainer = sign_in("tara")
    trainer.goto("/chats/")
    trainer.get_by_role("row", name="Paul").get_by_role("link").first.click()
    trainer.get_by_label("A note to the volunteer").fill("You gave it time.")
    trainer.get_by_role("button", name="Send the note").click()
    expect(trainer.get_by_role("status")).to_contain_text("in the volunteer's inbox")
    volunteer = sign_in("paul", viewport={"width": 320, "height": 640})
    volunteer.get_by_role("link", name="Inbox").click()
    expect(volunteer.locator(".inbox")).to_contain_text("You gave it time.")
    expect(volunteer.locator("header .unread")).to_contain_text("new")
    for address in ("/inbox/", "/progress/", "/your-data/"):
        volunteer.goto(address)
        wider = volunteer.evaluate(
            "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        )
        assert wider == 0, address
    volunteer.goto("/inbox/")
    volunteer.get_by_role("button", name="Mark everything as read").click()
    expect(volunteer.locator(".inbox")).to_contain_text("You gave it time.")
    expect(volunteer.locator(".unread")).to_have_count(0)


def test_who_never_chose_a_time_zone_has_the_browsers(sign_in):
    page = sign_in("olga", timezone_id="Pacific/Auckland")
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("Times are shown in Pacific/Auckland")
    page.get_by_label("Show times in").select_option("UTC")
    page.get_by_role("button", name="Save the time zone").click()
    page = sign_in("olga", timezone_id="Pacific/Auckland")
    page.goto("/account/")
    expect(page.locator("main")).to_contain_text("Times are shown in UTC")
