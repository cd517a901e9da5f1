"""What a screen reader hears of what changes by itself: once, and the focus stays in the page."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import expect

from tests.browser.demo import begun_chats
from tests.browser.test_volunteer import TAGGED, send

# As if it were under way until now.
WAIT = """() => {
  const panel = document.getElementById("retagging");
  panel.setAttribute("hx-get", "/tagger/");
  panel.setAttribute("hx-trigger", "every 1s");
  window.htmx.process(panel);
}"""
RISK = "A sign of risk: this comes first"
# What the page says to who listens to it, in order.
LISTEN = """() => {
  window.heard = [];
  new MutationObserver((list) => list.forEach((change) => change.addedNodes.forEach(
    (node) => window.heard.push(node.textContent)
  ))).observe(document.getElementById("told"), { childList: true });
}"""


@pytest.mark.parametrize("width", [1280, 375])
def test_a_sign_of_risk_is_heard_once_or_has_the_focus(width, app, sign_in, start_chat):
    page = sign_in("vera", viewport={"width": width, "height": 800})
    page.goto({name: address for _, name, address in begun_chats(app)}["practice:chat-risk"])
    line = page.locator("#crisis-line a")
    panel = page.locator("#crisis, #crisis-line")
    fragments = panel.evaluate_all("all => all.map(one => one.outerHTML).join('')")
    page.get_by_label("Your message").focus()
    page.keyboard.press("Shift+Tab")
    expect(line).to_be_focused()
    assert line.bounding_box()["height"] > 10  # in sight for who goes by the keyboard

    start_chat(page, "Covering for three")
    page.evaluate(LISTEN)
    page.evaluate("html => show(html, seq + 1)", fragments)
    page.evaluate("html => show(html, seq + 1)", fragments)  # by the answer to a post and by the stream
    expect(page.locator("#crisis h2")).to_be_in_viewport()
    page.wait_for_timeout(200)
    focused = page.evaluate("document.activeElement.id === 'crisis'")
    assert page.evaluate("window.heard") == ([] if focused else [RISK])
    assert focused == (width == 375)
    assert page.locator(".risk-lines[role], #crisis[role]").count() == 0


_AWAY = """
import json
from django.utils import timezone
from feedback.models import Export, SessionReport
from peersupport.jobs.models import Job
from peersupport.people.models import User
Job.objects.create(kind="retag", lane="batch", status="done")
ada = User.objects.get(username="ada")
for status in ("ready", "waiting"):  # the one that was there before is not told
    Export.objects.create(by=ada, table="tags", status=status, expires_at=timezone.now().replace(year=2100))
reports = SessionReport.objects.filter(chat__in=%r)
print(json.dumps(reports[0].body))
reports.update(status="pending", body={})
"""
_BACK = """
import json
from feedback.models import Export, SessionReport
Export.objects.filter(by__username="ada", status="waiting").update(status="ready")
SessionReport.objects.filter(chat=%r).update(status="ready", body=json.loads(%r))
"""


def ended_chat(page, start_chat) -> str:
    """-> its id; the page is that of its report."""
    start_chat(page, "Covering for three")
    send(page, "What was the hardest part?")
    expect(page.locator(TAGGED)).to_have_count(1)
    page.locator("summary", has_text="End the chat").click()
    page.get_by_role("button", name="End and see the report").click()
    page.get_by_role("button", name="Skip").click()
    expect(page.get_by_role("heading", name="What went well")).to_be_visible()
    return page.url.split("/chats/")[1].split("/")[0]


def test_a_report_or_file_that_comes_is_told_and_one_that_went_is_not_waited_for(app, sign_in, start_chat):
    page = sign_in("vera", expected=("404 (Not Found)", "Response Status Error"))
    kept, gone = ended_chat(page, start_chat), ended_chat(page, start_chat)
    body = json.loads(app.manage("shell", "-v", "0", "-c", _AWAY % [kept, gone]).splitlines()[-1])
    page.goto(f"/chats/{kept}/report/")
    page.wait_for_load_state("load")
    page.evaluate(LISTEN)
    page.get_by_role("link", name="Look again").focus()
    files = sign_in("ada")
    files.goto("/exports/")
    files.wait_for_load_state("load")
    files.evaluate(LISTEN)
    files.get_by_role("link", name="Look again").focus()
    app.manage("shell", "-v", "0", "-c", _BACK % (kept, json.dumps(body)))
    expect(page.get_by_role("heading", name="What went well")).to_be_focused()
    assert page.evaluate("window.heard") == ["The report is ready."]
    expect(files.get_by_role("link", name="Download Tags").first).to_be_focused()
    assert files.evaluate("window.heard") == ["“Tags” is ready."]
    # Where the page comes anew at the end, as that of re-tagging, it is told there.
    files.goto("/tagger/")
    files.wait_for_load_state("load")
    with files.expect_navigation():
        files.evaluate(WAIT)
    expect(files.locator("#told")).to_contain_text("every message is tagged by the version that serves")

    page.goto(f"/chats/{gone}/report/")
    expect(page.get_by_text("The report is being written")).to_be_visible()
    other = page.context.new_page()
    other.goto(f"/chats/{gone}/delete/")
    other.get_by_role("checkbox").check()
    other.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="There is nothing here")).to_be_visible()
