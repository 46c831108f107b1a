"""The verb `screens`: pictures of the public pages of a running system, at the width of a phone and of a desktop."""

import argparse
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from stack.processes import StackError
from stack.state_folder import DEFAULT_STATE
from stack.system import System

PAGES = {"home": "/", "report": "/segnala", "status": "/stato"}
WIDTHS = (390, 1280)
HEIGHT = 900
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 60.0


def screens(words: Sequence[str]) -> int:
    """Write one PNG file per page and width; raises StackError without a browser or a running system."""
    parser = argparse.ArgumentParser(prog="python -m stack screens")
    parser.add_argument("--state", type=Path, default=DEFAULT_STATE, help="the state folder")
    parser.add_argument("--to", type=Path, required=True, help="the folder for the pictures")
    parser.add_argument("--page", choices=PAGES, action="append", help="one page; all by default")
    args = parser.parse_args(words)
    system, program = System(args.state), browser()
    if not any(one.name == "intake-0" and one.pid for one in system.statuses()):
        raise StackError("intake does not run: run `make up`.")
    args.to.mkdir(parents=True, exist_ok=True)
    for page in args.page or PAGES:
        for width in WIDTHS:
            file = args.to / f"{page}-{width}.png"
            take(program, system.public_url + PAGES[page], width, file)
            print(f"screens: {file}")
    return 0


def browser() -> str:
    """The path of Chromium; raises StackError when there is none."""
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    if found is None:
        raise StackError("Chromium is missing: run `apt-get install chromium`.")
    return found


def take(program: str, url: str, width: int, file: Path) -> None:
    """Write a picture of the first screen of a page; raises StackError when the browser writes none."""
    file.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory() as profile:
        flags = (
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--hide-scrollbars",
        )
        quiet = ("--disable-background-networking", "--disable-component-update", "--disable-sync")
        place = (
            f"--user-data-dir={profile}",
            f"--window-size={width},{HEIGHT}",
            f"--screenshot={file.absolute()}",
        )
        done = subprocess.run(
            [program, *flags, *quiet, *place, url], capture_output=True, text=True, timeout=SECONDS
        )
    if done.returncode != 0 or not file.exists():
        raise StackError(f"{program} wrote no picture of {url}: {done.stderr[-300:]}")
