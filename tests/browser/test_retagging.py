"""An admin starts re-tagging and watches it; the volunteer's report says so and is written again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.demo import open_menu

EARLIER = """
import django; django.setup()
from feedback.models import SessionReport
from skills.models import Tagging
found = SessionReport.objects.filter(chat__volunteer__username="vera", chat__status="ended")
Tagging.objects.filter(message__chat__report__in=found).update(version="tagger-earlier")
for report in found:
    report.body["tagged_by"] = {"tagger-earlier": sum(report.body["tagged_by"].values(), [])}
    report.tagger_version = "tagger-earlier"
    report.save()
"""


@pytest.fixture
def earlier(app):
    """Vera's ended chats and their reports carry an earlier version's tags."""
    app.env["DJANGO_SETTINGS_MODULE"] = "peersupport.settings"
    app._python("-c", EARLIER)


def test_from_the_admins_button_to_a_new_report(earlier, sign_in):
    admin = sign_in("ada")
    open_menu(admin, "Models")
    admin.get_by_role("link", name="Tagger").click()
    expect(admin.get_by_text("tagger-earlier")).to_be_visible()
    admin.get_by_role("button", name="Re-tag").click()
    expect(admin.get_by_text("Nothing to do")).to_be_visible(timeout=30_000)
    expect(admin.get_by_text("tagger-earlier")).to_have_count(0)

    volunteer = sign_in("vera", viewport={"width": 375, "height": 800})
    volunteer.goto("/chats/")
    expect(volunteer.get_by_text("re-tagged since").first).to_be_attached()
    volunteer.get_by_role("link", name="ready").first.click()
    expect(volunteer.get_by_role("heading", name="Re-tagged since you read it")).to_be_visible()
    assert volunteer.evaluate("document.documentElement.scrollWidth") <= 375
    skip = volunteer.get_by_role("button", name="Skip")  # of the own ratings, if nobody has been asked yet
    if skip.count():
        skip.click()
        expect(skip).to_have_count(0)
    volunteer.get_by_role("button", name="Write the report again with the new tags").click()
    expect(volunteer.get_by_role("heading", name="Re-tagged since you read it")).to_have_count(0)
    expect(volunteer.locator("h2", has_text="What went well")).to_be_attached()  # perhaps folded
    expect(volunteer.get_by_text("being written again")).to_have_count(0, timeout=15_000)
    expect(volunteer.locator("h2", has_text="What went well")).to_be_attached()  # perhaps folded
