"""Chromium, and what measures pages in it, for `make journeys` and `make screens`."""

from __future__ import annotations

import shutil

from deploy.local.assets import set_up_modules, set_up_node
from deploy.local.machine import ROOT, STATE, install

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
STAMP = STATE / "browser.stamp"


def set_up_browser() -> None:
    """Leaves Chromium, axe and Lighthouse."""
    if not any(map(shutil.which, PROGRAMS)):
        install("Chromium, which walks the pages,", "chromium", "chromium-browser")
    set_up_node()
    set_up_modules(ROOT / "tests" / "journeys")
    STAMP.touch()
