"""The browser that tests drive: the headless shell if there is one (same engine, a fifth faster), else Chromium."""

import shutil
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.patience import PATIENCE

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
expect.set_options(timeout=PATIENCE * 1000)
MARKS = (
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; `make test` as root installs it"),
)
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_kept: list[tuple[Browser, ExitStack]] = []


def started() -> Browser:
    """Return the browser, which one story after the other has to itself: starting it costs seconds of CPU."""
    if _kept and not _kept[0][0].is_connected():
        let_go()
    if not _kept:
        stack = ExitStack()
        browser = stack.enter_context(sync_playwright()).chromium.launch(executable_path=CHROMIUM, args=QUIET)
        stack.callback(browser.close)
        _kept.append((browser, stack))
    return _kept[0][0]


def let_go() -> None:
    """End the browser, if it was started; while its driver runs, no other event loop does."""
    while _kept:
        _kept.pop()[1].close()
