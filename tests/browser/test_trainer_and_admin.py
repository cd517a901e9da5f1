"""What a trainer corrects, the volunteer sees; what an admin downloads opens in a spreadsheet."""

from __future__ import annotations

import csv

from playwright.sync_api import expect

from tests.browser.demo import open_menu


def test_a_trainer_corrects_a_tag_and_the_volunteer_sees_it(sign_in):
    trainer = sign_in("tara")
    trainer.goto("/chats/")
    trainer.get_by_role("link", name="The exam he hasn't mentioned").click()
    address = trainer.url
    trainer.get_by_role("link", name="Correct the tags").first.click()
    box = trainer.get_by_role("checkbox", name="Chit-chat")
    box.check()
    trainer.get_by_label("Note").fill("This was small talk, and that is fine.")
    trainer.get_by_role("button", name="Save").click()
    expect(trainer.get_by_role("status")).to_contain_text("1 tag corrected")
    volunteer = sign_in("paul")
    volunteer.goto(address)
    expect(volunteer.locator("a.tag", has_text="Chit-chat")).to_contain_text("by a trainer")


def test_another_cohort_sees_nothing_of_it(sign_in):
    page = sign_in("olga")
    page.goto("/chats/")
    expect(page.get_by_text("No chats yet")).to_be_visible()


def test_an_admin_downloads_the_tags(sign_in):
    page = sign_in("ada")
    open_menu(page, "Evidence")
    page.get_by_role("link", name="Exports").click()
    with page.expect_download() as download:
        page.get_by_role("link", name="Download CSV").click()
    with open(download.value.path(), newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) > 3
    assert not [cell for row in rows for cell in row.values() if cell[:1] in "=+-@\t\r" and cell]
    open_menu(page, "System")
    page.get_by_role("link", name="What is running").click()
    expect(page.get_by_text("Nothing: every job came through.")).to_be_visible()


def test_the_admins_menus_by_keyboard_and_one_at_a_time(sign_in):
    page = sign_in("ada")
    assert page.locator("header.bar").bounding_box()["height"] < 70  # one row
    system = page.locator("header summary", has_text="System")
    system.focus()
    page.keyboard.press("Enter")
    retention = page.locator("header").get_by_role("link", name="Retention")
    expect(retention).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.locator("header").get_by_role("link", name="Organisation")).to_be_focused()
    page.keyboard.press("Escape")
    expect(retention).to_be_hidden()
    expect(system).to_be_focused()
    open_menu(page, "System")
    open_menu(page, "Models")
    expect(retention).to_be_hidden()
    page.get_by_role("link", name="Tagger").click()
    expect(page.locator("header summary[aria-current]")).to_have_text("Models")


def test_the_menus_open_without_a_script(sign_in):
    page = sign_in("ada", java_script_enabled=False, viewport={"width": 375, "height": 800})
    open_menu(page, "System")
    page.locator("header").get_by_role("link", name="Retention").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("How long chats are kept")
