"""The browser that tests drive: the headless shell if there is one (same engine, a fifth faster), else Chromium."""

import shutil

import pytest
from playwright.sync_api import expect

from tests.patience import PATIENCE

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
expect.set_options(timeout=PATIENCE * 1000)
MARKS = (
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine; `make test` as root installs it"),
)
