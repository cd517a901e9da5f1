"""A trainer signs off a chat and writes a scenario; the volunteer finds both."""

from __future__ import annotations

from playwright.sync_api import expect

from peersupport.authoring.body import CHOICES
from tests.peersupport.own_scenario import BODY


def test_a_chat_is_signed_off_and_the_volunteer_has_the_certificate(sign_in):
    trainer = sign_in("tara")
    trainer.goto("/chats/")
    trainer.get_by_role("link", name="The exam he hasn't mentioned").click()
    address = trainer.url
    trainer.goto(f"{address}report/")
    trainer.get_by_role("link", name="Rate it as a mock chat").click()
    for scale in ("cultivating", "softening", "partnership", "empathy"):
        trainer.locator(f"#{scale}-4").check()
    trainer.get_by_label("Signed off").check()
    trainer.get_by_role("button", name="Save the rating").click()
    expect(trainer.get_by_role("status")).to_contain_text("Signed off.")
    volunteer = sign_in("paul")
    volunteer.goto("/progress/")
    volunteer.get_by_role("link", name="certificate").click()
    expect(volunteer.get_by_role("heading", name="What this certificate does not say")).to_be_visible()


def test_a_scenario_is_written_tried_and_met_by_a_volunteer(sign_in, start_chat):
    trainer = sign_in("tara")
    trainer.goto("/own-scenarios/")
    trainer.get_by_label("Title").fill(BODY["title"])
    trainer.get_by_role("button", name="Begin").click()
    trainer.get_by_text("Passing moments").click()
    for name, value in BODY.items():
        field = trainer.locator(f"#f-{name}")
        field.select_option(value) if name in CHOICES else field.fill(value)
    # The try goes by what stands in the form, before it is saved; Enter says it.
    trainer.get_by_label("You say").fill("How old is your father?")
    trainer.keyboard.press("Enter")
    expect(trainer.locator(".preview-log")).to_contain_text("Seventy-nine in May.")
    trainer.get_by_label("You say").fill("You should just talk to him.")
    log = trainer.locator("#preview-log").element_handle()
    trainer.get_by_role("button", name="Say it").press("Enter")
    expect(trainer.locator(".preview-log .theirs")).to_have_count(3)
    expect(trainer.get_by_role("button", name="Say it")).to_be_focused()
    assert log.evaluate("node => node.isConnected")  # what is added to a log is read out, a new log is not
    trainer.get_by_role("button", name="Save the draft").click()
    trainer.get_by_role("button", name="Publish to the cohort").click()
    expect(trainer.get_by_role("status").first).to_contain_text("version 1")
    volunteer = sign_in("paul")
    start_chat(volunteer, BODY["title"])
    volunteer.get_by_label("Your message").fill("How old is your father?")
    volunteer.keyboard.press("Enter")
    expect(volunteer.locator("#log .theirs").last).to_contain_text("Seventy-nine in May.", timeout=30_000)
