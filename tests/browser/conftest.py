"""The real application (`manage.py up`, with its workers) and Debian's chromium in front of it."""

from __future__ import annotations

import shutil

import pytest
from playwright.sync_api import expect, sync_playwright

from bench.app import PASSWORD, App


def pytest_collection_modifyitems(items):
    for item in items:
        if "browser" in item.path.parts:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def app(tmp_path_factory):
    app = App(tmp_path_factory.mktemp("browser"))
    app.start()
    yield app
    app.stop()


@pytest.fixture(scope="session")
def chromium():
    path = shutil.which("chromium")
    assert path, "the browser tests need chromium: apt-get update && apt-get install -y chromium"
    expect.set_options(timeout=20_000)  # the first message waits for the models, beside a whole test run
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def sign_in(app, chromium):
    """A page of a fresh browser context, signed in; fails on any script error or refused resource, but for
    what `expected` names."""
    contexts, problems = [], []

    def sign_in(who: str, *, expected: tuple[str, ...] = ("ERR_INTERNET_DISCONNECTED",), **options):
        options = {"viewport": {"width": 1280, "height": 800}, "base_url": app.address, **options}
        context = chromium.new_context(**options)
        context.set_default_timeout(20_000)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda message: problems.append(message.text) if _bad(message, expected) else None)
        page.goto("/")
        page.get_by_label("Name").fill(who)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out")).to_be_visible()
        return page

    yield sign_in
    for context in contexts:
        context.close()
    assert problems == []


def _bad(message, expected: tuple[str, ...]) -> bool:
    # A test that takes the network or a right away sees the browser say so.
    return message.type in ("error", "warning") and not any(words in message.text for words in expected)


@pytest.fixture
def start_chat():
    def start_chat(page, title: str):
        page.goto("/practice/")
        page.locator("li.card", has_text=title).get_by_role("button").click()
        expect(page.locator("#log .message.theirs")).to_have_count(1)
        page.wait_for_load_state("load")  # until then the page has no script and Enter sends nothing

    return start_chat
