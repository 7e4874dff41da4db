"""What holds for all tests: a small heap, the table as it was; and the browser in which pages are tried, with the pages in it."""

from __future__ import annotations

import gc
import os
import shutil
from collections import defaultdict

import pytest

from microgradx import OPS

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def pytest_collection_finish():
    """Full collections pass over the 370,000 objects that finding the tests has made: each would take 0.3 s longer."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _the_table_as_before():
    """Operations that a test makes go with it: those that try the whole table would meet them."""
    before = len(OPS)
    yield
    for name in list(OPS)[before:]:
        del OPS[name]


@pytest.fixture(scope="module")
def browser():
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        sync_playwright = None
    missing = "playwright" if sync_playwright is None else "chromium" if CHROMIUM is None else None
    if missing:
        give_up = pytest.fail if os.environ.get("MICROGRADX_BROWSER") == "required" else pytest.skip
        give_up(f"the page is driven by playwright in chromium, and {missing} is not installed")
    with sync_playwright() as driver:
        opened = driver.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def free_pages():
    """Blank pages by the options they were made with: to make one takes longer than most tests look at it."""
    return defaultdict(list)


@pytest.fixture
def look_at(browser, free_pages):
    """Open an address in a page of its own; console messages, errors, dialogs and requests beyond files fail the test."""
    complaints, lent = [], []
    notes = {
        "console": lambda message: complaints.append(message.text),
        "pageerror": lambda error: complaints.append(str(error)),
        "dialog": lambda dialog: complaints.append(dialog.message),
        "request": lambda request: request.url.startswith("file:") or complaints.append(request.url),
    }

    def opened(address, **how):
        how = {"reduced_motion": "reduce", **how}
        free = free_pages[repr(sorted(how.items()))]
        page = free.pop() if free else browser.new_context(**how).new_page()
        lent.append((page, free, page.viewport_size))
        for event, note in notes.items():
            page.on(event, note)
        page.goto(address)
        return page

    yield opened
    for page, free, size in lent:
        for event, note in notes.items():
            page.remove_listener(event, note)
        page.goto("about:blank")
        page.emulate_media(media="null")
        page.set_viewport_size(size)
        free.append(page)
    assert complaints == []
